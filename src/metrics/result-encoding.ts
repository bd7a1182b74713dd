import type { Variation } from '../stats/between-windows.ts'
import { ByteReader, ByteWriter } from '../summaries/inputs/bytes.ts'
import { farQ } from './drift-test.ts'
import type { MetricValue } from './metric-value.ts'
import type { OutcomeResult } from './outcome-result.ts'
import { outermostBand, type ScoreBands } from './score-bands.ts'
import type { ColumnResult, WindowResult } from './window-result.ts'

/** Version 1 had no subjects and no fields from past windows; version 2 had neither `flag.qIsOne` nor `part.sameVariation`. */
const formatVersion = 3

/** First byte of a column: which numbers follow, whether it is constant, and whether q is 1, as it usually is. */
const flag = { ks: 1, wasserstein: 2, q: 4, constant: 8, qIsOne: 16 } as const

/** Optional parts of a column, by bit of the second byte. */
const part = {
	stoodOut: 1,
	expected: 2,
	variation: 4,
	range: 8,
	identifier: 16,
	outside: 32,
	sameVariation: 64,
} as const
/** Expected counts are stored to a sixteenth of a row. */
const perRow = 16
/** Expected counts as they are decoded. */
export const roundExpected = (counts: Float64Array): Float64Array =>
	counts.map((c) => Math.round(c * perRow) / perRow)

/** A window's result as bytes: counts as variable-length integers, other numbers as doubles. */
export function encodeResult(result: WindowResult): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(formatVersion)
	for (const n of [result.rows, result.duplicates, result.errors, result.schemaViolations]) out.varint(n)
	out.varint(result.subjects)
	out.double(result.lastMs)
	for (const x of [result.latency.p50, result.latency.p95, result.latency.p99]) out.double(x)
	out.varint(result.columns.length)
	let last: Variation | undefined
	for (const column of result.columns) {
		writeColumn(out, column, last)
		last = column.variation ?? last
	}
	return out.bytes()
}

/** Columns of one window often share their variation: `last` is that of the last earlier column that has one. */
function writeColumn(out: ByteWriter, column: ColumnResult, last: Variation | undefined): void {
	const { stoodOut, expected, variation, identifier, outside } = column
	const isOne = column.q === 1
	const numbers = [column.ks, column.wasserstein, isOne ? Number.NaN : column.q]
	const given = numbers.reduce((f, x, i) => (Number.isNaN(x) ? f : f | (1 << i)), 0)
	out.byte(given | (column.constant ? flag.constant : 0) | (isOne ? flag.qIsOne : 0))
	const ranged = !Number.isNaN(column.min)
	const isSame = variation !== undefined && last !== undefined && sameVariation(variation, last)
	out.byte(
		(stoodOut ? part.stoodOut : 0) |
			(expected ? part.expected : 0) |
			(isSame ? part.sameVariation : variation ? part.variation : 0) |
			(ranged ? part.range : 0) |
			(identifier ? part.identifier : 0) |
			(outside ? part.outside : 0),
	)
	for (const x of numbers) if (!Number.isNaN(x)) out.double(x)
	if (ranged) for (const x of [column.min, column.max]) out.double(x)
	if (variation && !isSame) {
		out.double(variation.variance)
		out.double(variation.df)
		out.varint(variation.windows)
	}
	if (outside) out.varint(outside)
	out.varint(column.rangeViolations)
	out.varint(column.domainViolations)
	out.varint(column.groups.length)
	for (const count of column.groups) out.varint(count)
	for (const count of expected ?? []) out.varint(Math.round(count * perRow))
}

const sameVariation = (a: Variation, b: Variation): boolean =>
	a.variance === b.variance && a.df === b.df && a.windows === b.windows

/** Decodes a result. With `column`, only that column is decoded; the others are holes in the list. */
export function decodeResult(bytes: Uint8Array, column?: number): WindowResult {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version < 1 || version > formatVersion) throw new RangeError(`unknown result format ${version}`)
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
	let last: Variation | undefined
	for (let i = 0; i < columns.length; i++) {
		if (column !== undefined && i > column) break
		if (column === undefined || i === column) {
			const read = readColumn(input, version, last)
			columns[i] = read
			last = read.variation ?? last
		} else last = skipColumn(input, version) ?? last
	}
	return { rows, duplicates, errors, schemaViolations, subjects, lastMs, latency, columns }
}

function readColumn(input: ByteReader, version: number, last: Variation | undefined): ColumnResult {
	const flags = input.byte()
	const parts = version === 1 ? 0 : input.byte()
	const ks = flags & flag.ks ? input.double() : Number.NaN
	const wasserstein = flags & flag.wasserstein ? input.double() : Number.NaN
	const q = flags & flag.q ? input.double() : flags & flag.qIsOne ? 1 : Number.NaN
	const [min, max] = parts & part.range ? [input.double(), input.double()] : [Number.NaN, Number.NaN]
	const variation =
		parts & part.variation ? readVariation(input) : parts & part.sameVariation ? last : undefined
	const outside = parts & part.outside ? input.varint() : 0
	const [rangeViolations, domainViolations] = [input.varint(), input.varint()]
	const groups = new Float64Array(input.varint())
	for (let i = 0; i < groups.length; i++) groups[i] = input.varint()
	const expected = parts & part.expected ? groups.map(() => input.varint() / perRow) : undefined
	return {
		groups,
		rangeViolations,
		domainViolations,
		constant: (flags & flag.constant) !== 0,
		...{ ks, wasserstein, q, min, max },
		stoodOut: version === 1 ? q <= farQ : (parts & part.stoodOut) !== 0,
		...(expected ? { expected } : {}),
		...(variation ? { variation } : {}),
		...(parts & part.identifier ? { identifier: true } : {}),
		...(outside > 0 ? { outside } : {}),
	}
}

const readVariation = (input: ByteReader): Variation => ({
	variance: input.double(),
	df: input.double(),
	windows: input.varint(),
})

/** Returns the variation of the skipped column: later columns may share it. */
function skipColumn(input: ByteReader, version: number): Variation | undefined {
	const flags = input.byte()
	const parts = version === 1 ? 0 : input.byte()
	const isSet = (bit: number) => ((flags & bit) === 0 ? 0 : 1)
	input.raw(8 * (isSet(flag.ks) + isSet(flag.wasserstein) + isSet(flag.q)))
	if (parts & part.range) input.raw(16)
	const variation = parts & part.variation ? readVariation(input) : undefined
	if (parts & part.outside) input.varint()
	input.varint()
	input.varint()
	const groups = input.varint()
	for (let left = parts & part.expected ? 2 * groups : groups; left > 0; left--) input.varint()
	return variation
}

/** Version 1 had no favourable decision, version 2 no bands of scores. */
const outcomeFormat = 3
const favourables = [undefined, 'positive', 'negative'] as const
const totals = ['predictions', 'labelled', 'never', 'unusable', 'corrections'] as const
const trusted = 32
const doubtful = 64
const failed = 128
const numbers = ['value', 'low', 'high', 'p', 'q'] as const

/** A window's outcomes as bytes: ids and reasons as text, counts as variable-length integers, other numbers as doubles. */
export function encodeOutcomes(result: OutcomeResult, reasons = true): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(outcomeFormat)
	for (const name of totals) out.varint(Math.max(0, result[name]))
	out.byte(favourables.indexOf(result.favourable))
	writeMetricValues(out, result.values, reasons)
	out.varint(result.attributes.size)
	for (const [attribute, { values, groups }] of result.attributes) {
		out.text(attribute)
		writeMetricValues(out, values, reasons)
		out.varint(groups.size)
		for (const [value, counts] of groups) {
			out.text(value)
			out.varint(counts.length)
			for (const count of counts) out.varint(Math.max(0, count))
		}
	}
	writeScores(out, result.scores)
	return out.bytes()
}

const bandCounts = ['rows', 'labelled', 'positives'] as const
const overrideCounts = ['decided', 'raised', 'lowered'] as const

function writeScores(out: ByteWriter, scores: ScoreBands | undefined): void {
	out.byte(scores === undefined ? 0 : scores.overrides === undefined ? 1 : 2)
	if (!scores) return
	out.varint(scores.bands.length)
	for (const band of scores.bands) {
		out.byte(band.band + outermostBand)
		for (const name of bandCounts) out.varint(Math.max(0, band[name]))
		out.double(band.scoreSum)
	}
	if (scores.overrides) for (const name of overrideCounts) out.varint(Math.max(0, scores.overrides[name]))
}

function readScores(input: ByteReader): ScoreBands | undefined {
	const form = input.byte()
	if (form === 0) return undefined
	const bands = Array.from({ length: input.varint() }, () => ({
		band: input.byte() - outermostBand,
		rows: input.varint(),
		labelled: input.varint(),
		positives: input.varint(),
		scoreSum: input.double(),
	}))
	if (form === 1) return { bands }
	return { bands, overrides: { decided: input.varint(), raised: input.varint(), lowered: input.varint() } }
}

function writeMetricValues(
	out: ByteWriter,
	values: ReadonlyMap<string, MetricValue>,
	reasons: boolean,
): void {
	out.varint(values.size)
	for (const [id, value] of values) {
		out.text(id)
		const trust = value.trust === undefined ? 0 : value.trust === 'ok' ? trusted : doubtful
		const marks = trust | (value.failed ? failed : 0)
		out.byte(
			numbers.reduce((flags, name, i) => (Number.isNaN(value[name]) ? flags : flags | (1 << i)), marks),
		)
		for (const name of numbers) if (!Number.isNaN(value[name])) out.double(value[name])
		out.varint(value.n)
		out.text((reasons && value.reason) || '')
	}
}

export function decodeOutcomes(bytes: Uint8Array): OutcomeResult {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version < 1 || version > outcomeFormat) throw new RangeError(`unknown outcome format ${version}`)
	const [predictions, labelled, never, unusable, corrections] = totals.map(() => input.varint()) as [
		number,
		number,
		number,
		number,
		number,
	]
	const favourable = version === 1 ? undefined : favourables[input.byte()]
	const values = readMetricValues(input)
	const attributes: OutcomeResult['attributes'] = new Map()
	for (let left = input.varint(); left > 0; left--) {
		const attribute = input.text()
		const own = readMetricValues(input)
		const groups = new Map<string, number[]>()
		for (let values = input.varint(); values > 0; values--) {
			const value = input.text()
			groups.set(
				value,
				Array.from({ length: input.varint() }, () => input.varint()),
			)
		}
		attributes.set(attribute, { values: own, groups })
	}
	const scores = version < 3 ? undefined : readScores(input)
	return { predictions, labelled, never, unusable, corrections, favourable, scores, values, attributes }
}

export function readMetricValues(input: ByteReader): Map<string, MetricValue> {
	const values = new Map<string, MetricValue>()
	for (let left = input.varint(); left > 0; left--) {
		const id = input.text()
		const flags = input.byte()
		const [value, low, high, p, q] = numbers.map((_, i) =>
			(flags >> i) & 1 ? input.double() : Number.NaN,
		) as [number, number, number, number, number]
		const n = input.varint()
		const reason = input.text()
		const trust = flags & trusted ? 'ok' : flags & doubtful ? 'doubtful' : undefined
		values.set(id, {
			value,
			low,
			high,
			p,
			q,
			n,
			...(trust ? { trust } : {}),
			...(flags & failed ? { failed: true as const } : {}),
			...(reason === '' ? {} : { reason }),
		})
	}
	return values
}

/** The metric values of a window's contributions by metric id, of the window and by feature. */
export type AttributionResult = {
	/** Rows that the reference's contributions were computed from. */
	reference: number
	values: Map<string, MetricValue>
	features: Map<string, Map<string, MetricValue>>
}

const attributionFormat = 1

export function encodeAttributions(result: AttributionResult, reasons = true): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(attributionFormat)
	out.varint(result.reference)
	writeMetricValues(out, result.values, reasons)
	out.varint(result.features.size)
	for (const [feature, values] of result.features) {
		out.text(feature)
		writeMetricValues(out, values, reasons)
	}
	return out.bytes()
}

export function decodeAttributions(bytes: Uint8Array): AttributionResult {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version !== attributionFormat) throw new RangeError(`unknown attribution format ${version}`)
	const reference = input.varint()
	const values = readMetricValues(input)
	const features: AttributionResult['features'] = new Map()
	for (let left = input.varint(); left > 0; left--) features.set(input.text(), readMetricValues(input))
	return { reference, values, features }
}
