import type { Favourable } from '../../stats/fairness/group-counts.ts'
import type { Labels, Task } from '../../summaries/outcomes/label.ts'

export type Codes = Uint8Array | Uint16Array | Uint32Array

/** Codes of labels: an unknown outcome, an outcome that is not a label of the task, or a class (`firstLabel` is class 0). */
export const unlabelled = 0
export const badLabel = 1
export const firstLabel = 2

/** The groups of a column, and the group of each row. */
export type Grouping = { names: string[]; codes: Codes }

/**
 * The rows of a table as typed columns of one length. Decisions have the codes of labels, or 0 when missing. `classes` are `+`
 * and `-` for binary models; labelled rows of a regression or ranking are class 0, and their outcomes are in `values`.
 */
export type Rows = {
	task: Task
	count: number
	classes: string[]
	/** Binary: the names of the two labels. */
	labelNames: Labels
	/** The favourable side of decisions by `comparedClass`; undefined when not given. */
	favourable: Favourable | undefined
	labels: Codes
	decisions: Codes
	/** NaN when missing. */
	scores: Float64Array
	/** Regression and ranking: the outcome. */
	values: Float64Array
	/** Multiclass: by class; NaN when missing. */
	probabilities: Map<string, Float64Array>
	/** Ranking: the query of each row. */
	queries: Codes | undefined
	/** By attribute. */
	groups: Map<string, Grouping>
	/** Of the facets, by column, with unchanged values, while `groups` may have bands. */
	facets: Map<string, Grouping>
	/** Remarks on the data for people. */
	notes: string[]
}

/** Row numbers; undefined means all rows. */
export type Chosen = Uint32Array | undefined

export function eachRow(count: number, chosen: Chosen, visit: (row: number) => void): void {
	if (chosen) for (let i = 0; i < chosen.length; i++) visit(chosen[i] as number)
	else for (let row = 0; row < count; row++) visit(row)
}

/** An array for codes up to `maxCode`. */
export function codesFor(rows: number, maxCode: number): Codes {
	if (maxCode < 2 ** 8) return new Uint8Array(rows)
	return maxCode < 2 ** 16 ? new Uint16Array(rows) : new Uint32Array(rows)
}
