import { ArtifactError } from '../model.ts'

/** Members for people, which are ignored. */
export const remarks = ['name', 'description', 'version', 'comment', 'metadata'] as const

export type Fields = Readonly<Record<string, unknown>>

const shown = (value: unknown): string => {
	const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
	return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** Throws with the position in the file. */
export function fault(path: string, message: string): never {
	throw new ArtifactError(`${path} ${message}`)
}

/** The value as an object. With `known`, other members are refused, so that a misspelt one is noticed. */
export function objectAt(value: unknown, path: string, known?: readonly string[]): Fields {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		fault(path, `must be an object, not ${shown(value)}`)
	const other = known && Object.keys(value).find((name) => !known.includes(name))
	if (other !== undefined)
		fault(path, `has a member ${shown(other)} that is not known; known members: ${known?.join(', ')}`)
	return value as Fields
}

export function arrayAt(value: unknown, path: string): readonly unknown[] {
	if (!Array.isArray(value)) fault(path, `must be a list, not ${shown(value)}`)
	return value
}

/** A finite number; texts that look like numbers are not. */
export function numberAt(value: unknown, path: string): number {
	if (typeof value !== 'number' || !Number.isFinite(value))
		fault(path, `must be a finite number, not ${shown(value)}`)
	return value
}

export function optionalNumberAt(value: unknown, path: string): number | undefined {
	return value === undefined ? undefined : numberAt(value, path)
}

export function oneOfAt<const T extends string>(value: unknown, path: string, allowed: readonly T[]): T {
	const found = allowed.find((a) => a === value)
	if (found === undefined) fault(path, `must be one of ${allowed.join(', ')}, not ${shown(value)}`)
	return found
}

/** An own member: `__proto__` and `toString` are names like any other. */
export const own = (fields: Fields, name: string): unknown =>
	Object.hasOwn(fields, name) ? fields[name] : undefined

/** The text of a small model file. Throws ArtifactError when it is too large or not UTF-8. */
export function textOf(bytes: Uint8Array, maxBytes: number): string {
	if (bytes.length > maxBytes)
		throw new ArtifactError(
			`The file has ${bytes.length} bytes; a file of this format has at most ${maxBytes}`,
		)
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
	} catch (cause) {
		throw new ArtifactError('The file is not UTF-8 text', { cause })
	}
}
