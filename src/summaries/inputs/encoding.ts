import { extraBins } from './bins.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { ExactSum, readSum, writeSum } from './exact-sum.ts'
import { type ColumnSummary, differentBins, emptyColumnSummary, type InputSummary } from './input-summary.ts'
import { mergeSubjects, noSubjects, type Subjects } from './subjects.ts'

const formatVersion = 1
/** The same with subjects after the columns: written only where rows name subjects. */
const withSubjects = 2

/**
 * An input summary as bytes. Equal summaries have equal bytes. Counts are variable-length integers, sparse or dense,
 * whichever is shorter for the column. `withDigest: false` omits the digest of the bins: the caller stores it.
 */
export function encodeInputSummary(
	inputSummary: InputSummary,
	options: { withDigest?: boolean } = {},
): Uint8Array {
	const out = new ByteWriter()
	out.byte(inputSummary.subjects.rows > 0 ? withSubjects : formatVersion)
	out.text(options.withDigest === false ? '' : inputSummary.binsDigest)
	for (const n of [
		inputSummary.rows,
		inputSummary.duplicates,
		inputSummary.errors,
		inputSummary.schemaViolations,
	])
		out.varint(n)
	out.double(inputSummary.firstMs)
	out.double(inputSummary.lastMs)
	const latency = [...inputSummary.latency].sort((a, b) => a[0] - b[0])
	out.varint(latency.length)
	for (const [bucket, count] of latency) {
		out.varint(bucket)
		out.varint(count)
	}
	out.varint(inputSummary.columns.length)
	for (const column of inputSummary.columns) writeColumn(out, column)
	if (inputSummary.subjects.rows > 0) writeSubjects(out, inputSummary.subjects)
	return out.bytes()
}

export function decodeInputSummary(bytes: Uint8Array, binsDigest?: string): InputSummary {
	const input = new ByteReader(bytes)
	const version = versionOf(input)
	const digest = input.text()
	const inputSummary: InputSummary = {
		binsDigest: binsDigest ?? digest,
		rows: input.varint(),
		duplicates: input.varint(),
		errors: input.varint(),
		schemaViolations: input.varint(),
		firstMs: input.double(),
		lastMs: input.double(),
		latency: new Map(),
		subjects: noSubjects(),
		columns: [],
	}
	for (let left = input.varint(); left > 0; left--) inputSummary.latency.set(input.varint(), input.varint())
	for (let left = input.varint(); left > 0; left--) inputSummary.columns.push(readColumn(input))
	if (version === withSubjects) inputSummary.subjects = readSubjects(input)
	return inputSummary
}

/** Adds an encoded summary on the same bins to `into` without decoding it first, to sum many windows fast. */
export function addEncoded(into: InputSummary, bytes: Uint8Array): void {
	const input = new ByteReader(bytes)
	const version = versionOf(input)
	input.text()
	into.rows += input.varint()
	into.duplicates += input.varint()
	into.errors += input.varint()
	into.schemaViolations += input.varint()
	const [first, last] = [input.double(), input.double()]
	if (!(into.firstMs <= first) && !Number.isNaN(first)) into.firstMs = first
	if (!(into.lastMs >= last) && !Number.isNaN(last)) into.lastMs = last
	for (let left = input.varint(); left > 0; left--) {
		const bucket = input.varint()
		into.latency.set(bucket, (into.latency.get(bucket) ?? 0) + input.varint())
	}
	const columns = input.varint()
	if (columns !== into.columns.length) throw new RangeError(differentBins)
	for (const column of into.columns) addColumn(column, input)
	if (version === withSubjects) mergeSubjects(into.subjects, readSubjects(input))
}

function versionOf(input: ByteReader): number {
	const version = input.byte()
	if (version !== formatVersion && version !== withSubjects)
		throw new RangeError(`unknown input summary format ${version}`)
	return version
}

function writeSubjects(out: ByteWriter, { rows, hashes }: Subjects): void {
	out.varint(rows)
	out.varint(hashes.length)
	let last = 0
	for (const hash of hashes) {
		out.varint(hash - last)
		last = hash
	}
}

function readSubjects(input: ByteReader): Subjects {
	const rows = input.varint()
	const hashes = new Uint32Array(input.varint())
	let last = 0
	for (let i = 0; i < hashes.length; i++) {
		last += input.varint()
		hashes[i] = last
	}
	return { rows, hashes }
}

function addColumn(into: ColumnSummary, input: ByteReader): void {
	into.nulls += input.varint()
	into.absent += input.varint()
	into.rangeViolations += input.varint()
	into.domainViolations += input.varint()
	if (input.byte() === 1) {
		const [min, max] = [input.double(), input.double()]
		if (!(into.min <= min)) into.min = min
		if (!(into.max >= max)) into.max = max
	}
	readSum(input, into.sum)
	const { counts } = into
	if (input.varint() + extraBins !== counts.length) throw new RangeError(differentBins)
	const entries = input.varint()
	if (entries === 0)
		for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] as number) + input.varint()
	for (let k = 1, at = -1; k < entries; k++) {
		at += input.varint() + 1
		counts[at] = (counts[at] as number) + input.varint()
	}
}

function writeColumn(out: ByteWriter, column: ColumnSummary): void {
	for (const n of [column.nulls, column.absent, column.rangeViolations, column.domainViolations])
		out.varint(n)
	const ranged = !Number.isNaN(column.min)
	out.byte(ranged ? 1 : 0)
	if (ranged) {
		out.double(column.min)
		out.double(column.max)
	}
	writeSum(out, column.sum)
	writeCounts(out, column.counts)
}

function writeCounts(out: ByteWriter, counts: Float64Array): void {
	let filled = 0
	for (const count of counts) if (count !== 0) filled++
	const sparse = filled * 2 < counts.length
	out.varint(counts.length - extraBins)
	out.varint(sparse ? filled + 1 : 0)
	if (!sparse) {
		for (const count of counts) out.varint(count)
		return
	}
	let last = -1
	counts.forEach((count, i) => {
		if (count === 0) return
		out.varint(i - last - 1)
		out.varint(count)
		last = i
	})
}

function readColumn(input: ByteReader): ColumnSummary {
	const [nulls, absent, rangeViolations, domainViolations] = [
		input.varint(),
		input.varint(),
		input.varint(),
		input.varint(),
	]
	const ranged = input.byte() === 1
	const min = ranged ? input.double() : Number.NaN
	const max = ranged ? input.double() : Number.NaN
	const sum = readSum(input, new ExactSum())
	const column = emptyColumnSummary(input.varint())
	const entries = input.varint()
	if (entries === 0) for (let i = 0; i < column.counts.length; i++) column.counts[i] = input.varint()
	for (let k = 1, at = -1; k < entries; k++) {
		at += input.varint() + 1
		column.counts[at] = input.varint()
	}
	return {
		...column,
		nulls,
		absent,
		rangeViolations,
		domainViolations,
		min,
		max,
		sum,
	}
}
