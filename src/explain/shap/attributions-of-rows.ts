import { AdditivityError, type Attribution, checkedAttribution, type Model } from '../model.ts'

/** Encoded rows one after the other, as `explainRows` and threads take them. */
export function rowMajor(rows: readonly Float64Array[]): Float64Array {
	const width = rows[0]?.length ?? 0
	const all = new Float64Array(rows.length * width)
	rows.forEach((x, i) => {
		all.set(x, i * width)
	})
	return all
}

/** What `explainRows` or threads answered for rows, and how. */
export type ExplainedColumns = { method: string; base: Float64Array; contributions: Float64Array }

/**
 * Attributions by feature of rows whose columns were explained together: the columns of one feature add up to it. Every sum
 * is checked against the row's own margin: where it is another, the answer is the error. Throws RangeError for a model that
 * is not made of trees.
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
