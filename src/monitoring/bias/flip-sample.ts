import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import { textOf } from '../../summaries/outcomes/join-index.ts'
import { modelLabels, negative, positive } from '../../summaries/outcomes/label.ts'
import { makeJoinIndex } from '../../summaries/outcomes/make-join-index.ts'
import type { AuditScope } from './audit-scope.ts'

/** Every row of the group is held against every other row: a thousand answer within milliseconds. */
const maxRows = 1000

/** What Clarify's flip test takes: `places` are indexes into `known`. */
export type FlipSample = { places: number[]; features: Float64Array[]; selected: boolean[] }

/** The first of the known rows that have a decision and every numeric feature, a thousand at most. */
export function flipSample(
	{ model, favourable }: Pick<AuditScope, 'model' | 'favourable'>,
	specs: readonly FeatureSpec[],
	batch: RowBatch,
	known: Int32Array,
): FlipSample {
	const rule = { ...modelLabels(model), threshold: model.threshold }
	const plan = { task: model.task, rule, attributes: [], segments: [] }
	const { decisions } = makeJoinIndex(batch, known, plan, new Uint32Array(known.length))
	const columns = specs.filter((s) => s.type === 'numeric').map((s) => batch.features.get(s.name))
	const sample: FlipSample = { places: [], features: [], selected: [] }
	if (columns.length === 0) return sample
	known.forEach((row, place) => {
		const decision = textOf(decisions, place)
		if (sample.places.length === maxRows || decision === '') return
		const values = Float64Array.from(columns, (c) =>
			c?.kinds[row] === cellKind.number ? (c.nums[row] as number) : Number.NaN,
		)
		if (!values.every(Number.isFinite)) return
		sample.places.push(place)
		sample.features.push(values)
		sample.selected.push(decision === (favourable === 'negative' ? negative : positive))
	})
	return sample
}
