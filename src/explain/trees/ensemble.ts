/** What counts as missing, by node (bits 2-3 of `flags`): LightGBM's `missing_type`; XGBoost is always `nan`. */
export const missingType = { none: 0, zero: 1, nan: 2 } as const

/** Bits of a node's `flags`. */
export const nodeFlag = { categorical: 1, missingLeft: 2, missingShift: 2 } as const

/**
 * Trees as flat arrays: the nodes of all trees one after the other, a tree's root first and every child after its
 * parent. `left` and `right` are indexes into the same arrays, -1 at leaves.
 */
export type TreeEnsemble = {
	trees: number
	/** The number of columns; `feature` is below it. */
	columns: number
	/** 1, or one a class. */
	outputs: number
	/** Index of each tree's root, and of the end of the last one. */
	roots: Int32Array
	/** The output that each tree adds to. */
	treeOutput: Int32Array
	left: Int32Array
	right: Int32Array
	/** The column that a node splits on; -1 at leaves. */
	feature: Int32Array
	/** Of numeric splits, in the precision of the comparison. */
	threshold: Float64Array
	/** Of leaves, as added to the margin (shrunk, weighted); 0 elsewhere. */
	value: Float64Array
	/** The training rows that came through a node, or the sum of their hessians. */
	cover: Float64Array
	/** `nodeFlag` bits, and the missing type. */
	flags: Uint8Array
	/** Of categorical splits: where the node's bits begin in `categoryBits`, and their number of 32-bit words. */
	categoryStart: Int32Array
	categoryWords: Int32Array
	categoryBits: Uint32Array
	/** XGBoost: `x < threshold` goes left, a category in the set goes right. LightGBM: `x <= threshold` left, in the set left. */
	style: 'xgboost' | 'lightgbm'
	/** The base of the margin, by output. */
	base: Float64Array
	/** Whether a margin is summed in float32, tree by tree, or in float64. */
	precision: 'float32' | 'float64'
	/** ONNX's AVERAGE: the sum of the leaves is divided by the trees of an output. */
	average: boolean
}

/** Whether the value, truncated to a whole number, is at least 0 and in the node's category set. */
function inSet(e: TreeEnsemble, node: number, x: number): boolean {
	const category = Math.trunc(x)
	const word = category >>> 5
	if (!(category >= 0) || category >= 2 ** 31 || word >= (e.categoryWords[node] as number)) return false
	const bits = e.categoryBits[(e.categoryStart[node] as number) + word] as number
	return ((bits >>> (category & 31)) & 1) === 1
}

// LightGBM's kZeroThreshold is the float 1e-35f.
const zeroBound = 1.0000000180025095e-35

/** Whether a row goes left at an inner node. `x` is encoded: in the model's precision, NaN for missing. */
export function goesLeft(e: TreeEnsemble, node: number, x: Float64Array): boolean {
	const flags = e.flags[node] as number
	let v = x[e.feature[node] as number] as number
	if (e.style === 'xgboost') {
		if (Number.isNaN(v)) return (flags & nodeFlag.missingLeft) !== 0
		if ((flags & nodeFlag.categorical) === 0) return v < (e.threshold[node] as number)
		return !(v >= 0 && inSet(e, node, v))
	}
	if ((flags & nodeFlag.categorical) !== 0) return !Number.isNaN(v) && inSet(e, node, v)
	const missing = flags >>> nodeFlag.missingShift
	if (Number.isNaN(v) && missing !== missingType.nan) v = 0
	const isMissing =
		(missing === missingType.nan && Number.isNaN(v)) ||
		(missing === missingType.zero && v >= -zeroBound && v <= zeroBound)
	return isMissing ? (flags & nodeFlag.missingLeft) !== 0 : v <= (e.threshold[node] as number)
}

/**
 * Sets 1 for every inner node at which the row would go left, whether it reaches the node or not: all that tree SHAP needs of
 * a row. `out` has one byte a node.
 */
export function decideAll(e: TreeEnsemble, x: Float64Array, out: Uint8Array): Uint8Array {
	const { feature, threshold, flags } = e
	const strict = e.style === 'xgboost'
	const { categorical, missingShift } = nodeFlag
	for (let node = 0; node < feature.length; node++) {
		const column = feature[node] as number
		if (column < 0) continue
		const flag = flags[node] as number
		const v = x[column] as number
		// Common splits avoid a branch on the result, which processors cannot predict.
		if (
			(flag & categorical) !== 0 ||
			Number.isNaN(v) ||
			(!strict && flag >>> missingShift === missingType.zero)
		)
			out[node] = goesLeft(e, node, x) ? 1 : 0
		else if (strict) out[node] = Number(v < (threshold[node] as number))
		else out[node] = Number(v <= (threshold[node] as number))
	}
	return out
}

/** The leaf that a row reaches in a tree. */
export function leafOf(e: TreeEnsemble, tree: number, x: Float64Array): number {
	let node = e.roots[tree] as number
	while ((e.left[node] as number) >= 0) node = (goesLeft(e, node, x) ? e.left[node] : e.right[node]) as number
	return node
}

/**
 * The raw margin of each output: leaves are added tree by tree in the model's precision, as XGBoost (cpu_predictor.cc,
 * onto the base in float32) and LightGBM (gbdt_prediction.cpp, from 0 in double) do it.
 */
export function ensembleMargin(e: TreeEnsemble, x: Float64Array): Float64Array {
	const margin = e.base.slice()
	const narrow = e.precision === 'float32'
	for (let tree = 0; tree < e.trees; tree++) {
		const output = e.treeOutput[tree] as number
		const sum = (margin[output] as number) + (e.value[leafOf(e, tree, x)] as number)
		margin[output] = narrow ? Math.fround(sum) : sum
	}
	return margin
}
