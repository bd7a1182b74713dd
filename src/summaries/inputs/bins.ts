/** A feature as the version declares it. */
export type FeatureSpec = {
	name: string
	type: 'numeric' | 'categorical' | 'boolean' | 'text'
	min?: number | undefined
	max?: number | undefined
	values?: string[] | undefined
	nullable?: boolean | undefined
}

/**
 * The cells of one column. A numeric value x is in cell i when edges[i-1] < x <= edges[i]; the last cell is open above.
 * A categorical value is in the cell of its text. Three cells follow the `cells` of either kind, in this order:
 * unseen (a category that the baseline does not have), missing (null or absent), type error.
 */
export type ColumnBins = {
	/** What the baseline's values look like: nearly all distinct, or growing with time. Their drift says nothing. */
	identifier?: 'distinct' | 'growing'
} & (
	| {
			name: string
			kind: 'numeric'
			edges: Float64Array
			/** Each baseline value has a cell of its own, at whose right edge it stands. */
			points?: boolean
			/** Of the baseline's finite values; standard deviation with ddof 0. */
			moments?: { mean: number; sd: number }
			spec?: FeatureSpec | undefined
	  }
	| { name: string; kind: 'categorical'; values: readonly string[]; spec?: FeatureSpec | undefined }
)

/** Fixed once made: counts on the same grid add. `columns` are the features, then `$score` and `$decision`. */
export type Bins = { digest: string; columns: readonly ColumnBins[] }

export const binCount = (bins: ColumnBins): number =>
	bins.kind === 'numeric' ? bins.edges.length + 1 : bins.values.length

/** Offsets of the three cells behind the `cells` proper. */
export const unseenBin = (cells: number): number => cells
export const missingBin = (cells: number): number => cells + 1
export const typeErrorBin = (cells: number): number => cells + 2
export const extraBins = 3

/** Index of the first edge that is not below x: the cell of x. */
export function binOf(edges: Float64Array, x: number): number {
	let low = 0
	let high = edges.length
	while (low < high) {
		const middle = (low + high) >>> 1
		if ((edges[middle] as number) < x) low = middle + 1
		else high = middle
	}
	return low
}
