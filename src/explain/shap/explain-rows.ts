import { AdditivityError, type Attribution, checkedAttribution, type Model } from '../model.ts'
import { decideAll, type TreeEnsemble } from '../trees/ensemble.ts'

/** Shapley values of one row by output and column: base + the sum of an output's contributions is its margin. */
export type ShapValues = { base: Float64Array; contributions: Float64Array[] }

/** Prepared once a model and used for every row, by one caller at a time. */
export type ShapPlan = {
	e: TreeEnsemble
	/** The expected margin of each output. */
	base: Float64Array
	/** Adds one tree's values to `out` (by column, from `offset`), with the row's `decideAll`. Allocates nothing. */
	addTree(tree: number, decisions: Uint8Array, out: Float64Array, offset: number): void
}

/** The Shapley values of a row, from its decisions. */
export function shapValues({ e, base, addTree }: ShapPlan, decisions: Uint8Array): ShapValues {
	const contributions = Array.from({ length: e.outputs }, () => new Float64Array(e.columns))
	for (let tree = 0; tree < e.trees; tree++)
		addTree(tree, decisions, contributions[e.treeOutput[tree] as number] as Float64Array, 0)
	return { base: base.slice(), contributions }
}

/** Bytes of decisions in one block, so that they and one tree's table fit in a core's cache. */
const blockBytes = 512 * 1024
const maxRows = 64

/**
 * Shapley values of many rows: `rows` are encoded (row-major, `columns` wide); `out` receives `outputs * columns` a row, the
 * first output first. Rows are processed in blocks, tree by tree, so that a tree is loaded from memory once a block instead of
 * once a row. Throws RangeError when the sizes do not match.
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

/** Encoded rows in one row-major array, for `explainRows` and threads. */
export function rowMajor(rows: readonly Float64Array[]): Float64Array {
	const width = rows[0]?.length ?? 0
	const all = new Float64Array(rows.length * width)
	rows.forEach((x, i) => {
		all.set(x, i * width)
	})
	return all
}

/** The result of `explainRows` or threads, and the method. */
type ExplainedColumns = { method: string; base: Float64Array; contributions: Float64Array }

/**
 * Attributions by feature from contributions by column: those of a feature's columns add up. Every sum is checked against the
 * margin of the row; a mismatch is returned as the error. Throws RangeError unless the model is made of trees.
 */
export function attributionsOfRows(
	model: Model,
	rows: readonly Float64Array[],
	{ method, base, contributions }: ExplainedColumns,
): (Attribution | AdditivityError)[] {
	const { structure, outputs, tolerance } = model
	if (structure?.kind !== 'trees') throw new RangeError('only trees are explained by their columns')
	const { columns } = structure.ensemble
	return rows.map((x, row) => {
		const byFeature = Array.from({ length: outputs }, (_, k) => {
			const at = (row * outputs + k) * columns
			return Float64Array.from(structure.sources, (source) =>
				source.columns.reduce((sum, column) => sum + (contributions[at + column] as number), 0),
			)
		})
		try {
			return checkedAttribution(
				{ method, base: base.slice(), contributions: byFeature, margin: model.margin(x) },
				tolerance,
			)
		} catch (error) {
			if (error instanceof AdditivityError) return error
			throw error
		}
	})
}
