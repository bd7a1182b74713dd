import { categoriesOf } from '../../core/categories.ts'
import {
	type Bins,
	binCount,
	binOf,
	type ColumnBins,
	extraBins,
	missingBin,
	typeErrorBin,
	unseenBin,
} from './bins.ts'
import { type Column, categoryOf, cellKind, hasType, type RowBatch, textHash } from './columns.ts'
import { ExactSum } from './exact-sum.ts'
import { addSubjects, mergeSubjects, noSubjects, type Subjects } from './subjects.ts'

// Logarithmic buckets as in DDSketch (Masson, Rim and Lee, VLDB 2019), each within 1% of its values. They are the same
// for all models, so that the counts of any two windows can be added.
const gamma = 1.01 / 0.99
const logGamma = Math.log(gamma)
const smallestMs = 0.001

/** The bucket of a latency in ms; 0 holds everything up to a microsecond. */
export const latencyBucket = (ms: number): number =>
	ms <= smallestMs ? 0 : Math.max(1, Math.ceil(Math.log(ms / smallestMs) / logGamma))

/** A value within 1% of every latency in the bucket, in ms. */
export const latencyOfBucket = (bucket: number): number =>
	bucket === 0 ? 0 : (2 * smallestMs * gamma ** bucket) / (gamma + 1)

/** The summary of one column in one window. Summaries add up exactly, in any order. */
export type ColumnSummary = {
	/** Counts by bin: values first, then unseen, missing (null or absent), type error. */
	counts: Float64Array
	nulls: number
	absent: number
	rangeViolations: number
	domainViolations: number
	/** Over the finite numeric values (booleans as 0 and 1). */
	sum: ExactSum
	/** Of the numeric values, or of a hash of the text: equal when the column is constant. NaN when empty. */
	min: number
	max: number
}

/** The rows of a window, summarised on bins. */
export type InputSummary = {
	binsDigest: string
	rows: number
	/** Rows sent again with the same content: counted, but not summarised. */
	duplicates: number
	/** Rows without score, label or probabilities: the model failed. */
	errors: number
	/** Rows with at least one quality mark (type error, unknown or missing feature, range, domain). */
	schemaViolations: number
	/** Event times of the first and last row; NaN without rows. */
	firstMs: number
	lastMs: number
	/** Latency counts by bucket of `latencyBucket`. */
	latency: Map<number, number>
	/** Of the rows that name one. */
	subjects: Subjects
	/** In the order of the bins' columns. */
	columns: ColumnSummary[]
}

/** How a model turns scores into decisions when a row has no label. */
export type DecisionRule = {
	positiveLabel?: string | null
	/** Without it, the usual opposite of the positive label. */
	negativeLabel?: string | null | undefined
	threshold?: number | null
}

export const emptyColumnSummary = (values: number): ColumnSummary => ({
	counts: new Float64Array(values + extraBins),
	nulls: 0,
	absent: 0,
	rangeViolations: 0,
	domainViolations: 0,
	sum: new ExactSum(),
	min: Number.NaN,
	max: Number.NaN,
})

export const emptyInputSummary = (bins: Bins): InputSummary => ({
	binsDigest: bins.digest,
	rows: 0,
	duplicates: 0,
	errors: 0,
	schemaViolations: 0,
	firstMs: Number.NaN,
	lastMs: Number.NaN,
	latency: new Map(),
	subjects: noSubjects(),
	columns: bins.columns.map((c) => emptyColumnSummary(binCount(c))),
})

const allRows = (count: number) => Int32Array.from({ length: count }, (_, i) => i)
const violationsOnly = new WeakMap<Bins, ReadonlySet<string>>()

function declaredNames(bins: Bins): ReadonlySet<string> {
	let names = violationsOnly.get(bins)
	if (!names) {
		names = new Set(bins.columns.map((c) => c.name))
		violationsOnly.set(bins, names)
	}
	return names
}

/**
 * Adds rows of a batch to a summary. Rows without features are counted without their feature columns, which are added
 * with `part: 'features'` when the feature log is joined (the rows are then those of the feature log).
 */
export function accumulate(
	inputSummary: InputSummary,
	bins: Bins,
	batch: RowBatch,
	rows: Int32Array | undefined,
	options: DecisionRule & { part?: 'all' | 'features' },
): void {
	const chosen = rows ?? allRows(batch.rows)
	const withFeatures = chosen.every((r) => batch.hasFeatures[r] === 1)
		? chosen
		: chosen.filter((r) => batch.hasFeatures[r] === 1)
	const violations = new Uint8Array(batch.rows)
	bins.columns.forEach((column, i) => {
		const target = inputSummary.columns[i] as ColumnSummary
		if (column.name === '$score' || column.name === '$decision') return
		addColumn(target, column, batch.features.get(column.name), batch.strings, withFeatures, violations)
	})
	const declared = declaredNames(bins)
	for (const [name, column] of batch.features) {
		if (!declared.has(name))
			for (const r of withFeatures) if (column.kinds[r] !== cellKind.absent) violations[r] = 1
	}
	for (const r of withFeatures) inputSummary.schemaViolations += violations[r] as number
	if (options.part !== 'features') addOutputs(inputSummary, bins, batch, chosen, options)
}

function addOutputs(
	inputSummary: InputSummary,
	bins: Bins,
	batch: RowBatch,
	rows: Int32Array,
	rule: DecisionRule,
): void {
	const scratch = new Uint8Array(batch.rows)
	const score = scoreColumn(batch)
	bins.columns.forEach((column, i) => {
		const target = inputSummary.columns[i] as ColumnSummary
		if (column.name === '$score') addColumn(target, column, score, batch.strings, rows, scratch)
		if (column.name === '$decision') addDecisions(target, column, batch, rows, rule)
	})
	inputSummary.rows += rows.length
	addSubjects(inputSummary.subjects, batch, rows)
	for (const r of rows) {
		const at = batch.timestamps[r] as number
		if (!(inputSummary.firstMs <= at)) inputSummary.firstMs = at
		if (!(inputSummary.lastMs >= at)) inputSummary.lastMs = at
		const latency = batch.latencies[r] as number
		if (!Number.isNaN(latency)) {
			const bucket = latencyBucket(latency)
			inputSummary.latency.set(bucket, (inputSummary.latency.get(bucket) ?? 0) + 1)
		}
		if (Number.isNaN(batch.scores[r]) && batch.labels.kinds[r] === cellKind.absent && batch.extras[r] === -1)
			inputSummary.errors++
	}
}

function scoreColumn(batch: RowBatch): Column {
	const kinds = new Uint8Array(batch.rows)
	for (let r = 0; r < batch.rows; r++) if (!Number.isNaN(batch.scores[r])) kinds[r] = cellKind.number
	return { kinds, nums: batch.scores }
}

const positives = ['1', 'true', 'yes']
const negatives = ['0', 'false', 'no']

/** The decision of a score: the positive label at or above the threshold, otherwise its opposite. */
export function decisionOf(score: number, rule: DecisionRule): string | undefined {
	if (Number.isNaN(score) || rule.threshold === null || rule.threshold === undefined) return undefined
	const positive = rule.positiveLabel ?? '1'
	if (score >= rule.threshold) return positive
	return rule.negativeLabel ?? negatives[positives.indexOf(positive)] ?? `not ${positive}`
}

function addDecisions(
	target: ColumnSummary,
	bins: ColumnBins,
	batch: RowBatch,
	rows: Int32Array,
	rule: DecisionRule,
): void {
	for (const r of rows) {
		const kind = batch.labels.kinds[r] as number
		const text =
			kind === cellKind.absent || kind === cellKind.null
				? decisionOf(batch.scores[r] as number, rule)
				: categoryOf(kind, batch.labels.nums[r] as number, batch.strings)
		if (text === undefined) countMissing(target, bins, kind)
		else addCategory(target, bins, text)
	}
}

function countMissing(target: ColumnSummary, bins: ColumnBins, kind: number): void {
	const at = missingBin(binCount(bins))
	target.counts[at] = (target.counts[at] as number) + 1
	if (kind === cellKind.null) target.nulls++
	else target.absent++
}

function addCategory(target: ColumnSummary, bins: ColumnBins, text: string): void {
	if (bins.kind !== 'categorical') return
	const found = categoriesOf(bins.values).find(text)
	const bin = found ?? unseenBin(bins.values.length)
	target.counts[bin] = (target.counts[bin] as number) + 1
	extend(target, textHash(found === undefined ? text : (bins.values[found] as string)))
}

function extend(target: ColumnSummary, value: number): void {
	if (!(target.min <= value)) target.min = value
	if (!(target.max >= value)) target.max = value
}

function addColumn(
	target: ColumnSummary,
	bins: ColumnBins,
	column: Column | undefined,
	strings: readonly string[],
	rows: Int32Array,
	violations: Uint8Array,
): void {
	const typeError = typeErrorBin(binCount(bins))
	const { counts } = target
	const type = bins.spec?.type ?? bins.kind
	for (const r of rows) {
		const kind = column ? (column.kinds[r] as number) : cellKind.absent
		if (kind === cellKind.absent || kind === cellKind.null) {
			countMissing(target, bins, kind)
			if (kind === cellKind.absent || bins.spec?.nullable === false) violations[r] = 1
			continue
		}
		const num = (column as Column).nums[r] as number
		if (!hasType(type, kind, num)) {
			counts[typeError] = (counts[typeError] as number) + 1
			violations[r] = 1
			continue
		}
		if (bins.kind === 'numeric') {
			const bin = binOf(bins.edges, num)
			counts[bin] = (counts[bin] as number) + 1
			if (!(target.min <= num)) target.min = num
			if (!(target.max >= num)) target.max = num
			target.sum.add(num)
			if (outOfRange(bins.spec, num)) {
				target.rangeViolations++
				violations[r] = 1
			}
		} else if (!addText(target, bins, kind, num, strings)) violations[r] = 1
	}
}

const outOfRange = (spec: ColumnBins['spec'], x: number): boolean =>
	spec !== undefined && ((spec.min !== undefined && x < spec.min) || (spec.max !== undefined && x > spec.max))

/** Counts a categorical cell; returns false when its value is not one of the declared ones. */
function addText(
	target: ColumnSummary,
	bins: ColumnBins,
	kind: number,
	num: number,
	strings: readonly string[],
): boolean {
	let text = categoryOf(kind, num, strings) as string
	if (bins.spec?.type === 'boolean' && kind === cellKind.number) text = num === 1 ? 'true' : 'false'
	addCategory(target, bins, text)
	if (bins.spec?.type === 'boolean') target.sum.add(text === 'true' ? 1 : 0)
	const declared = bins.spec?.values
	if (declared === undefined || categoriesOf(declared).find(text) !== undefined) return true
	target.domainViolations++
	return false
}

export const differentBins = 'input summaries on different bins cannot be added'

/** Adds `part` to `into`, exactly. Throws RangeError when their bins differ. */
export function mergeInputSummaries(into: InputSummary, part: InputSummary): InputSummary {
	if (into.binsDigest !== part.binsDigest) throw new RangeError(differentBins)
	into.rows += part.rows
	into.duplicates += part.duplicates
	into.errors += part.errors
	into.schemaViolations += part.schemaViolations
	if (!(into.firstMs <= part.firstMs)) into.firstMs = Number.isNaN(part.firstMs) ? into.firstMs : part.firstMs
	if (!(into.lastMs >= part.lastMs)) into.lastMs = Number.isNaN(part.lastMs) ? into.lastMs : part.lastMs
	for (const [bucket, count] of part.latency)
		into.latency.set(bucket, (into.latency.get(bucket) ?? 0) + count)
	mergeSubjects(into.subjects, part.subjects)
	into.columns.forEach((column, i) => {
		mergeColumns(column, part.columns[i] as ColumnSummary)
	})
	return into
}

function mergeColumns(into: ColumnSummary, part: ColumnSummary): void {
	for (let i = 0; i < into.counts.length; i++)
		into.counts[i] = (into.counts[i] as number) + (part.counts[i] as number)
	into.nulls += part.nulls
	into.absent += part.absent
	into.rangeViolations += part.rangeViolations
	into.domainViolations += part.domainViolations
	into.sum.merge(part.sum)
	if (!Number.isNaN(part.min)) extend(into, part.min)
	if (!Number.isNaN(part.max)) extend(into, part.max)
}
