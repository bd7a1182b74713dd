import type { Task } from '../../summaries/outcomes/label.ts'

/** One group of an attribute, for which Clarify's metrics are asked. */
export type Facet = { column: string; value: string }

/** What is to be evaluated. Columns by their names in the table. */
export type Request = {
	task: Task
	actual: string
	/** The score, or a column of `{ class: probability }`. For regression the predicted value. */
	score: string | undefined
	/** Multiclass: the column of each class's probability. */
	classScores: readonly { name: string; column: string }[]
	prediction: string | undefined
	threshold: number
	/** As a model's `positiveLabel` and `negativeLabel`. */
	positive: string | undefined
	negative?: string | undefined
	/** Decisions in the words of outcomes. */
	decisionMap?: readonly (readonly [string, string])[] | undefined
	/** The decision that is good for the person, or the outcome where there are no decisions. */
	favourable?: string | undefined
	groups: readonly string[]
	facets: readonly Facet[]
	minGroup: number
	query: string | undefined
}

/** The class that decisions and outcomes of groups are positive by; '' when rates of groups mean nothing. */
export const comparedClass = ({ task, positive, favourable }: Request): string =>
	task === 'binary' ? '+' : task === 'multiclass' ? (positive ?? favourable ?? '') : ''
