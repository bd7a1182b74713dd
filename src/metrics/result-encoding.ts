import { ByteReader, ByteWriter } from '../profile/bytes.ts'
import type { ColumnResult, WindowResult } from './window-result.ts'

const formatVersion = 1

/** A window's result as bytes: counts as variable-length integers, the few real numbers as doubles. */
export function encodeResult(result: WindowResult): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(formatVersion)
	for (const n of [result.rows, result.duplicates, result.errors, result.schemaViolations]) out.varint(n)
	out.double(result.lastMs)
	for (const x of [result.latency.p50, result.latency.p95, result.latency.p99]) out.double(x)
	out.varint(result.columns.length)
	for (const column of result.columns) writeColumn(out, column)
	return out.bytes()
}

function writeColumn(out: ByteWriter, column: ColumnResult): void {
	const numbers = [column.ks, column.wasserstein, column.q]
	const flags = numbers.reduce((f, x, i) => (Number.isNaN(x) ? f : f | (1 << i)), column.constant ? 8 : 0)
	out.byte(flags)
	for (const x of numbers) if (!Number.isNaN(x)) out.double(x)
	out.varint(column.rangeViolations)
	out.varint(column.domainViolations)
	out.varint(column.groups.length)
	for (const count of column.groups) out.varint(count)
}

/** Reads a result; of its columns only `column` when that is given (the others are then holes in the list). */
export function decodeResult(bytes: Uint8Array, column?: number): WindowResult {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version !== formatVersion) throw new RangeError(`result format ${version} is not known`)
	const [rows, duplicates, errors, schemaViolations] = [
		input.varint(),
		input.varint(),
		input.varint(),
		input.varint(),
	]
	const lastMs = input.double()
	const latency = { p50: input.double(), p95: input.double(), p99: input.double() }
	const columns: ColumnResult[] = new Array(input.varint())
	for (let i = 0; i < columns.length; i++) {
		if (column !== undefined && i > column) break
		if (column === undefined || i === column) columns[i] = readColumn(input)
		else skipColumn(input)
	}
	return { rows, duplicates, errors, schemaViolations, lastMs, latency, columns }
}

function readColumn(input: ByteReader): ColumnResult {
	const flags = input.byte()
	const [ks, wasserstein, q] = [0, 1, 2].map((i) => ((flags >> i) & 1 ? input.double() : Number.NaN)) as [
		number,
		number,
		number,
	]
	const [rangeViolations, domainViolations] = [input.varint(), input.varint()]
	const groups = new Float64Array(input.varint())
	for (let i = 0; i < groups.length; i++) groups[i] = input.varint()
	return { groups, rangeViolations, domainViolations, constant: (flags & 8) !== 0, ks, wasserstein, q }
}

function skipColumn(input: ByteReader): void {
	const flags = input.byte()
	input.raw(8 * ((flags & 1) + ((flags >> 1) & 1) + ((flags >> 2) & 1)))
	input.varint()
	input.varint()
	for (let left = input.varint(); left > 0; left--) input.varint()
}
