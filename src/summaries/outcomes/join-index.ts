import { ByteReader, ByteWriter } from '../inputs/bytes.ts'
import type { Predicted } from './contribute.ts'

/** A column of texts as a code per row; `none` where a row has no text. */
export type Coded = { values: string[]; codes: Uint16Array }
export const none = 0xffff

/**
 * All that joining outcomes to the predictions of one chunk needs: small and read as a whole, so that a late outcome costs
 * the same in any window.
 */
export type JoinIndex = {
	rows: number
	/** The positive label when the rows arrived: their outcomes are interpreted by it, also when they are subtracted. */
	positiveLabel: string | null
	/** Null when it was not known. */
	negativeLabel: string | null
	/** A second hash of the id: with the 48 bits of the key index, 80 bits must match. */
	checks: Uint32Array
	/** Hour of the chunk's UTC day. */
	hours: Uint8Array
	scores: Float64Array
	decisions: Coded
	queries: Coded
	/** Multiclass: by class; NaN where a row does not name it. */
	probabilities: Map<string, Float64Array>
	attributes: Map<string, Coded>
	segments: Map<string, Coded>
}

const formatVersion = 2

export function encodeJoinIndex(joinIndex: JoinIndex): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(formatVersion)
	out.varint(joinIndex.rows)
	out.text(JSON.stringify([joinIndex.positiveLabel, joinIndex.negativeLabel]))
	writeArray(out, joinIndex.checks)
	out.raw(joinIndex.hours)
	writeArray(out, joinIndex.scores)
	writeCoded(out, joinIndex.decisions)
	writeCoded(out, joinIndex.queries)
	out.varint(joinIndex.probabilities.size)
	for (const [name, values] of joinIndex.probabilities) {
		out.text(name)
		writeArray(out, values)
	}
	for (const map of [joinIndex.attributes, joinIndex.segments]) {
		out.varint(map.size)
		for (const [name, coded] of map) {
			out.text(name)
			writeCoded(out, coded)
		}
	}
	return out.bytes()
}

const writeArray = (out: ByteWriter, a: Uint32Array | Float64Array | Uint16Array) =>
	out.raw(new Uint8Array(a.buffer, a.byteOffset, a.byteLength))

function writeCoded(out: ByteWriter, { values, codes }: Coded): void {
	out.text(JSON.stringify(values))
	const first = codes[0] ?? none
	const uniform = codes.every((c) => c === first)
	// One code for all rows, else one byte per row if that is enough, else two.
	const width = uniform ? 0 : values.length < 255 ? 1 : 2
	out.byte(width)
	if (width === 0) out.varint(first)
	else if (width === 1) out.raw(Uint8Array.from(codes, (c) => (c === none ? 255 : c)))
	else writeArray(out, codes)
}

export function decodeJoinIndex(bytes: Uint8Array): JoinIndex {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version < 1 || version > formatVersion) throw new RangeError(`unknown join index format ${version}`)
	const rows = input.varint()
	const labels = JSON.parse(input.text()) as string | null | [string | null, string | null]
	// Version 1 has the positive label alone.
	const [positiveLabel, negativeLabel] = Array.isArray(labels) ? labels : [labels, null]
	// Copied, since the bytes need not be aligned to eight.
	const doubles = () => new Float64Array(input.raw(rows * 8).slice().buffer)
	const coded = (): [string, Coded] => [input.text(), readCoded(input, rows)]
	const checks = new Uint32Array(input.raw(rows * 4).slice().buffer)
	const hours = input.raw(rows).slice()
	const scores = doubles()
	const decisions = readCoded(input, rows)
	const queries = readCoded(input, rows)
	const probabilities = new Map(
		Array.from({ length: input.varint() }, () => [input.text(), doubles()] as const),
	)
	const attributes = new Map(Array.from({ length: input.varint() }, coded))
	const segments = new Map(Array.from({ length: input.varint() }, coded))
	return {
		rows,
		positiveLabel,
		negativeLabel,
		checks,
		hours,
		scores,
		decisions,
		queries,
		probabilities,
		attributes,
		segments,
	}
}

function readCoded(input: ByteReader, rows: number): Coded {
	const values = JSON.parse(input.text()) as string[]
	const width = input.byte()
	if (width === 0) return { values, codes: new Uint16Array(rows).fill(input.varint()) }
	if (width === 1) return { values, codes: Uint16Array.from(input.raw(rows), (c) => (c === 255 ? none : c)) }
	return { values, codes: new Uint16Array(input.raw(rows * 2).slice().buffer) }
}

export const textOf = ({ values, codes }: Coded, row: number): string =>
	codes[row] === none ? '' : (values[codes[row] as number] as string)

/** The group of a row by attribute; `later` has values that became known after it arrived. */
export function groupsAt(
	joinIndex: JoinIndex,
	row: number,
	later?: Readonly<Record<string, string>>,
): Record<string, string> {
	const groups: Record<string, string> = {}
	for (const [name, coded] of joinIndex.attributes) {
		const own = textOf(coded, row)
		// An attribute that was not recorded when the row arrived has no group.
		if (own !== '') groups[name] = later?.[name] ?? own
	}
	return groups
}

/** Whether two join indexes have the same labels and attributes, so that they can be joined. */
export const canConcat = (a: JoinIndex, b: JoinIndex): boolean =>
	a.positiveLabel === b.positiveLabel &&
	a.negativeLabel === b.negativeLabel &&
	JSON.stringify([...a.attributes.keys()]) === JSON.stringify([...b.attributes.keys()])

/** Joins several indexes of the same labels and attributes, in order. */
export function concatJoinIndexes(joinIndexes: readonly JoinIndex[]): JoinIndex {
	const rows = joinIndexes.reduce((sum, b) => sum + b.rows, 0)
	const join = <T extends Uint32Array | Uint8Array | Float64Array>(to: T, get: (b: JoinIndex) => T): T => {
		let at = 0
		for (const b of joinIndexes) {
			to.set(get(b), at)
			at += b.rows
		}
		return to
	}
	const names = (get: (b: JoinIndex) => Map<string, unknown>) =>
		new Set(joinIndexes.flatMap((b) => [...get(b).keys()]))
	const coded = (get: (b: JoinIndex) => Coded | undefined): Coded => {
		const values: string[] = []
		const codes = new Uint16Array(rows).fill(none)
		let at = 0
		for (const b of joinIndexes) {
			const part = get(b)
			const map = part?.values.map((v) => (values.includes(v) ? values.indexOf(v) : values.push(v) - 1))
			part?.codes.forEach((c, i) => {
				if (c !== none) codes[at + i] = (map as number[])[c] as number
			})
			at += b.rows
		}
		return { values, codes }
	}
	const absent = (b: JoinIndex) => new Float64Array(b.rows).fill(Number.NaN)
	return {
		rows,
		positiveLabel: joinIndexes[0]?.positiveLabel ?? null,
		negativeLabel: joinIndexes[0]?.negativeLabel ?? null,
		checks: join(new Uint32Array(rows), (b) => b.checks),
		hours: join(new Uint8Array(rows), (b) => b.hours),
		scores: join(new Float64Array(rows), (b) => b.scores),
		decisions: coded((b) => b.decisions),
		queries: coded((b) => b.queries),
		probabilities: new Map(
			[...names((b) => b.probabilities)].map((n) => [
				n,
				join(new Float64Array(rows), (b) => b.probabilities.get(n) ?? absent(b)),
			]),
		),
		attributes: new Map([...names((b) => b.attributes)].map((n) => [n, coded((b) => b.attributes.get(n))])),
		segments: new Map([...names((b) => b.segments)].map((n) => [n, coded((b) => b.segments.get(n))])),
	}
}

/** A row of a join index as an outcome summary counts it. */
export function predictedAt(
	joinIndex: JoinIndex,
	row: number,
	later?: Readonly<Record<string, string>>,
): Predicted {
	const probabilities: [string, number][] = []
	for (const [name, values] of joinIndex.probabilities)
		if (!Number.isNaN(values[row])) probabilities.push([name, values[row] as number])
	return {
		score: joinIndex.scores[row] as number,
		decision: textOf(joinIndex.decisions, row),
		query: textOf(joinIndex.queries, row),
		probabilities,
		groups: withPairs(groupsAt(joinIndex, row, later)),
	}
}

/** With more attributes there are no intersections: there would be too many to read. */
export const maxPaired = 8

/** Each attribute with its value, then each pair of attributes, in the order of the model. */
export function withPairs(groups: Readonly<Record<string, string>>): [string, string][] {
	const names = Object.keys(groups)
	const all: [string, string][] = names.map((name) => [name, groups[name] as string])
	if (names.length > maxPaired) return all
	names.forEach((a, i) => {
		for (const b of names.slice(i + 1)) all.push([`${a} x ${b}`, `${groups[a]} x ${groups[b]}`])
	})
	return all
}
