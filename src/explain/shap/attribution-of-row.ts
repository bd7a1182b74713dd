import { type Attribution, checkedAttribution, type Model } from '../model.ts'

/** What `explainRows` or threads answered for rows, and how. */
export type ExplainedColumns = { method: string; base: Float64Array; contributions: Float64Array }

/**
 * The attribution by feature of one of the rows whose columns were explained together: the columns of one feature add up to
 * it. `x` is the encoded row, whose margin the sum is checked against. Throws AdditivityError, and RangeError for a model
 * that is not made of trees.
 */
export function attributionOfRow(
	model: Model,
	x: Float64Array,
	row: number,
	{ method, base, contributions }: ExplainedColumns,
): Attribution {
	const { structure, outputs, tolerance } = model
	if (structure?.kind !== 'trees') throw new RangeError('only trees are explained by their columns')
	const { columns } = structure.ensemble
	const byFeature = Array.from({ length: outputs }, (_, k) => {
		const at = (row * outputs + k) * columns
		return Float64Array.from(structure.sources, (source) =>
			source.columns.reduce((sum, column) => sum + (contributions[at + column] as number), 0),
		)
	})
	const parts = { method, base: base.slice(), contributions: byFeature, margin: model.margin(x) }
	return checkedAttribution(parts, tolerance)
}
