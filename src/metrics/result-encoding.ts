import { ByteReader, ByteWriter } from '../profile/bytes.ts'
import { farQ } from './gates.ts'
import type { ColumnResult, WindowResult } from './window-result.ts'

/** 1 had neither subjects nor what follows from the past. */
const formatVersion = 2

/** Parts of a column that are there only sometimes, by bit of the second byte. */
const part = { stoodOut: 1, expected: 2, variation: 4, range: 8, identifier: 16 } as const
/** Expected counts are kept to a sixteenth of a row. */
const perRow = 16
/** Expected counts as they are read back. */
export const roundExpected = (counts: Float64Array): Float64Array =>
	counts.map((c) => Math.round(c * perRow) / perRow)

/** A window's result as bytes: counts as variable-length integers, the few real numbers as doubles. */
export function encodeResult(result: WindowResult): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(formatVersion)
	for (const n of [result.rows, result.duplicates, result.errors, result.schemaViolations]) out.varint(n)
	out.varint(result.subjects)
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
	const { stoodOut, expected, variation, identifier } = column
	const ranged = !Number.isNaN(column.min)
	out.byte(
		(stoodOut ? part.stoodOut : 0) |
			(expected ? part.expected : 0) |
			(variation ? part.variation : 0) |
			(ranged ? part.range : 0) |
			(identifier ? part.identifier : 0),
	)
	for (const x of numbers) if (!Number.isNaN(x)) out.double(x)
	if (ranged) for (const x of [column.min, column.max]) out.double(x)
	if (variation) for (const x of [variation.variance, variation.df]) out.double(x)
	if (variation) out.varint(variation.windows)
	out.varint(column.rangeViolations)
	out.varint(column.domainViolations)
	out.varint(column.groups.length)
	for (const count of column.groups) out.varint(count)
	for (const count of expected ?? []) out.varint(Math.round(count * perRow))
}

/** Reads a result; of its columns only `column` when that is given (the others are then holes in the list). */
export function decodeResult(bytes: Uint8Array, column?: number): WindowResult {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version !== 1 && version !== formatVersion)
		throw new RangeError(`result format ${version} is not known`)
	const [rows, duplicates, errors, schemaViolations] = [
		input.varint(),
		input.varint(),
		input.varint(),
		input.varint(),
	]
	const subjects = version === 1 ? rows : input.varint()
	const lastMs = input.double()
	const latency = { p50: input.double(), p95: input.double(), p99: input.double() }
	const columns: ColumnResult[] = new Array(input.varint())
	for (let i = 0; i < columns.length; i++) {
		if (column !== undefined && i > column) break
		if (column === undefined || i === column) columns[i] = readColumn(input, version)
		else skipColumn(input, version)
	}
	return { rows, duplicates, errors, schemaViolations, subjects, lastMs, latency, columns }
}

function readColumn(input: ByteReader, version: number): ColumnResult {
	const flags = input.byte()
	const parts = version === 1 ? 0 : input.byte()
	const [ks, wasserstein, q] = [0, 1, 2].map((i) => ((flags >> i) & 1 ? input.double() : Number.NaN)) as [
		number,
		number,
		number,
	]
	const [min, max] = parts & part.range ? [input.double(), input.double()] : [Number.NaN, Number.NaN]
	const variation =
		parts & part.variation
			? { variance: input.double(), df: input.double(), windows: input.varint() }
			: undefined
	const [rangeViolations, domainViolations] = [input.varint(), input.varint()]
	const groups = new Float64Array(input.varint())
	for (let i = 0; i < groups.length; i++) groups[i] = input.varint()
	const expected = parts & part.expected ? groups.map(() => input.varint() / perRow) : undefined
	return {
		groups,
		rangeViolations,
		domainViolations,
		constant: (flags & 8) !== 0,
		...{ ks, wasserstein, q, min, max },
		stoodOut: version === 1 ? q <= farQ : (parts & part.stoodOut) !== 0,
		...(expected ? { expected } : {}),
		...(variation ? { variation } : {}),
		...(parts & part.identifier ? { identifier: true } : {}),
	}
}

function skipColumn(input: ByteReader, version: number): void {
	const flags = input.byte()
	const parts = version === 1 ? 0 : input.byte()
	input.raw(8 * ((flags & 1) + ((flags >> 1) & 1) + ((flags >> 2) & 1)))
	if (parts & part.range) input.raw(16)
	if (parts & part.variation) input.raw(16)
	if (parts & part.variation) input.varint()
	input.varint()
	input.varint()
	const groups = input.varint()
	for (let left = parts & part.expected ? 2 * groups : groups; left > 0; left--) input.varint()
}
