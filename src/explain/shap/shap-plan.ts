import type { TreeEnsemble } from '../trees/ensemble.ts'

/** Shapley values of one row: by output, a value a column. base + the sum of an output's contributions is its margin. */
export type ShapValues = { base: Float64Array; contributions: Float64Array[] }

/** What Shapley values need of a model: made once, used for every row, by one caller at a time. */
export type ShapPlan = {
	e: TreeEnsemble
	/** The expected margin of each output. */
	base: Float64Array
	/** Adds one tree's values to `out` (by column, from `offset`). `decisions` as of `decideAll`. Allocates nothing. */
	addTree(tree: number, decisions: Uint8Array, out: Float64Array, offset: number): void
}

/** Shapley values of the row with these decisions. */
export function shapValues({ e, base, addTree }: ShapPlan, decisions: Uint8Array): ShapValues {
	const contributions = Array.from({ length: e.outputs }, () => new Float64Array(e.columns))
	for (let tree = 0; tree < e.trees; tree++)
		addTree(tree, decisions, contributions[e.treeOutput[tree] as number] as Float64Array, 0)
	return { base: base.slice(), contributions }
}
