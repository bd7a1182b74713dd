import { ArtifactError } from '../model.ts'
import { maxContainers, maxDepth, type Numbers, type Value, type ValueMap } from './json.ts'
import { NumberScanner } from './numbers.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Bytes of each type whose values have one length. */
const widths: Readonly<Record<string, number>> = { i: 1, U: 1, C: 1, I: 2, l: 4, L: 8, d: 4, D: 8 }

type Header = { type: string | undefined; count: number | undefined }

class UbjsonReader {
	readonly #bytes: Uint8Array
	readonly #view: DataView
	readonly #skip: ReadonlySet<string>
	#containers = 0
	#at = 0

	constructor(bytes: Uint8Array, skip: ReadonlySet<string>) {
		this.#bytes = bytes
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
		this.#skip = skip
	}

	fail(what: string): never {
		throw new ArtifactError(
			`The file is not UBJSON: ${what} at byte ${this.#at} of ${this.#bytes.length}. Save the model again and upload that file.`,
		)
	}

	/** The position of the next `length` bytes, after checking that the file has them. */
	#take(length: number): number {
		if (length > this.#bytes.length - this.#at) this.fail(`it ends before ${length} announced bytes`)
		const from = this.#at
		this.#at += length
		return from
	}

	#marker(): string {
		let c = 78
		// N is a pause between values.
		while (c === 78) c = this.#bytes[this.#take(1)] as number
		return String.fromCharCode(c)
	}

	#peek(): string {
		while (this.#bytes[this.#at] === 78) this.#at++
		return this.#at < this.#bytes.length ? String.fromCharCode(this.#bytes[this.#at] as number) : ''
	}

	#wide(from: number): number {
		const value = this.#view.getBigInt64(from)
		if (value > 2n ** 53n || value < -(2n ** 53n)) this.fail(`the number ${value} is too large`)
		return Number(value)
	}

	#number(type: string): number | undefined {
		const width = widths[type]
		if (width === undefined) return undefined
		const from = this.#take(width)
		const view = this.#view
		if (type === 'i') return view.getInt8(from)
		if (type === 'I') return view.getInt16(from)
		if (type === 'l') return view.getInt32(from)
		if (type === 'L') return this.#wide(from)
		if (type === 'd') return view.getFloat32(from)
		return type === 'D' ? view.getFloat64(from) : view.getUint8(from)
	}

	#length(): number {
		const type = this.#marker()
		const length = 'iUIlL'.includes(type) ? this.#number(type) : undefined
		return length !== undefined && length >= 0 ? length : this.fail('a length is expected')
	}

	#text(): string {
		const length = this.#length()
		const from = this.#take(length)
		try {
			return utf8.decode(this.#bytes.subarray(from, from + length))
		} catch {
			return this.fail('a text is not UTF-8')
		}
	}

	#precise(): number {
		const scanner = new NumberScanner(new TextEncoder().encode(this.#text()))
		const value = scanner.number()
		return value !== undefined && scanner.at === scanner.bytes.length
			? value
			: this.fail('a number is expected')
	}

	value(type: string, depth: number): Value {
		if (depth > maxDepth) this.fail(`objects are nested more than ${maxDepth} deep`)
		if (type === '{') return this.#object(depth)
		if (type === '[') return this.#array(depth)
		if (type === 'S') return this.#text()
		if (type === 'T') return true
		if (type === 'F') return false
		if (type === 'Z') return null
		if (type === 'C') return String.fromCharCode(this.#number('C') as number)
		if (type === 'H') return this.#precise()
		return this.#number(type) ?? this.fail('an unknown type is found')
	}

	next(depth: number): Value {
		return this.value(this.#marker(), depth)
	}

	/** The type and count of an optimised container. Types without bytes are refused: they could claim 10 billion values. */
	#header(): Header {
		if (++this.#containers > maxContainers)
			this.fail(`there are more than ${maxContainers} lists and objects`)
		let type: string | undefined
		if (this.#peek() === '$') {
			this.#at++
			type = String.fromCharCode(this.#bytes[this.#take(1)] as number)
			if (!(type in widths || 'S[{H'.includes(type))) this.fail('a list of values without bytes begins')
			if (this.#peek() !== '#') this.fail('a typed list without a count begins')
		}
		if (this.#peek() !== '#') return { type, count: undefined }
		this.#at++
		const count = this.#length()
		const minBytes = type === undefined ? 1 : (widths[type] ?? 1)
		if (count * minBytes > this.#bytes.length - this.#at)
			this.fail(`it ends before ${count} announced values`)
		return { type, count }
	}

	#object(depth: number): ValueMap {
		const { type, count } = this.#header()
		const map: ValueMap = new Map()
		for (let i = 0; count === undefined ? this.#peek() !== '}' : i < count; i++) {
			this.#peek()
			const key = this.#text()
			if (map.has(key)) this.fail(`the name ${JSON.stringify(key.slice(0, 80))} appears twice in one object`)
			const marker = type ?? this.#marker()
			const value =
				marker === '[' ? this.#array(depth + 1, this.#skip.has(key)) : this.value(marker, depth + 1)
			map.set(key, value)
		}
		if (count === undefined) this.#take(1)
		return map
	}

	/** `unread`: a list of numbers is skipped. */
	#array(depth: number, unread = false): Value {
		if (depth > maxDepth) this.fail(`objects are nested more than ${maxDepth} deep`)
		const { type, count } = this.#header()
		if (type !== undefined && count !== undefined && type in widths && type !== 'C') {
			if (!unread) return this.#numbers(type, count)
			this.#take(count * (widths[type] as number))
			return null
		}
		const list: Value[] = []
		for (let i = 0; count === undefined ? this.#peek() !== ']' : i < count; i++)
			list.push(type === undefined ? this.next(depth + 1) : this.value(type, depth + 1))
		if (count === undefined) this.#take(1)
		return list
	}

	#numbers(type: string, count: number): Numbers {
		const from = this.#take(count * (widths[type] as number))
		const view = this.#view
		// Not slice: on a Buffer it makes a view, which would keep the whole file in memory.
		if (type === 'U') return new Uint8Array(this.#bytes.subarray(from, from + count))
		if (type === 'i') return Int8Array.from(this.#bytes.subarray(from, from + count))
		// Loops instead of maps for speed: most of a 200 MB model is read here.
		if (type === 'l') {
			const numbers = new Int32Array(count)
			for (let i = 0; i < count; i++) numbers[i] = view.getInt32(from + 4 * i)
			return numbers
		}
		if (type === 'd') {
			const numbers = new Float32Array(count)
			for (let i = 0; i < count; i++) numbers[i] = view.getFloat32(from + 4 * i)
			return numbers
		}
		if (type === 'I') return new Int16Array(count).map((_, i) => view.getInt16(from + 2 * i))
		return new Float64Array(count).map((_, i) =>
			type === 'L' ? this.#wide(from + 8 * i) : view.getFloat64(from + 8 * i),
		)
	}

	get left(): number {
		while (this.#bytes[this.#at] === 78) this.#at++
		return this.#bytes.length - this.#at
	}
}

/**
 * Reads a UBJSON file (draft 12, ubjson.org), in which lists of one numeric type become typed arrays. The values of names in
 * `skip` are skipped. Throws ArtifactError for a file that is not UBJSON, is too deep, or repeats a name.
 */
export function readUbjson(bytes: Uint8Array, skip: ReadonlySet<string> = new Set()): Value {
	const reader = new UbjsonReader(bytes, skip)
	const value = reader.next(0)
	if (reader.left > 0) reader.fail('there is more after the end')
	return value
}
