import { textOf } from '../core/utf8.ts'
import { cellOf } from './cell-text.ts'
import { doubled } from './memory.ts'
import { nestedCell } from './parquet-values.ts'

/** A cell that a column cannot hold; the message says what it is and what to do. */
export class CellRefused extends Error {}

/** Receives the cells of one column in order: bytes of a text file, or values of JSON and Parquet. */
export type Column = {
	/** Whether cells may be structs, such as `{ class: probability }`. */
	readonly takesStructs?: boolean
	addBytes(bytes: Uint8Array, from: number, to: number): void
	addValue(value: unknown): void
}

/** Doubles that grow in place. */
class Doubles {
	length = 0
	private array = new Float64Array(1024)

	push(value: number): void {
		if (this.length === this.array.length) this.array = doubled(this.array)
		this.array[this.length++] = value
	}

	/** All values, without a copy. */
	values(): Float64Array {
		return this.array.subarray(0, this.length)
	}
}

/** A cell of a numeric column that is not a number. */
const unusable = Number.POSITIVE_INFINITY

/**
 * A column of numbers. A missing cell is NaN. A cell that is not a finite number is counted, and is `unusable` with
 * `keepsUnusable`, else NaN.
 */
export class NumberColumn implements Column {
	readonly numbers = new Doubles()
	unreadable = 0
	/** One of the cells that are not numbers. */
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
		// Texts in a typed table are read as in CSV.
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
			// Not JSON: the text itself is counted as unreadable.
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

	/** By class, one number a row. */
	columns(): Map<string, Float64Array> {
		for (const column of this.classes.values()) fill(column, this.rows)
		return new Map([...this.classes].map(([name, column]) => [name, column.values()]))
	}
}

function fill(column: Doubles, rows: number): void {
	while (column.length < rows) column.push(Number.NaN)
}

const powers = Array.from({ length: 23 }, (_, i) => 10 ** i)
const [zero, plus, minus, point, small, capital] = [48, 43, 45, 46, 101, 69]

/**
 * The number in plain ASCII digits, exactly rounded; NaN for anything else, and when there are too many digits for the fast
 * path (Clinger 1990: whole numbers below 2^53 and powers of ten up to 22 are exact, so one division rounds once).
 */
export function parseNumber(bytes: Uint8Array, from: number, to: number): number {
	let at = from
	const sign = bytes[at]
	if (sign === minus || sign === plus) at++
	let mantissa = 0
	let digits = 0
	let afterPoint = -1
	for (; at < to; at++) {
		const digit = (bytes[at] as number) - zero
		if (digit >= 0 && digit <= 9) {
			mantissa = mantissa * 10 + digit
			digits++
			if (afterPoint >= 0) afterPoint++
		} else if (bytes[at] === point && afterPoint < 0) afterPoint = 0
		else break
	}
	if (digits === 0 || mantissa > Number.MAX_SAFE_INTEGER) return Number.NaN
	let exponent = -Math.max(0, afterPoint)
	if (at < to) {
		if (bytes[at] !== small && bytes[at] !== capital) return Number.NaN
		const power = parseExponent(bytes, at + 1, to)
		if (Number.isNaN(power)) return Number.NaN
		exponent += power
	}
	if (exponent < -22 || exponent > 22) return mantissa === 0 ? signed(sign, 0) : Number.NaN
	const value =
		exponent < 0 ? mantissa / (powers[-exponent] as number) : mantissa * (powers[exponent] as number)
	return signed(sign, value)
}

const signed = (sign: number | undefined, value: number) => (sign === minus ? -value : value)

function parseExponent(bytes: Uint8Array, from: number, to: number): number {
	const sign = bytes[from]
	let at = sign === minus || sign === plus ? from + 1 : from
	if (at === to || to - at > 4) return Number.NaN
	let value = 0
	for (; at < to; at++) {
		const digit = (bytes[at] as number) - zero
		if (digit < 0 || digit > 9) return Number.NaN
		value = value * 10 + digit
	}
	return signed(sign, value)
}
