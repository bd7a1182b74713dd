import type { SchemaElement } from 'hyparquet'
import { toHex } from '../core/bytes.ts'
import { parseExact } from '../core/exact-json.ts'
import { decodeUtf8 } from '../core/utf8.ts'

/** A cell as it is in the page: whole numbers beyond 2^53 are a bigint; texts and fixed-length values are bytes. */
export type Raw = boolean | number | bigint | Uint8Array

const maxHex = 256
const nanosOfMs = 1_000_000n

/**
 * The function that converts the cells of a flat column to JSON values. Whole numbers beyond 2^53 stay a `bigint`, since
 * they may be ids. Times are RFC 3339, without an offset when the file has no zone. Bytes that are not text become
 * hexadecimal. It throws for a text column that is not UTF-8.
 */
export function converterOf(element: SchemaElement): (raw: Raw) => unknown {
	const { type, name, converted_type: converted, logical_type: logical } = element
	const kind = logical?.type
	if (kind === 'DECIMAL' || converted === 'DECIMAL') return decimalOf(element)
	if (kind === 'TIMESTAMP') {
		const perUnit = logical.unit === 'NANOS' ? 1n : logical.unit === 'MICROS' ? 1000n : nanosOfMs
		return (raw) => timeText(BigInt(raw as bigint) * perUnit, logical.isAdjustedToUTC)
	}
	if (converted === 'TIMESTAMP_MILLIS') return (raw) => timeText(BigInt(raw as bigint) * nanosOfMs, true)
	if (converted === 'TIMESTAMP_MICROS') return (raw) => timeText(BigInt(raw as bigint) * 1000n, true)
	if (type === 'INT96') return (raw) => timeText(int96Nanos(raw as Uint8Array), false)
	if (kind === 'DATE' || converted === 'DATE')
		return (raw) => isoText(Number(raw) * 86_400_000)?.slice(0, 10) ?? String(raw)
	if (kind === 'TIME' || converted === 'TIME_MILLIS' || converted === 'TIME_MICROS') {
		const unit = kind === 'TIME' ? logical.unit : converted === 'TIME_MICROS' ? 'MICROS' : 'MILLIS'
		const perUnit = unit === 'NANOS' ? 1n : unit === 'MICROS' ? 1000n : nanosOfMs
		return (raw) => timeText(BigInt(raw as bigint) * perUnit, false).slice(11)
	}
	if (kind === 'UUID') return (raw) => uuidText(raw as Uint8Array)
	if (kind === 'FLOAT16') return (raw) => halfFloat(raw as Uint8Array)
	const isUnsigned = (kind === 'INTEGER' && !logical.isSigned) || converted?.startsWith('UINT') === true
	if (type === 'INT32') return (raw) => (isUnsigned ? (raw as number) >>> 0 : (raw as number))
	if (type === 'INT64')
		return (raw) => exactly(isUnsigned ? BigInt.asUintN(64, BigInt(raw as bigint)) : (raw as bigint))
	if (kind === 'JSON' || converted === 'JSON') return (raw) => jsonCell(textOf(raw, name))
	const isText = kind === 'STRING' || kind === 'ENUM' || converted === 'UTF8'
	return isText ? (raw) => textOf(raw, name) : (raw) => (raw instanceof Uint8Array ? bytesText(raw) : raw)
}

const exactly = (value: number | bigint): number | bigint =>
	Number.isSafeInteger(Number(value)) ? Number(value) : value

function textOf(raw: Raw, name: string): string {
	const text = decodeUtf8(raw as Uint8Array)
	if (text === undefined)
		throw new Error(`the column ${JSON.stringify(name)} holds a text that is not UTF-8: write it as UTF-8`)
	return text
}

function jsonCell(text: string): unknown {
	try {
		return nestedCell(parseExact(text))
	} catch {
		return text
	}
}

/** Older writers do not mark which byte columns are text. */
function bytesText(bytes: Uint8Array): string {
	const more = bytes.length > maxHex ? `… (${bytes.length} bytes)` : ''
	return decodeUtf8(bytes) ?? `0x${toHex(bytes.subarray(0, maxHex))}${more}`
}

function isoText(ms: number): string | undefined {
	const date = new Date(ms)
	return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** To the millisecond, and finer when the file is. A time out of range becomes its digits, which validation then reports. */
function timeText(nanos: bigint, isUtc: boolean): string {
	const rest = ((nanos % nanosOfMs) + nanosOfMs) % nanosOfMs
	const iso = isoText(Number((nanos - rest) / nanosOfMs))
	if (iso === undefined) return String(nanos)
	const more = rest === 0n ? '' : String(rest).padStart(6, '0').replace(/0+$/, '')
	return `${iso.slice(0, -1)}${more}${isUtc ? 'Z' : ''}`
}

/** Nanoseconds of the day, then the Julian day; 1970-01-01 is 2440588. */
function int96Nanos(bytes: Uint8Array): bigint {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
	return BigInt(view.getInt32(8, true) - 2_440_588) * 86_400_000_000_000n + view.getBigInt64(0, true)
}

function uuidText(bytes: Uint8Array): string {
	const hex = toHex(bytes)
	return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** IEEE 754 binary16. */
function halfFloat(bytes: Uint8Array): number {
	const bits = (bytes[0] as number) + 256 * (bytes[1] as number)
	const sign = bits >> 15 ? -1 : 1
	const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023]
	if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
	return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
}

/** A number when a double holds all its digits, else a text. */
function decimalOf({ scale: own, logical_type: logical }: SchemaElement): (raw: Raw) => unknown {
	const scale = (logical?.type === 'DECIMAL' ? logical.scale : own) ?? 0
	return (raw) => {
		const unscaled = raw instanceof Uint8Array ? bigEndian(raw) : BigInt(raw)
		const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
		const point = digits.length - scale
		const text = `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale > 0 ? '.' : ''}${digits.slice(point)}`
		return digits.length <= 15 ? Number(text) : scale === 0 ? exactly(unscaled) : text
	}
}

function bigEndian(bytes: Uint8Array): bigint {
	let value = 0n
	for (const byte of bytes) value = value * 256n + BigInt(byte)
	return BigInt.asIntN(bytes.length * 8, value)
}

/** A struct, list or map as JSON can hold it. */
export function nestedCell(value: unknown): unknown {
	if (value === null || value === undefined) return null
	if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
	if (typeof value === 'number') return Number.isFinite(value) ? value : null
	if (value instanceof Date) return isoText(value.getTime()) ?? null
	if (value instanceof Uint8Array) return bytesText(value)
	if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array, nestedCell)
	if (Array.isArray(value)) return value.map(nestedCell)
	if (typeof value !== 'object') return value
	return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, nestedCell(inner)]))
}
