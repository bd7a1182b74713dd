import { textOf } from '../core/utf8.ts'
import { cellOf } from './cell-text.ts'
import { doubled } from './memory.ts'
import { nestedCell } from './parquet-values.ts'
import { parseNumber } from './parse-number.ts'

/** A cell that a column cannot take; the message says what it is, and what to do. */
export class CellRefused extends Error {}

/** Takes the cells of one column, in order: bytes of a text file, or values as JSON and Parquet have them. */
export type Column = {
	/** Whether cells may be structs, as `{ class: probability }` is. */
	readonly takesStructs?: boolean
	addBytes(bytes: Uint8Array, from: number, to: number): void
	addValue(value: unknown): void
}

/** Doubles that grow in place. */
export class Doubles {
	length = 0
	private array = new Float64Array(1024)

	push(value: number): void {
		if (this.length === this.array.length) this.array = doubled(this.array)
		this.array[this.length++] = value
	}

	/** All that were pushed, without a copy. */
	values(): Float64Array {
		return this.array.subarray(0, this.length)
	}
}

/** Cells of a numeric column that are no number, counted, and one of them to show. */
export const unusable = Number.POSITIVE_INFINITY

/**
 * A column of numbers. A missing cell is NaN; one that is no finite number is `unusable` when `keepsUnusable` says so,
 * else NaN, and counted either way.
 */
export class NumberColumn implements Column {
	readonly numbers = new Doubles()
	unreadable = 0
	/** A cell that was no number. */
	example: string | undefined
	private readonly keepsUnusable: boolean

	constructor(keepsUnusable: boolean) {
		this.keepsUnusable = keepsUnusable
	}

	addBytes(bytes: Uint8Array, from: number, to: number): void {
		if (from === to) this.numbers.push(Number.NaN)
		else {
			const value = parseNumber(bytes, from, to)
			if (Number.isFinite(value)) this.numbers.push(value)
			else this.addValue(textOf(bytes.subarray(from, to)))
		}
	}

	addValue(value: unknown): void {
		// Text that a typed table holds is read as that of a text file.
		const cell = typeof value === 'string' ? cellOf(numberOrBoolean, value) : value
		const number = typeof cell === 'bigint' ? Number(cell) : cell
		if (typeof number === 'number' && Number.isFinite(number)) this.numbers.push(number)
		else if (number === null || number === undefined || Number.isNaN(number)) this.numbers.push(Number.NaN)
		else if (this.keepsUnusable && typeof number === 'boolean') this.numbers.push(number ? 1 : 0)
		else {
			this.unreadable++
			this.example ??= exampleOf(value)
			this.numbers.push(this.keepsUnusable ? unusable : Number.NaN)
		}
	}
}

const numberOrBoolean = { type: 'boolean' } as const
const exampleOf = (value: unknown) =>
	(typeof value === 'object' ? JSON.stringify(nestedCell(value)) : String(value)).slice(0, 40)

/** A column of `{ class: probability }`, as JSON text or as objects. */
export class ProbabilitiesColumn implements Column {
	readonly takesStructs = true
	readonly classes = new Map<string, Doubles>()
	rows = 0
	unreadable = 0
	example: string | undefined

	addBytes(bytes: Uint8Array, from: number, to: number): void {
		this.addText(textOf(bytes.subarray(from, to)))
	}

	private addText(text: string): void {
		let value: unknown = text
		try {
			value = text === '' ? {} : JSON.parse(text)
		} catch {
			// A text that is no JSON is counted as what it is.
		}
		this.add(value)
	}

	addValue(value: unknown): void {
		if (typeof value === 'string') this.addText(value)
		else this.add(value ?? {})
	}

	private add(value: unknown): void {
		const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
		if (!isObject) {
			this.unreadable++
			this.example ??= exampleOf(value)
		}
		for (const [name, p] of isObject ? Object.entries(value) : []) {
			if (typeof p !== 'number' || !Number.isFinite(p)) continue
			const column = this.classes.get(name) ?? new Doubles()
			this.classes.set(name, column)
			fill(column, this.rows)
			column.push(p)
		}
		this.rows++
	}

	/** By class, a number a row. */
	columns(): Map<string, Float64Array> {
		for (const column of this.classes.values()) fill(column, this.rows)
		return new Map([...this.classes].map(([name, column]) => [name, column.values()]))
	}
}

function fill(column: Doubles, rows: number): void {
	while (column.length < rows) column.push(Number.NaN)
}
