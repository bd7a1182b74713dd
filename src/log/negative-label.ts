import { categoryOf, cellKind, type RowBatch } from '../summaries/inputs/columns.ts'
import type { JoinIndex } from '../summaries/outcomes/join-index.ts'
import { type Labels, negativeSeen, positive, sideOf } from '../summaries/outcomes/label.ts'
import type { OutcomeSpec } from '../summaries/outcomes/make-join-index.ts'
import type { Group } from './append.ts'
import type { OutcomeRow } from './latest-outcome.ts'

const textsOf = (rows: Iterable<OutcomeRow>): [string, number][] => {
	const counts = new Map<string, number>()
	for (const { batch, row } of rows) {
		const text = categoryOf(
			batch.labels.kinds[row] as number,
			batch.labels.nums[row] as number,
			batch.strings,
		)
		if (text !== undefined) counts.set(text, (counts.get(text) ?? 0) + 1)
	}
	return [...counts]
}

/** The plan with the negative label that this commit has seen. */
export const withSeen = (plan: OutcomeSpec, { seen }: Group, model: string): OutcomeSpec => {
	const own = seen.get(model)
	return own === undefined || isNamed(plan)
		? plan
		: { ...plan, rule: { ...plan.rule, negativeLabel: own }, seenNegative: own }
}

const isNamed = ({ rule }: OutcomeSpec) => typeof rule.negativeLabel === 'string'

/**
 * Takes the negative label of a binary model from the first outcomes that have one besides the positive label, while nobody
 * has named it. It is kept with the model, so that outcomes are read, and taken back, alike.
 */
export function seeOutcomes(
	group: Group,
	model: string,
	plan: OutcomeSpec,
	rows: Iterable<OutcomeRow>,
): void {
	if (plan.task !== 'binary' || isNamed(plan) || group.seen.has(model)) return
	const observed = [...rows].filter(({ batch, row }) => batch.extras[row] === -1)
	see(group, model, negativeSeen(textsOf(observed), plan.rule.positiveLabel))
}

/** The same from decisions, where these are spelt as outcomes are: the positive label is among them. */
export function seeDecisions(
	group: Group,
	model: string,
	plan: OutcomeSpec,
	batch: RowBatch,
	rows: Int32Array,
): void {
	if (plan.task !== 'binary' || isNamed(plan) || group.seen.has(model)) return
	if (rows.every((row) => batch.labels.kinds[row] === cellKind.absent)) return
	const texts = textsOf(Array.from(rows, (row) => ({ batch, row })))
	const { positiveLabel } = plan.rule
	if (texts.some(([text]) => sideOf(text, { positiveLabel }) === positive))
		see(group, model, negativeSeen(texts, positiveLabel))
}

function see(group: Group, model: string, found: string | undefined): void {
	if (found === undefined) return
	group.seen.set(model, found)
	group.statements.push({
		sql: 'UPDATE model SET seen_negative = ? WHERE name = ? AND seen_negative IS NULL',
		params: [found, model],
	})
}

/** The labels that outcomes of these predictions are read by: those of when they came, and what was seen since. */
export const labelsAt = (
	{ positiveLabel, negativeLabel }: JoinIndex,
	{ rule, seenNegative, classes }: OutcomeSpec,
): Labels => ({
	classes,
	positiveLabel,
	negativeLabel:
		negativeLabel ?? ((rule.positiveLabel ?? null) === positiveLabel ? (seenNegative ?? null) : null),
})
