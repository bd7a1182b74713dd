import type { Bins } from './inputs/bins.ts'
import { type Column, cellKind, hasType, type RowBatch } from './inputs/columns.ts'
import type { ColumnSummary, InputSummary } from './inputs/input-summary.ts'
import { subjectHash } from './inputs/subjects.ts'
import { addOutcome, addPrediction, type Outcome, type Predicted } from './outcomes/contribute.ts'
import type { Task } from './outcomes/label.ts'
import type { GroupSummary, OutcomeSummary } from './outcomes/outcome-summary.ts'

// What is left of an erased row in the summaries: it still counts, but its values are rounded so far that they are those of
// many. Exact sums, and the extremes of an hour with few rows, would tell a value otherwise.

const digits = 2
const minuteMs = 60_000

/** A value with two significant digits. */
export const coarse = (value: number): number =>
	Number.isFinite(value) ? Number(value.toPrecision(digits)) : value

export const coarseTime = (ms: number): number => Math.floor(ms / minuteMs) * minuteMs

type Row = { batch: RowBatch; row: number }

/** Rounds what a row has added. `features`: where its features are; undefined when it had none. */
export function coarsenInputs(
	summary: InputSummary,
	bins: Bins,
	{ batch, row }: Row,
	features: Row | undefined,
): void {
	bins.columns.forEach((column, i) => {
		const target = summary.columns[i] as ColumnSummary
		if (column.kind !== 'numeric') return
		const type = column.spec?.type ?? column.kind
		if (column.name === '$score') coarsenValue(target, batch.scores[row] as number)
		else if (features) {
			const value = numberAt(features.batch.features.get(column.name), features.row, type)
			if (value !== undefined) coarsenValue(target, value)
		}
	})
	const at = batch.timestamps[row] as number
	if (summary.firstMs === at) summary.firstMs = coarseTime(at)
	if (summary.lastMs === at) summary.lastMs = coarseTime(at)
	const subject = batch.strings[batch.subjects[row] as number]
	if (subject === undefined) return
	const hash = subjectHash(subject)
	summary.subjects.hashes = summary.subjects.hashes.filter((known) => known !== hash)
}

function numberAt(
	column: Column | undefined,
	row: number,
	type: Parameters<typeof hasType>[0],
): number | undefined {
	const kind = column?.kinds[row] ?? cellKind.absent
	const num = column?.nums[row] ?? Number.NaN
	return kind === cellKind.number && hasType(type, kind, num) ? num : undefined
}

function coarsenValue(target: ColumnSummary, value: number): void {
	if (!Number.isFinite(value)) return
	target.sum.add(-value)
	target.sum.add(coarse(value))
	if (target.min === value) target.min = coarse(value)
	if (target.max === value) target.max = coarse(value)
}

const coarsePrediction = (row: Predicted): Predicted => ({
	...row,
	score: coarse(row.score),
	query: '',
	probabilities: row.probabilities.map(([name, p]) => [name, coarse(p)] as const),
})

/** A label that a model does not have is not kept. */
const coarseOutcome = (outcome: Outcome): Outcome =>
	!outcome.observed || !outcome.actual
		? outcome.observed
			? { observed: true, actual: undefined }
			: outcome
		: { observed: true, actual: { ...outcome.actual, value: coarse(outcome.actual.value) } }

/** Takes a prediction back with its outcome, and counts it again with rounded values. */
export function coarsenOutcomes(
	summary: OutcomeSummary,
	task: Task,
	row: Predicted,
	outcome: Outcome | undefined,
): void {
	const rounded = coarsePrediction(row)
	addPrediction(summary, task, row, -1)
	if (outcome) addOutcome(summary, task, row, outcome, -1)
	addPrediction(summary, task, rounded)
	if (outcome) addOutcome(summary, task, rounded, coarseOutcome(outcome), 1)
	for (const map of [summary.bins, summary.queries, summary.classes])
		for (const [key, bins] of map) {
			for (const [score, counts] of bins) if (counts.every((count) => count === 0)) bins.delete(score)
			if (bins.size === 0) map.delete(key)
		}
	for (const [attribute, values] of summary.groups) {
		for (const [value, group] of values) if (isEmpty(group)) values.delete(value)
		if (values.size === 0) summary.groups.delete(attribute)
	}
}

const isEmpty = ({ counts }: GroupSummary): boolean => counts.every((count) => count === 0)
