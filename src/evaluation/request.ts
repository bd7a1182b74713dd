import type { Task } from '../tally/label.ts'

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
	/** As a model's `positiveLabel`. */
	positive: string | undefined
	groups: readonly string[]
	facets: readonly Facet[]
	minGroup: number
	query: string | undefined
}

/** The class that decisions and outcomes are positive by; '' when rates of groups mean nothing. */
export const favourableOf = ({ task, positive }: Request): string =>
	task === 'binary' ? '+' : task === 'multiclass' ? (positive ?? '') : ''
