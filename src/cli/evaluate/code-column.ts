import { textOf } from '../../core/utf8.ts'
import { cellOf, namesOf } from '../../tables/cell-text.ts'
import { CellRefused, type Column } from '../../tables/columns.ts'
import { doubled } from '../../tables/memory.ts'

/** Codes of missing cells, and of cells that are not a text, number or boolean. Codes of values follow. */
export const missingCode = 0
export const otherCode = 1
export const firstCode = 2

type Codes = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

/** A growing list of whole numbers, with as many bytes each as the largest needs. */
export class CodeList {
	length = 0
	private array: Codes = new Uint8Array(1024)

	push(code: number): void {
		const { array } = this
		if (code >= 2 ** (8 * array.BYTES_PER_ELEMENT))
			this.array = code < 2 ** 16 ? Uint16Array.from(array) : Uint32Array.from(array)
		if (this.length === this.array.length) this.array = doubled(this.array)
		this.array[this.length++] = code
	}

	values(): Codes {
		return this.array.subarray(0, this.length)
	}
}

/** The cells of a column: labels, of which 1, `1` and `1.0` are equal, or names, of which each text is different. */
export type CodeKind = 'label' | 'name'

/** A column of labels or names (groups, queries): distinct values, and one code a row. */
export class CodeColumn implements Column {
	/** The texts of the codes from `firstCode` on. */
	readonly values: string[] = []
	readonly codes = new CodeList()
	private readonly byText = new Map<string, number>()
	private readonly raw = new RawCells()
	private readonly kind: CodeKind

	constructor(kind: CodeKind) {
		this.kind = kind
	}

	addBytes(bytes: Uint8Array, from: number, to: number): void {
		const known = this.raw.find(bytes, from, to)
		this.codes.push(known >= 0 ? known : this.keep(bytes, from, to))
	}

	private keep(bytes: Uint8Array, from: number, to: number): number {
		const text = textOf(bytes.subarray(from, to))
		const code = this.codeOf(cellOf(this.kind === 'name' ? nameSpec : undefined, text))
		this.raw.keep(bytes, from, to, code)
		return code
	}

	addValue(value: unknown): void {
		const isLabelText = this.kind === 'label' && typeof value === 'string'
		this.codes.push(this.codeOf(isLabelText ? cellOf(undefined, value) : value))
	}

	private codeOf(value: unknown): number {
		if (value === null || value === undefined || Number.isNaN(value)) return missingCode
		if (typeof value === 'object' && this.kind === 'name') throw new CellRefused(nestedName)
		const isText = typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint'
		if (!isText && !Number.isFinite(value)) return otherCode
		return this.textCode(String(value))
	}

	private textCode(text: string): number {
		let code = this.byText.get(text)
		if (code === undefined) {
			code = firstCode + this.values.push(text) - 1
			this.byText.set(text, code)
		}
		return code
	}

	/** With one code for all texts of one name. */
	named(): { values: readonly string[]; codes: Codes } {
		const names = namesOf(this.values)
		const codes = this.codes.values()
		const values = [...new Set(names)]
		if (values.length === names.length) return { values: names, codes }
		const index = new Map(values.map((name, i) => [name, firstCode + i]))
		const table = [missingCode, otherCode, ...names.map((name) => index.get(name) as number)]
		return { values, codes: codes.map((code) => table[code] as number) }
	}
}

const nameSpec = { type: 'text' } as const
const nestedName = 'a struct or list, which is not a group: choose a column of texts or numbers'

/** Distinct cells by their bytes, so that a text is decoded once and not once a row. */
class RawCells {
	private bytes = new Uint8Array(4096)
	private used = 0
	private count = 0
	/** Open addressing: the position of the cell + 1; 0 is free. */
	private slots = new Int32Array(64)
	private starts = new Int32Array(32)
	private codes = new Int32Array(32)

	/** The code of these bytes, or -1. */
	find(bytes: Uint8Array, from: number, to: number): number {
		const mask = this.slots.length - 1
		for (let slot = hash(bytes, from, to) & mask; ; slot = (slot + 1) & mask) {
			const at = (this.slots[slot] as number) - 1
			if (at < 0) return -1
			if (this.equals(at, bytes, from, to)) return this.codes[at] as number
		}
	}

	private equals(at: number, bytes: Uint8Array, from: number, to: number): boolean {
		const start = this.starts[at] as number
		const end = at + 1 < this.count ? (this.starts[at + 1] as number) : this.used
		if (end - start !== to - from) return false
		for (let i = from; i < to; i++) if (this.bytes[start + i - from] !== bytes[i]) return false
		return true
	}

	keep(bytes: Uint8Array, from: number, to: number, code: number): void {
		if (this.count === this.starts.length) this.grow()
		while (this.used + to - from > this.bytes.length) this.bytes = doubled(this.bytes)
		this.bytes.set(bytes.subarray(from, to), this.used)
		this.starts[this.count] = this.used
		this.codes[this.count] = code
		this.used += to - from
		this.count++
		this.place(hash(bytes, from, to), this.count)
	}

	private place(hashed: number, position: number): void {
		const mask = this.slots.length - 1
		let slot = hashed & mask
		while (this.slots[slot] !== 0) slot = (slot + 1) & mask
		this.slots[slot] = position
	}

	private grow(): void {
		this.starts = doubled(this.starts)
		this.codes = doubled(this.codes)
		this.slots = new Int32Array(this.slots.length * 2)
		for (let at = 0; at < this.count; at++) {
			const end = at + 1 < this.count ? (this.starts[at + 1] as number) : this.used
			this.place(hash(this.bytes, this.starts[at] as number, end), at + 1)
		}
	}
}

/** 32-bit FNV-1a. */
function hash(bytes: Uint8Array, from: number, to: number): number {
	let value = 0x811c9dc5
	for (let i = from; i < to; i++) value = Math.imul(value ^ (bytes[i] as number), 0x01000193)
	return (value ^ (value >>> 15)) >>> 0
}
