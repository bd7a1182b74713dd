import { decideAll } from '../trees/ensemble.ts'
import type { ShapPlan } from './shap-plan.ts'

/** Bytes of decisions that are held at once: they and one tree's table stay in a core's own cache. */
const blockBytes = 512 * 1024
const maxRows = 64

/**
 * Shapley values of many rows: `rows` are encoded (row-major, `columns` wide), and `out` takes `outputs * columns` a row,
 * columns of the first output first; it is overwritten. Rows are taken in blocks, and a block tree after tree, so that a
 * tree is fetched from memory once a block and not once a row. Throws RangeError when the sizes do not fit.
 */
export function explainRows(plan: ShapPlan, rows: Float64Array, out: Float64Array): void {
	const { e, addTree } = plan
	const width = e.columns * e.outputs
	const count = e.columns === 0 ? 0 : rows.length / e.columns
	if (!Number.isInteger(count) || out.length !== count * width)
		throw new RangeError(
			`${rows.length} values of ${e.columns} columns do not fill ${out.length} contributions`,
		)
	const nodes = e.feature.length
	const block = Math.max(1, Math.min(maxRows, count, Math.floor(blockBytes / Math.max(1, nodes))))
	const decisions = Array.from({ length: block }, () => new Uint8Array(nodes))
	out.fill(0)
	for (let from = 0; from < count; from += block) {
		const to = Math.min(from + block, count)
		for (let row = from; row < to; row++)
			decideAll(e, rows.subarray(row * e.columns, (row + 1) * e.columns), decisions[row - from] as Uint8Array)
		for (let tree = 0; tree < e.trees; tree++) {
			const offset = (e.treeOutput[tree] as number) * e.columns
			for (let row = from; row < to; row++)
				addTree(tree, decisions[row - from] as Uint8Array, out, row * width + offset)
		}
	}
}
