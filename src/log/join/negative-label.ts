import { categoryOf, cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import { negativeSeen, positive, sideOf } from '../../summaries/outcomes/label.ts'
import type { OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import type { CommitBatch } from '../append/commit-batch.ts'
import { isObserved, type OutcomeRow } from './current-outcome.ts'

// A binary model may declare its positive label only. The negative label is then learnt from the first rows that have one
// other label, and kept with the model, so that outcomes are added and taken back alike.

const labelCounts = (rows: Iterable<OutcomeRow>): [string, number][] => {
	const counts = new Map<string, number>()
	for (const { batch, row } of rows) {
		const { kinds, nums } = batch.labels
		const text = categoryOf(kinds[row] as number, nums[row] as number, batch.strings)
		if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + 1)
	}
	return [...counts]
}

const isDeclared = ({ rule }: OutcomeSpec) => typeof rule.negativeLabel === 'string'

const isLearnable = ({ negativeLabels }: CommitBatch, model: string, spec: OutcomeSpec) =>
	spec.task === 'binary' && !isDeclared(spec) && !negativeLabels.has(model)

/** The spec with the negative label that this commit has learnt. */
export const withLearnt = (
	spec: OutcomeSpec,
	{ negativeLabels }: CommitBatch,
	model: string,
): OutcomeSpec => {
	const learnt = negativeLabels.get(model)
	return learnt === undefined || isDeclared(spec)
		? spec
		: { ...spec, rule: { ...spec.rule, negativeLabel: learnt }, seenNegative: learnt }
}

export function learnFromOutcomes(
	commit: CommitBatch,
	model: string,
	spec: OutcomeSpec,
	rows: Iterable<OutcomeRow>,
): void {
	if (!isLearnable(commit, model, spec)) return
	const observed = [...rows].filter(isObserved)
	learn(commit, model, negativeSeen(labelCounts(observed), spec.rule.positiveLabel))
}

/** Decisions count only where they use the same labels as outcomes: the positive label is among them. */
export function learnFromDecisions(
	commit: CommitBatch,
	model: string,
	spec: OutcomeSpec,
	batch: RowBatch,
	rows: Int32Array,
): void {
	if (!isLearnable(commit, model, spec)) return
	if (rows.every((row) => batch.labels.kinds[row] === cellKind.absent)) return
	const counts = labelCounts(Array.from(rows, (row) => ({ batch, row })))
	const { positiveLabel } = spec.rule
	if (counts.some(([text]) => sideOf(text, { positiveLabel }) === positive))
		learn(commit, model, negativeSeen(counts, positiveLabel))
}

function learn(commit: CommitBatch, model: string, label: string | undefined): void {
	if (label === undefined) return
	commit.negativeLabels.set(model, label)
	commit.statements.push({
		sql: 'UPDATE model SET seen_negative = ? WHERE name = ? AND seen_negative IS NULL',
		params: [label, model],
	})
}
