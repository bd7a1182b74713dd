import { seeded } from '../../core/random.ts'
import { categoryOf, cellValue, textHash } from '../../summaries/inputs/bin-of.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { negative, sideOf } from '../../summaries/outcomes/label.ts'
import { type DecisionRule, decide } from './decision.ts'

/** Fewer rows than these say nothing about whom a person is compared with. */
export const minRows = 30
/** Rows that SHAP draws absent features from: more cost time and change the third digit. */
const maxRows = 100

/** What one feature was among approved applicants. */
export type FeatureDistribution = {
	/** Ascending. */
	numbers: number[]
	/** Other values, as JSON, and how many had them. */
	others: Record<string, number>
	missing: number
}

/** Logged decisions that reasons and percentiles compare with. What is stored, and named by its digest. */
export type BackgroundContent = {
	/** Event time of the rows, ms since the epoch; `to` is exclusive. */
	from: number
	to: number
	features: string[]
	/** A sample of all applicants, and the approved ones at or just above the cut-off: values in the order of `features`. */
	all: unknown[][]
	near: unknown[][]
	/** How many approved applicants `distributions` is of. */
	approved: number
	distributions: Record<string, FeatureDistribution>
	/** What the service calls the decision that is not positive: the label that it logs most on that side. */
	opposite: string | null
}

type Applicant = { row: number; draw: number; score: number; approved: boolean }

/** Who was there, in an order that neither arrival nor chunks decide. */
function applicantsOf(batch: RowBatch, rule: DecisionRule): Applicant[] {
	const list: Applicant[] = []
	for (let row = 0; row < batch.rows; row++) {
		if (batch.hasFeatures[row] !== 1) continue
		const score = batch.scores[row] as number
		const label = cellValue(batch.labels, row, batch.strings)
		const { adverse } = decide(rule, { label, score })
		list.push({ row, draw: seeded(textHash(batch.ids[row] as string))(), score, approved: adverse === false })
	}
	const idOf = ({ row }: Applicant) => batch.ids[row] as string
	return list.sort((a, b) => a.draw - b.draw || (idOf(a) < idOf(b) ? -1 : 1))
}

/**
 * The approved quarter that is nearest to the cut-off, 30 to 100 of them: "at or slightly above the minimum passing
 * score" (12 CFR 1002, Supplement I, comment 9(b)(2)-5(i)).
 */
function nearCutOff(approved: readonly Applicant[], threshold: number | null): Applicant[] {
	if (threshold === null) return []
	const count = Math.min(maxRows, Math.max(minRows, Math.ceil(approved.length / 4)))
	return approved
		.filter(({ score }) => !Number.isNaN(score))
		.sort((a, b) => Math.abs(a.score - threshold) - Math.abs(b.score - threshold))
		.slice(0, count)
}

/** Chooses and counts the rows of a sample. `features` are the ones that explanations are about. */
export function makeBackground(
	batch: RowBatch | undefined,
	rule: DecisionRule,
	features: readonly string[],
	period: { from: number; to: number },
): BackgroundContent {
	const applicants = batch ? applicantsOf(batch, rule) : []
	const approved = applicants.filter((a) => a.approved)
	const valuesOf = ({ row }: Applicant) => features.map((name) => valueAt(batch as RowBatch, name, row))
	return {
		...period,
		features: [...features],
		all: applicants.slice(0, maxRows).map(valuesOf),
		near: nearCutOff(approved, rule.threshold).map(valuesOf),
		approved: approved.length,
		distributions: Object.fromEntries(
			features.map((name) => [name, distributionOf(batch, name, approved)] as const),
		),
		opposite: batch && rule.task === 'binary' ? oppositeOf(batch, rule) : null,
	}
}

/** The commonest label of the negative side; of equal ones the first in the alphabet. */
function oppositeOf(batch: RowBatch, rule: DecisionRule): string | null {
	const counts = new Map<string, number>()
	for (let row = 0; row < batch.rows; row++) {
		const label = categoryOf(
			batch.labels.kinds[row] as number,
			batch.labels.nums[row] as number,
			batch.strings,
		)
		if (label !== undefined && sideOf(label, rule) === negative)
			counts.set(label, (counts.get(label) ?? 0) + 1)
	}
	return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? null
}

function valueAt(batch: RowBatch, name: string, row: number): unknown {
	const column = batch.features.get(name)
	return (column && cellValue(column, row, batch.strings)) ?? null
}

function distributionOf(
	batch: RowBatch | undefined,
	name: string,
	approved: readonly Applicant[],
): FeatureDistribution {
	const numbers: number[] = []
	const others = new Map<string, number>()
	let missing = 0
	for (const { row } of approved) {
		const value = valueAt(batch as RowBatch, name, row)
		if (value === null) missing++
		else if (typeof value === 'number') numbers.push(value)
		else others.set(JSON.stringify(value), (others.get(JSON.stringify(value)) ?? 0) + 1)
	}
	return { numbers: numbers.sort((a, b) => a - b), others: Object.fromEntries(others), missing }
}

/** Rows of a background as the log holds them. */
export const recordsOf = ({ features }: BackgroundContent, rows: readonly unknown[][]) =>
	rows.map((values) => Object.fromEntries(features.map((name, i) => [name, values[i]])))
