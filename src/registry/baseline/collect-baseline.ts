import { standardDeviation } from 'simple-statistics'
import { isDense } from '../../metrics/compare.ts'
import { BatchBuilder } from '../../summaries/inputs/batch-builder.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { categoryOf, cellKind, hasType, type RowBatch } from '../../summaries/inputs/columns.ts'
import { type DecisionRule, decisionOf } from '../../summaries/inputs/input-summary.ts'
import { type ColumnSample, outputColumns } from '../../summaries/inputs/make-bins.ts'
import { selectRows } from '../../summaries/inputs/select-rows.ts'
import { addOutcome, addPrediction } from '../../summaries/outcomes/contribute.ts'
import { predictedAt } from '../../summaries/outcomes/join-index.ts'
import { actualOf, negativeAmong, negativeSeen } from '../../summaries/outcomes/label.ts'
import type { LabelledRows } from '../../summaries/outcomes/labelled-rows.ts'
import { makeJoinIndex, type OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import { bound } from '../../summaries/outcomes/outcome-summary.ts'

/** More rows are thinned to an even sample: quantiles and tests gain nothing from more. */
export const maxRows = 250_000

/** The rows that a baseline is made of. `rows` counts all that were sent, `kept` those in the batches. */
export type BaselineRows = { batches: RowBatch[]; rows: number; kept: number }

// An even spread of the row numbers over 32 bits: a fixed choice, so that equal rows make an equal baseline.
const spread = (row: number): number => Math.imul(row + 1, 0x9e3779b1) >>> 0

/** Collects rows in bounded memory: when there are too many, a fixed hash drops every second one. */
export async function collectRows(incoming: AsyncIterable<{ batch: RowBatch }>): Promise<BaselineRows> {
	let batches: { batch: RowBatch; numbers: Uint32Array }[] = []
	let limit = 2 ** 32
	let rows = 0
	let kept = 0
	for await (const { batch } of incoming) {
		const from = rows
		rows += batch.rows
		const numbers = Uint32Array.from({ length: batch.rows }, (_, r) => spread(from + r))
		const part = thin({ batch, numbers }, limit)
		batches.push(part)
		kept += part.batch.rows
		while (kept > maxRows) {
			limit /= 2
			batches = batches.map((b) => thin(b, limit))
			kept = batches.reduce((sum, b) => sum + b.batch.rows, 0)
		}
	}
	return { batches: batches.map((b) => b.batch), rows, kept }
}

function thin(
	part: { batch: RowBatch; numbers: Uint32Array },
	limit: number,
): { batch: RowBatch; numbers: Uint32Array } {
	const chosen: number[] = []
	part.numbers.forEach((n, r) => {
		if (n < limit) chosen.push(r)
	})
	if (chosen.length === part.batch.rows) return part
	const rows = Int32Array.from(chosen)
	return {
		batch: selectRows(part.batch, rows),
		numbers: Uint32Array.from(rows, (r) => part.numbers[r] as number),
	}
}

/** Samples the values of each declared feature, of the score and of the decision. */
export function sampleColumns(
	specs: readonly FeatureSpec[],
	batches: readonly RowBatch[],
	rule: DecisionRule,
): ColumnSample[] {
	const [score, decision] = outputColumns as [FeatureSpec, FeatureSpec]
	return [
		...specs.map((spec) => sampleFeature(spec, batches)),
		sampleScore(score, batches),
		sampleDecision(decision, batches, rule),
	]
}

function sampleFeature(spec: FeatureSpec, batches: readonly RowBatch[]): ColumnSample {
	const numbers: number[] = []
	const times: number[] = []
	const counts = new Map<string, number>()
	for (const batch of batches) {
		const column = batch.features.get(spec.name)
		if (!column) continue
		for (let r = 0; r < batch.rows; r++) {
			const kind = column.kinds[r] as number
			const num = column.nums[r] as number
			if (kind === cellKind.absent || kind === cellKind.null || !hasType(spec.type, kind, num)) continue
			if (spec.type === 'numeric') {
				numbers.push(num)
				times.push(batch.timestamps[r] as number)
			} else
				count(
					counts,
					spec.type === 'boolean'
						? num === 1
							? 'true'
							: 'false'
						: (categoryOf(kind, num, batch.strings) as string),
				)
		}
	}
	if (spec.type !== 'numeric') return { spec, kind: 'categorical', counts, ...identifierOfCategories(counts) }
	const sample = numericSample(spec, numbers)
	return { ...sample, ...identifierOfNumbers(sample.sorted, numbers, times) }
}

type Identifier = Pick<ColumnSample, 'identifier'>
/** Too few rows cannot reveal an identifier. */
const minIdentified = 100
const nearlyAll = 0.99

function identifierOfCategories(counts: ReadonlyMap<string, number>): Identifier {
	let rows = 0
	for (const n of counts.values()) rows += n
	return rows >= minIdentified && counts.size >= 0.9 * rows ? { identifier: 'distinct' } : {}
}

/**
 * Distinct integers that fill a quarter of their range look like assigned numbers, and so do distinct values that always
 * grow, or always fall, with time. The order of rows without times means nothing: files are often sorted.
 */
function identifierOfNumbers(sorted: Float64Array, numbers: number[], times: number[]): Identifier {
	const rows = sorted.length
	const distinct = sorted.reduce((n, x, i) => (i > 0 && x === sorted[i - 1] ? n : n + 1), 0)
	if (rows < minIdentified || distinct < nearlyAll * rows) return {}
	if (isDense(sorted[0] as number, sorted.at(-1) as number, rows) && numbers.every(Number.isInteger))
		return { identifier: 'distinct' }
	if (times.some(Number.isNaN)) return {}
	const order = numbers.map((_, i) => i).sort((a, b) => (times[a] as number) - (times[b] as number))
	let [pairs, rises] = [0, 0]
	for (let k = 1; k < order.length; k++) {
		const [a, b] = [order[k - 1] as number, order[k] as number]
		if (times[a] === times[b]) continue
		pairs++
		if ((numbers[b] as number) > (numbers[a] as number)) rises++
	}
	if (pairs < minIdentified) return {}
	return rises >= nearlyAll * pairs || rises <= (1 - nearlyAll) * pairs ? { identifier: 'growing' } : {}
}

const count = (counts: Map<string, number>, value: string) => counts.set(value, (counts.get(value) ?? 0) + 1)

function numericSample(spec: FeatureSpec, numbers: number[]): Extract<ColumnSample, { kind: 'numeric' }> {
	const sorted = Float64Array.from(numbers).sort()
	if (sorted.length === 0) return { spec, kind: 'numeric', sorted, mean: 0, sd: 0 }
	const mean = sorted.reduce((sum, x) => sum + x / sorted.length, 0)
	return { spec, kind: 'numeric', sorted, mean, sd: deviationOf(sorted) }
}

/** Values whose squares would overflow are scaled down by a power of two. */
function deviationOf(sorted: Float64Array): number {
	const size = Math.max(-(sorted[0] as number), sorted.at(-1) as number)
	const scale = size > 2 ** 450 ? 2 ** 600 : 1
	const values = scale === 1 ? sorted : sorted.map((x) => x / scale)
	return Math.min(Number.MAX_VALUE, scale * standardDeviation(values as unknown as number[]))
}

const sampleScore = (spec: FeatureSpec, batches: readonly RowBatch[]): ColumnSample =>
	numericSample(
		spec,
		batches.flatMap((b) => [...b.scores].filter((s) => !Number.isNaN(s))),
	)

function sampleDecision(spec: FeatureSpec, batches: readonly RowBatch[], rule: DecisionRule): ColumnSample {
	const counts = new Map<string, number>()
	for (const batch of batches) {
		for (let r = 0; r < batch.rows; r++) {
			const kind = batch.labels.kinds[r] as number
			const sent =
				kind === cellKind.absent || kind === cellKind.null
					? undefined
					: categoryOf(kind, batch.labels.nums[r] as number, batch.strings)
			const decision = sent ?? decisionOf(batch.scores[r] as number, rule)
			if (decision !== undefined) count(counts, decision)
		}
	}
	return { spec, kind: 'categorical', counts }
}

type Incoming = AsyncIterable<{ batch: RowBatch; actuals?: unknown[] }>

/** Passes batches on, and adds rows with actuals to `labelled`: which outcomes occur with which scores. */
export async function* summarised(incoming: Incoming, spec: OutcomeSpec, labelled: LabelledRows): Incoming {
	for await (const part of incoming) {
		if (part.actuals?.some((a) => a !== undefined && a !== null))
			addRows(part.batch, part.actuals, spec, labelled)
		yield part
	}
}

/** Where no negative label is declared, the first actuals with a label other than the positive one define it. */
function detectNegative(spec: OutcomeSpec, { labels, strings }: ReturnType<typeof labelsOf>): void {
	if (spec.task !== 'binary' || typeof spec.rule.negativeLabel === 'string') return
	const counts = new Map<string, number>()
	labels.kinds.forEach((kind, r) => {
		const text = categoryOf(kind, labels.nums[r] as number, strings)
		if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + 1)
	})
	const { positiveLabel = null } = spec.rule
	const among = positiveLabel === null ? negativeSeen : negativeAmong
	spec.rule = { ...spec.rule, negativeLabel: among(counts, positiveLabel) }
}

function addRows(batch: RowBatch, actuals: readonly unknown[], spec: OutcomeSpec, all: LabelledRows): void {
	const rows = Int32Array.from({ length: batch.rows }, (_, r) => r)
	const labels = labelsOf(actuals)
	detectNegative(spec, labels)
	const joinIndex = makeJoinIndex(batch, rows, spec, new Uint32Array(batch.rows))
	for (const r of rows) {
		const row = predictedAt(joinIndex, r)
		const outcomeSummary = all.periodOf(batch.timestamps[r] as number)
		addPrediction(outcomeSummary, spec.task, row)
		if (actuals[r] === undefined || actuals[r] === null) continue
		const actual = actualOf(spec.task, spec.rule, labels.labels, r, labels.strings)
		addOutcome(outcomeSummary, spec.task, row, { observed: true, actual }, 1)
		if (spec.task === 'regression' && actual && Number.isFinite(row.score))
			all.addPair(row.score, actual.value)
	}
	for (const outcomeSummary of all.periods.values()) bound(outcomeSummary)
}

/** Actuals as a column, as outcomes are stored. */
export function labelsOf(actuals: readonly unknown[]): Pick<RowBatch, 'labels' | 'strings'> {
	const builder = new BatchBuilder(actuals.length)
	for (const label of actuals) builder.add({ id: '', timestamp: 0, label })
	return builder.finish()
}
