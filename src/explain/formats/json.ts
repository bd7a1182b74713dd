import { ArtifactError } from '../model.ts'
import { NumberList, NumberScanner } from './numbers.ts'

/** The numbers of one array of a file, in the width in which they are written. */
export type Numbers = Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint8Array

/** A value of a JSON or UBJSON file. Objects are maps, so no key of a file can reach a prototype. */
export type Value = null | boolean | number | string | Numbers | Value[] | ValueMap
export type ValueMap = Map<string, Value>

/** Model files are 9 levels deep. */
export const maxDepth = 64

/** An object or array takes about 100 bytes of memory, and may take only 2 bytes of a file. */
export const maxContainers = 3_000_000

const isNumbers = (value: unknown): value is Numbers => ArrayBuffer.isView(value)

const missing = (path: string, what: string): never => {
	throw new ArtifactError(
		`The file has no ${what} at ${path}: it is truncated or not such a model. Save the model again and upload that file.`,
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

/** A whole number of at least 0, written as a number or a text; `otherwise` when the key is absent. */
export function countAt(parent: ValueMap, key: string, path: string, otherwise?: number): number {
	if (otherwise !== undefined && !parent.has(key)) return otherwise
	const text = textAt(parent, key, path).trim()
	const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
	return Number.isSafeInteger(value) ? value : missing(`${path}.${key}`, 'whole number')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })
const quote = 34
const backslash = 92

/** `JSON.parse` would need the whole file as one string (at most 512 MB) and rejects NaN, which XGBoost writes. */
class JsonReader extends NumberScanner {
	#list = new NumberList()
	#containers = 0
	readonly #skip: ReadonlySet<string>

	constructor(bytes: Uint8Array, skip: ReadonlySet<string>) {
		super(bytes)
		this.#skip = skip
	}

	fail(what: string): never {
		const where = this.at >= this.bytes.length ? 'the file ends' : `byte ${this.at}`
		throw new ArtifactError(
			`The file is not JSON: ${what} where ${where === 'the file ends' ? where : `${where} is`}. Save the model again and upload that file.`,
		)
	}

	space(): number {
		let c = this.bytes[this.at]
		while (c === 32 || c === 10 || c === 13 || c === 9) c = this.bytes[++this.at]
		return c ?? -1
	}

	value(depth: number): Value {
		if (depth > maxDepth) this.fail(`objects are nested more than ${maxDepth} deep`)
		const c = this.space()
		if (c === 123) return this.#object(depth)
		if (c === 91) return this.#array(depth)
		if (c === quote) return this.#string()
		if (c === 116 && this.#take('true')) return true
		if (c === 102 && this.#take('false')) return false
		if (c === 110 && this.#take('null')) return null
		return this.number() ?? this.fail('a value is expected')
	}

	#take(word: string): boolean {
		for (let i = 0; i < word.length; i++) if (this.bytes[this.at + i] !== word.charCodeAt(i)) return false
		this.at += word.length
		return true
	}

	#count(): void {
		if (++this.#containers > maxContainers)
			this.fail(`there are more than ${maxContainers} lists and objects`)
	}

	/** After a member: whether the container ends. */
	#ended(close: number): boolean {
		const c = this.space()
		if (c !== close && c !== 44) this.fail('a comma or the end of a list is expected')
		this.at++
		return c === close
	}

	#object(depth: number): ValueMap {
		this.#count()
		const map: ValueMap = new Map()
		this.at++
		if (this.space() === 125) {
			this.at++
			return map
		}
		do {
			if (this.space() !== quote) this.fail('a name in quotes is expected')
			const key = this.#string()
			if (this.space() !== 58) this.fail('a colon is expected')
			this.at++
			if (map.has(key)) this.fail(`the name ${JSON.stringify(key.slice(0, 80))} appears twice in one object`)
			if (this.#skip.has(key)) this.#skipValue(depth + 1)
			else map.set(key, this.value(depth + 1))
		} while (!this.#ended(125))
		return map
	}

	#array(depth: number): Value {
		this.#count()
		this.at++
		const c = this.space()
		if (c === 93) {
			this.at++
			return []
		}
		if (c !== quote && c !== 123 && c !== 91 && c !== 116 && c !== 102 && c !== 110) return this.#numbers()
		const list: Value[] = []
		do list.push(this.value(depth + 1))
		while (!this.#ended(93))
		return list
	}

	/** Skips a value; a list of numbers is skipped without reading it. */
	#skipValue(depth: number): void {
		if (this.space() === 91) {
			const end = this.bytes.indexOf(93, this.at)
			const inside = this.bytes.subarray(this.at + 1, Math.max(end, this.at + 1))
			if (end > 0 && !inside.includes(91) && !inside.includes(quote)) {
				this.at = end + 1
				return
			}
		}
		this.value(depth)
	}

	#numbers(): Value {
		const list = this.#list
		list.clear()
		do {
			this.space()
			list.push(this.number() ?? this.fail('a number is expected'))
		} while (!this.#ended(93))
		return list.copy()
	}

	#string(): string {
		const start = ++this.at
		const { bytes } = this
		let plain = true
		for (let c = bytes[this.at]; c !== quote; c = bytes[++this.at]) {
			if (c === undefined) this.fail('a text does not end')
			if (c === backslash) {
				plain = false
				this.at++
			}
		}
		const raw = bytes.subarray(start, this.at++)
		try {
			return plain ? utf8.decode(raw) : JSON.parse(`"${utf8.decode(raw)}"`)
		} catch (cause) {
			throw new ArtifactError(`The file is not JSON: byte ${start} begins a text that cannot be read.`, {
				cause,
			})
		}
	}
}

/**
 * Reads a JSON file, in which NaN and Infinity are numbers too. Lists that begin with a number become arrays of float64. The
 * values of names in `skip` are skipped. Throws ArtifactError for a file that is not JSON, is too deep, or repeats a name.
 */
export function readJson(bytes: Uint8Array, skip: ReadonlySet<string> = new Set()): Value {
	const reader = new JsonReader(bytes, skip)
	if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) reader.at = 3
	const value = reader.value(0)
	if (reader.space() !== -1) reader.fail('there is more after the end')
	return value
}
