import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { seeded } from '../../core/random.ts'
import { formatTime } from '../../core/time.ts'
import { sampleRows } from '../../log/read/sample-rows.ts'
import { labelsOf } from '../../registry/baseline/collect-baseline.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import type { Column } from '../../stats/segments/columns.ts'
import { worstSegments } from '../../stats/segments/worst-segments.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { type Column as Cells, categoryOf, cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import { concatBatches } from '../../summaries/inputs/select-rows.ts'
import { textOf } from '../../summaries/outcomes/join-index.ts'
import { actualOf, modelLabels } from '../../summaries/outcomes/label.ts'
import { makeJoinIndex, type OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import { periodOf, type ScopeQuery, versionInEnvironment } from '../scope.ts'
import type { WorstSegments } from './segments.schema.ts'

const maxRows = 50_000
const idsAtOnce = 5000
/** Larger errors would make sums of squares infinite. */
const maxError = 1e100

export type SegmentQuery = ScopeQuery & {
	/** `error`: where the model is worst. `drift`: where rows became more frequent than in the period before, of equal length. */
	by?: 'error' | 'drift' | undefined
}

/**
 * The segments with the worst mean loss, over at most 50,000 rows of the period, confirmed on rows that they were not found
 * on. The loss is a wrong decision (0 or 1), or the absolute error of a regression.
 */
export async function findWorstSegments(
	context: Context,
	actor: Actor,
	query: SegmentQuery,
): Promise<WorstSegments> {
	authorise(actor, ['analyst', 'auditor'], query.model)
	const model = await findModel(context, query.model)
	const period = periodOf(query, context.now())
	const series = await versionInEnvironment(context, { ...query, model: model.name })
	const { features } = await findVersion(context, model.name, series.version)
	const by = query.by ?? 'error'
	const sampled = await (by === 'error' ? errorRows : driftRows)(context, model, { ...series, ...period })
	const head = {
		model: model.name,
		...series,
		period: { from: formatTime(period.from), to: formatTime(period.to) },
		by,
		loss: by === 'drift' ? 'share' : model.task === 'regression' ? 'absolute' : 'error',
		computedAt: formatTime(context.now()),
	} as const
	if (!sampled)
		return { ...head, rows: 0, heldOut: 0, segments: [], reason: 'there are no predictions in the period' }
	const { batch, loss } = sampled
	const columns = features.map((spec) => toColumn(spec, batch.features.get(spec.name), batch))
	// A fixed seed splits the same rows into the same halves each time.
	const worst = worstSegments(columns, loss, { random: seeded(Math.floor(period.from / 1000)) })
	return {
		...head,
		rows: loss.reduce((n, x) => n + (Number.isNaN(x) ? 0 : 1), 0),
		heldOut: worst.heldOut,
		segments: worst.segments.map(({ metric, restOfRows, ...rest }) => ({
			...rest,
			value: metric,
			outside: restOfRows,
		})),
		reason: worst.reason ?? null,
	}
}

type PeriodOfVersion = { version: string; environment: string; from: number; to: number }
type Sampled = { batch: RowBatch; loss: Float64Array } | undefined

async function errorRows(context: Context, model: ModelRow, period: PeriodOfVersion): Promise<Sampled> {
	const { batch } = await sampleRows(context, { model: model.name, ...period }, maxRows)
	if (!batch) return undefined
	const rule = { ...modelLabels(model), threshold: model.threshold }
	const spec: OutcomeSpec = { task: model.task, rule, attributes: [], segments: [] }
	const rows = Int32Array.from({ length: batch.rows }, (_, r) => r)
	const { scores, decisions } = makeJoinIndex(batch, rows, spec, new Uint32Array(batch.rows))
	const actuals: unknown[] = []
	for (let i = 0; i < batch.rows; i += idsAtOnce)
		actuals.push(...(await context.log.actuals(model.name, batch.ids.slice(i, i + idsAtOnce))))
	const { labels, strings } = labelsOf(actuals)
	const loss = Float64Array.from(rows, (r) => {
		const actual = actualOf(model.task, rule, labels, r, strings)
		if (!actual) return Number.NaN
		if (model.task === 'regression') return Math.min(maxError, Math.abs((scores[r] as number) - actual.value))
		const decision = textOf(decisions, r)
		return decision === '' ? Number.NaN : decision === actual.text ? 0 : 1
	})
	return { batch, loss }
}

/** Rows of the period with loss 1, and as many of the period before with loss 0. */
async function driftRows(context: Context, model: ModelRow, period: PeriodOfVersion): Promise<Sampled> {
	const query = { model: model.name, ...period }
	const { batch: now } = await sampleRows(context, query, maxRows / 2)
	const before = { ...query, from: period.from - (period.to - period.from), to: period.from }
	const { batch: then } = await sampleRows(context, before, maxRows / 2)
	if (!now || !then) return undefined
	const loss = new Float64Array(now.rows + then.rows)
	loss.fill(1, 0, now.rows)
	return { batch: concatBatches([now, then]), loss }
}

function toColumn(spec: FeatureSpec, cells: Cells | undefined, batch: RowBatch): Column {
	if (spec.type === 'numeric') {
		const values = new Float64Array(batch.rows).fill(Number.NaN)
		cells?.kinds.forEach((kind, r) => {
			if (kind === cellKind.number) values[r] = cells.nums[r] as number
		})
		return { name: spec.name, values }
	}
	const names: string[] = []
	const index = new Map<string, number>()
	const codes = new Int32Array(batch.rows).fill(-1)
	cells?.kinds.forEach((kind, r) => {
		const text = categoryOf(kind, cells.nums[r] as number, batch.strings)
		if (text === undefined) return
		let code = index.get(text)
		if (code === undefined) {
			code = names.push(text) - 1
			index.set(text, code)
		}
		codes[r] = code
	})
	return { name: spec.name, codes, names }
}
