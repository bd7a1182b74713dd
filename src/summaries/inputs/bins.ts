/** A feature as declared by the version. */
export type FeatureSpec = {
	name: string
	type: 'numeric' | 'categorical' | 'boolean' | 'text'
	min?: number | undefined
	max?: number | undefined
	values?: string[] | undefined
	nullable?: boolean | undefined
}

/**
 * The bins of one column. A numeric value x is in bin i when edges[i-1] < x <= edges[i]; the last bin is open above. A
 * categorical value is in the bin of its text. Three extra bins follow, in this order: unseen (a category that is not in
 * the baseline), missing (null or absent), type error.
 */
export type ColumnBins = {
	/** Why the column looks like an identifier: nearly all values are distinct, or they grow with time. Its drift is meaningless. */
	identifier?: 'distinct' | 'growing'
} & (
	| {
			name: string
			kind: 'numeric'
			edges: Float64Array
			/** Each baseline value has its own bin, of which it is the right edge. */
			points?: boolean
			/** Of the baseline's finite values; standard deviation with ddof 0. */
			moments?: { mean: number; sd: number }
			spec?: FeatureSpec | undefined
	  }
	| { name: string; kind: 'categorical'; values: readonly string[]; spec?: FeatureSpec | undefined }
)

/** Never changed once made, so that counts on the same bins can be added. `columns`: the features, `$score`, `$decision`. */
export type Bins = { digest: string; columns: readonly ColumnBins[] }

export const binCount = (bins: ColumnBins): number =>
	bins.kind === 'numeric' ? bins.edges.length + 1 : bins.values.length

/** Positions of the three extra bins after `bins` bins of values. */
export const unseenBin = (bins: number): number => bins
export const missingBin = (bins: number): number => bins + 1
export const typeErrorBin = (bins: number): number => bins + 2
export const extraBins = 3

/** The bin of x: the index of the first edge that is not below x. */
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
