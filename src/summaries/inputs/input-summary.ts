import type { ExactSum } from './exact-sum.ts'
import type { Subjects } from './subjects.ts'

/** What one window's rows say of one column: all of it adds, exactly and in any order. */
export type ColumnSummary = {
	/** Counts on the grid: the cells proper, then unseen, missing (null or absent), type error. */
	counts: Float64Array
	nulls: number
	absent: number
	rangeViolations: number
	domainViolations: number
	/** Over the finite numeric values (booleans as 0 and 1). */
	sum: ExactSum
	/** Over numeric values, or over a hash of the text: the column is constant when they are equal. NaN when empty. */
	min: number
	max: number
}

/** A window's rows, summarised on a grid. */
export type InputSummary = {
	binsDigest: string
	rows: number
	/** Rows whose content was sent again; counted, not profiled. */
	duplicates: number
	/** Rows with no score, label or probabilities: the model did not answer. */
	errors: number
	/** Rows with at least one quality mark (type error, unknown or missing feature, range, domain). */
	schemaViolations: number
	/** Rows that came with an outcome or were given one later. */
	firstMs: number
	lastMs: number
	/** Latency counts by bucket of `latencyBucket`. */
	latency: Map<number, number>
	/** Of the rows that named one. */
	subjects: Subjects
	/** Aligned with `grid.columns`. */
	columns: ColumnSummary[]
}
