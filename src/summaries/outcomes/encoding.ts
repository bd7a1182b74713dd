import { ByteReader, ByteWriter } from '../inputs/bytes.ts'
import { readCount, readSum, writeCount, writeSum } from '../inputs/exact-sum.ts'
import {
	actualIndex,
	addToBins,
	addUnknown,
	binsOf,
	bound,
	decidedAs,
	emptyOutcomeSummary,
	groupOf,
	isSampled,
	momentOf,
	type OutcomeSummary,
	raiseTo,
	type ScoreBins,
	scoreAt,
} from './outcome-summary.ts'

const formatVersion = 2
const totals = ['predictions', 'labelled', 'never', 'unusable', 'corrections', 'improper'] as const

/** An outcome summary as bytes: scores as doubles in ascending order, counts as variable-length integers. */
export function encodeOutcomeSummary(outcomeSummary: OutcomeSummary): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(formatVersion)
	for (const name of totals) writeCount(out, outcomeSummary[name])
	out.byte(outcomeSummary.level)
	out.text(JSON.stringify(outcomeSummary.actuals))
	for (const map of [outcomeSummary.bins, outcomeSummary.queries, outcomeSummary.classes]) {
		out.varint(map.size)
		for (const [key, bins] of sorted(map)) {
			out.text(key)
			writeBins(out, bins)
		}
	}
	out.varint(outcomeSummary.moments.length)
	for (const sum of outcomeSummary.moments) writeSum(out, sum)
	out.varint(outcomeSummary.groups.size)
	for (const [attribute, values] of sorted(outcomeSummary.groups)) {
		out.text(attribute)
		out.varint(values.size)
		for (const [value, group] of sorted(values)) {
			out.text(value)
			group.write(out)
		}
	}
	out.varint(outcomeSummary.unknown.size)
	for (const [text, rows] of sorted(outcomeSummary.unknown)) {
		out.text(text)
		writeCount(out, rows)
	}
	return out.bytes()
}

const sorted = <T>(map: Map<string, T>): [string, T][] => [...map].sort((a, b) => (a[0] < b[0] ? -1 : 1))

function writeBins(out: ByteWriter, bins: ScoreBins): void {
	const scores = Float64Array.from(bins.keys()).sort()
	out.varint(scores.length)
	for (const score of scores) {
		const bin = bins.get(score) as number[]
		out.double(score)
		out.varint(bin.length)
		for (const count of bin) writeCount(out, count)
	}
}

/** Adds an encoded outcome summary to `into`. */
export function addEncodedOutcomes(into: OutcomeSummary, bytes: Uint8Array): void {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version < 1 || version > formatVersion)
		throw new RangeError(`unknown outcome summary format ${version}`)
	for (const name of totals) into[name] += readCount(input)
	raiseTo(into, input.byte())
	const actuals = (JSON.parse(input.text()) as string[]).map((text) => actualIndex(into, text))
	readMap(input, into.level, into.bins, actuals)
	readMap(input, into.level, into.queries, actuals, (query) => isSampled(into.level, query))
	readMap(input, into.level, into.classes, [0, 1, decidedAs])
	const moments = input.varint()
	for (let i = 0; i < moments; i++) readSum(input, momentOf(into, i))
	for (let attributes = input.varint(); attributes > 0; attributes--) {
		const attribute = input.text()
		for (let values = input.varint(); values > 0; values--) groupOf(into, attribute, input.text()).read(input)
	}
	// Version 1 did not keep unusable labels.
	if (version > 1)
		for (let left = input.varint(); left > 0; left--) addUnknown(into, input.text(), readCount(input))
	bound(into)
}

function readMap(
	input: ByteReader,
	level: number,
	into: Map<string, ScoreBins>,
	actuals: readonly number[],
	wanted: (key: string) => boolean = () => true,
): void {
	for (let keys = input.varint(); keys > 0; keys--) {
		const key = input.text()
		const bins = wanted(key) ? binsOf(into, key) : new Map()
		for (let left = input.varint(); left > 0; left--) {
			const score = scoreAt(level, input.double())
			const length = input.varint()
			for (let i = 0; i < length; i++)
				addToBins(bins, score, i === 0 ? -1 : (actuals[i - 1] as number), readCount(input))
		}
	}
}

export function decodeOutcomeSummary(bytes: Uint8Array): OutcomeSummary {
	const outcomeSummary = emptyOutcomeSummary()
	addEncodedOutcomes(outcomeSummary, bytes)
	return outcomeSummary
}
