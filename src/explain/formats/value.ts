import { ArtifactError } from '../model.ts'

/** Numbers of one array of a file, in whatever width they were written. */
export type Numbers = Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint8Array

/** What a JSON or UBJSON file holds. Objects are maps: no key of a file can reach a prototype. */
export type Value = null | boolean | number | string | Numbers | Value[] | ValueMap
export type ValueMap = Map<string, Value>

/** Model files are 9 levels deep; nothing that is deeper than this is one. */
export const deepest = 64

/** An object or array takes about 100 bytes of memory, and may take 2 of a file. */
export const maxContainers = 3_000_000

export const isNumbers = (value: unknown): value is Numbers => ArrayBuffer.isView(value)

const missing = (path: string, what: string): never => {
	throw new ArtifactError(
		`The file has no ${what} at ${path}: it is cut off or not such a model. Save the model anew and upload that file.`,
	)
}

export function mapAt(parent: ValueMap, key: string, path: string): ValueMap {
	const value = parent.get(key)
	return value instanceof Map ? value : missing(`${path}.${key}`, 'object')
}

export function listAt(parent: ValueMap, key: string, path: string): Value[] {
	const value = parent.get(key)
	if (Array.isArray(value)) return value
	return isNumbers(value) ? Array.from(value) : missing(`${path}.${key}`, 'list')
}

export function numbersAt(parent: ValueMap, key: string, path: string): Numbers {
	const value = parent.get(key)
	if (isNumbers(value)) return value
	if (!Array.isArray(value)) return missing(`${path}.${key}`, 'list of numbers')
	return Float64Array.from(value, (v) => {
		if (typeof v === 'boolean') return v ? 1 : 0
		return typeof v === 'number' ? v : missing(`${path}.${key}`, 'list of numbers')
	})
}

export function textAt(parent: ValueMap, key: string, path: string): string {
	const value = parent.get(key)
	if (typeof value === 'number' || typeof value === 'string') return String(value)
	return missing(`${path}.${key}`, 'text')
}

/** A whole number of 0 or more, which the file writes as a number or as its text; `otherwise` where the key is absent. */
export function countAt(parent: ValueMap, key: string, path: string, otherwise?: number): number {
	if (otherwise !== undefined && !parent.has(key)) return otherwise
	const text = textAt(parent, key, path).trim()
	const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
	return Number.isSafeInteger(value) ? value : missing(`${path}.${key}`, 'whole number')
}
