import { goesLeft, type TreeEnsemble } from './ensemble.ts'

/** The leaf that a row comes to in a tree. */
export function leafOf(e: TreeEnsemble, tree: number, x: Float64Array): number {
	let node = e.roots[tree] as number
	while ((e.left[node] as number) >= 0) node = (goesLeft(e, node, x) ? e.left[node] : e.right[node]) as number
	return node
}

/**
 * The raw margin of each output: leaves are added tree after tree in the model's precision, as XGBoost (cpu_predictor.cc,
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
