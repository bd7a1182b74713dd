import type { Favourable } from '../../stats/fairness/group-counts.ts'
import type { Labels, Task } from '../../summaries/outcomes/label.ts'

export type Codes = Uint8Array | Uint16Array | Uint32Array

/** Codes of labels: no outcome is known, the outcome is no label of the task, or a class (`firstLabel` is class 0). */
export const unlabelled = 0
export const badLabel = 1
export const firstLabel = 2

/** A column that parts the rows: the group of each row. */
export type Grouping = { names: string[]; codes: Codes }

/**
 * The rows of a table as metrics take them: typed columns of one length. Decisions have the codes of labels, and 0
 * where there is none. `classes` are `+` and `-` for binary models; a regression's or ranking's labelled rows are all
 * class 0, and their outcomes stand in `values`.
 */
export type Rows = {
	task: Task
	count: number
	classes: string[]
	/** Binary: what the two labels are called. */
	labelNames: Labels
	/** Of decisions by `comparedClass`; undefined when nobody said which is good for the person. */
	favourable: Favourable | undefined
	labels: Codes
	decisions: Codes
	/** NaN where there is none. */
	scores: Float64Array
	/** Regression and ranking: the outcome. */
	values: Float64Array
	/** Multiclass: by class; NaN where a row does not name it. */
	probabilities: Map<string, Float64Array>
	/** Ranking: the query of each row. */
	queries: Codes | undefined
	/** By attribute. */
	groups: Map<string, Grouping>
	/** Of the facets, by column; their values as they stand, where `groups` may have bands of them. */
	facets: Map<string, Grouping>
	/** What people should know of the data. */
	notes: string[]
}

/** Rows by their number: all, or some. */
export type Chosen = Uint32Array | undefined

export function eachRow(count: number, chosen: Chosen, visit: (row: number) => void): void {
	if (chosen) for (let i = 0; i < chosen.length; i++) visit(chosen[i] as number)
	else for (let row = 0; row < count; row++) visit(row)
}

/** Room for codes up to `most`. */
export function codesFor(rows: number, maxCode: number): Codes {
	if (maxCode < 2 ** 8) return new Uint8Array(rows)
	return maxCode < 2 ** 16 ? new Uint16Array(rows) : new Uint32Array(rows)
}
