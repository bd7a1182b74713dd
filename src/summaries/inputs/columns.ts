/** What a cell holds; `nums` has the number, 0/1 for booleans, or an index into the batch's `strings`. */
export const cellKind = { absent: 0, null: 1, number: 2, string: 3, boolean: 4, json: 5 } as const

/** One feature's cells, a row each. */
export type Column = { kinds: Uint8Array; nums: Float64Array }

/**
 * Rows as columns: what travels from the HTTP parser to the writer, and what a chunk stores.
 * Texts stand once in `strings`; a column refers to them by index. An absent number is NaN, an absent text -1.
 */
export type RowBatch = {
	rows: number
	strings: string[]
	/** predictionId, or the subject for feature logs that have no predictionId (then `bySubject` is 1). */
	ids: string[]
	timestamps: Float64Array
	/** Index into `strings`; -1 when absent. */
	versions: Int32Array
	environments: Int32Array
	subjects: Int32Array
	/** 1 when the row had a `features` member. */
	hasFeatures: Uint8Array
	scores: Float64Array
	labels: Column
	latencies: Float64Array
	/** probabilities, attributions and further members as JSON text; -1 when absent. */
	extras: Int32Array
	features: Map<string, Column>
	segments: Map<string, Column>
}
