import type { Context } from '../../context.ts'
import { dayMs, parseDuration, windowMs, windowSizes } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import type { Series } from '../../log/prediction-log.ts'
import { sumOutcomeSummaries } from '../../log/read/windows.ts'
import type { ConceptDetector, ConceptMetric } from '../../metrics/descriptor.ts'
import { estimateOutcomes } from '../../metrics/estimate-outcomes.ts'
import { featureDoubt } from '../../metrics/feature-doubt.ts'
import { metrics } from '../../metrics/index.ts'
import { type MetricValue, ok } from '../../metrics/metric-value.ts'
import { type OutcomeResult, summariseOutcomes } from '../../metrics/outcome-result.ts'
import { OutcomeView } from '../../metrics/outcome-view.ts'
import type { Reference } from '../../metrics/reference.ts'
import { scoreBands } from '../../metrics/score-bands.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import { favourableIn } from '../../registry/model/favourable.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import type { Favourable } from '../../stats/fairness/group-counts.ts'
import { benjaminiHochberg } from '../../stats/multiple-tests.ts'
import { encodeOutcomeSummary } from '../../summaries/outcomes/encoding.ts'
import { emptyOutcomeSummary, type OutcomeSummary } from '../../summaries/outcomes/outcome-summary.ts'
import { type LabelledBaseline, labelledBaseline } from './labelled-baseline.ts'
import type { ComputedWindow, ComputeInput, DueWindow, SummaryKind } from './pipeline.ts'
import {
	currentRecords,
	endOf,
	inputRecords,
	type OutcomeRecord,
	outcomeRecords,
	sizeOf,
	type Window,
} from './records.ts'

/** Performance, estimates, fairness and concept drift: from predictions with their outcomes. */
export const outcomes: SummaryKind<OutcomeResult> = {
	name: 'outcomes',
	records: outcomeRecords,
	sizes: windowSizes,
	dirtyHours: (context, limit, after) => context.log.dirtyOutcomes(limit, after),
	clearDirty: (context, hours) => context.log.clearDirtyOutcomes(hours),
	matured: maturedWindows,
	async open(context, { model: name, version, series }) {
		const model = await findModel(context, name)
		const baseline = await labelledBaseline(context, model, version)
		const favourable = await favourableIn(context, model, version)
		const reference = baseline && (await currentReference(context, name, version))
		const ids = series.map((s) => s.id)
		const threshold = await onlyThreshold(context, name)
		const setting: Setting = { series, model, baseline, reference, favourable, threshold }
		return {
			series,
			sources: { days: 'outcome_day', hours: (from, to) => context.log.outcomeDeltas(ids, from, to) },
			compute: (window, input) => computeWindow(context, setting, window, input),
		}
	},
}

/** Windows whose wait for outcomes is over. */
async function maturedWindows(context: Context): Promise<DueWindow[]> {
	const rows = await context.sql.all<{ series: number; hours: number; from_ms: number }>({
		sql: `SELECT series, hours, from_ms FROM outcome_record
			WHERE mature_at IS NOT NULL AND mature_at <= ? AND superseded_at IS NULL`,
		params: [context.now()],
	})
	return rows.map((r) => ({ seriesId: r.series, window: { size: sizeOf(r.hours), from: r.from_ms } }))
}

type Setting = {
	series: readonly Series[]
	model: ModelRow
	baseline: LabelledBaseline | undefined
	/** The baseline's features. */
	reference: Reference | undefined
	favourable: Favourable | undefined
	threshold: number | undefined
}

/** The threshold of a model that never had another: only then is it known which one a stored decision was made by. */
async function onlyThreshold(context: Context, model: string): Promise<number | undefined> {
	const rows = await context.sql.all<{ threshold: number | null }>({
		sql: "SELECT DISTINCT settings ->> 'threshold' AS threshold FROM model_history WHERE model = ?",
		params: [model],
	})
	return rows.length === 1 ? (rows[0]?.threshold ?? undefined) : undefined
}

async function computeWindow(
	context: Context,
	{ series: list, model, baseline, reference, favourable, threshold }: Setting,
	window: Window,
	{ partsOf, before, now }: ComputeInput<OutcomeResult>,
): Promise<ComputedWindow<OutcomeResult>> {
	const doubts = reference && featureDoubts(context, list, reference, window)
	const statements: Statement[] = []
	const results: ComputedWindow<OutcomeResult>['results'] = []
	for (const series of list) {
		const { id } = series
		const outcomeSummary = sumOutcomeSummaries(partsOf(id, window))
		const concept = await conceptValues(context, series, window)
		if (!outcomeSummary && concept.length === 0 && !before.has(id)) continue
		const view = new OutcomeView(model.task, outcomeSummary ?? emptyOutcomeSummary())
		if (outcomeSummary && window.size === '1d') statements.push(keepDay(id, window.from, outcomeSummary))
		const result = summariseOutcomes(view, favourable)
		if (model.task === 'binary' && window.size === '1d' && series.segment === '')
			result.scores = scoreBands(view, threshold)
		if (baseline && hasEnoughRows(view, window)) {
			const doubt = (await doubts?.(series)) ?? ''
			for (const [metric, value] of estimateOutcomes(view, baseline.reference, id + window.from, { doubt }))
				result.values.set(metric, value)
		}
		// Without predictions there are only the detectors' values among outcomes of earlier predictions.
		if (!outcomeSummary) result.values.clear()
		for (const [metric, value] of concept) result.values.set(metric, value)
		const matureAt = maturityOf(model, window, result, now, before.get(id)).matureAt
		results.push({ series: id, result, baseline: baseline?.digest ?? null, matureAt })
	}
	adjustForMultipleTests(results.map((r) => r.result))
	return { results, statements }
}

/** Fewer predictions in an hour say too little to be worth the random draws of an estimate. */
const minInHour = 500
const hasEnoughRows = ({ outcomeSummary }: OutcomeView, { size }: Window): boolean =>
	size !== '1h' || outcomeSummary.predictions >= minInHour

/** Why estimates from the scores of a series are in doubt by its features, or ''. Features are read on first use. */
function featureDoubts(
	context: Context,
	series: readonly Series[],
	reference: Reference,
	{ size, from }: Window,
) {
	const ids = series.map((s) => s.id)
	let read: ReturnType<typeof currentRecords<Parameters<typeof featureDoubt>[1]>> | undefined
	return async ({ id, segment }: Series): Promise<string> => {
		read ??= currentRecords(context, inputRecords, ids, size, [from])
		const record = (await read).get(from)?.get(id)
		return record?.baseline === reference.digest ? featureDoubt(reference, record.result, segment) : ''
	}
}

/** A window is mature when it is over, and enough outcomes are known or can never be, or it has waited long enough. */
export function maturityOf(
	{ maturity }: ModelRow,
	window: Window,
	{ predictions, labelled, never }: Pick<OutcomeResult, 'predictions' | 'labelled' | 'never'>,
	now: number,
	before?: OutcomeRecord,
): Pick<OutcomeRecord, 'provisional' | 'matureAt'> {
	const to = endOf(window)
	if (to > now) return { provisional: true, matureAt: null }
	const due = to + (parseDuration(maturity.delay) ?? 0)
	// Late predictions do not make a mature window immature again.
	const wasMature =
		before !== undefined && !before.provisional && before.matureAt === null && before.result.predictions > 0
	const isMature =
		wasMature ||
		predictions === 0 ||
		now >= due ||
		(labelled > 0 && labelled + never >= maturity.coverage * predictions)
	return { provisional: false, matureAt: isMature ? null : due }
}

/** Stores a day's summary for the sum of its week. */
const keepDay = (series: number, day: number, outcomeSummary: OutcomeSummary): Statement => ({
	sql: 'INSERT OR REPLACE INTO outcome_day (series, day_ms, bytes) VALUES (?, ?, ?)',
	params: [series, day, encodeOutcomeSummary(outcomeSummary)],
})

const conceptMetrics: readonly ConceptMetric[] = metrics.filter((m) => m.subject === 'concept')

/** How many changes each detector found among the outcomes of a day or week that became known, over all rows. */
async function conceptValues(
	context: Context,
	series: Series,
	{ size, from }: Window,
): Promise<[string, MetricValue][]> {
	if (series.segment !== '' || windowMs[size] < dayMs) return []
	const days = await context.sql.all<{ n: number; error: number; changes: string }>({
		sql: 'SELECT n, error, changes FROM concept_day WHERE series = ? AND day_ms >= ? AND day_ms < ?',
		params: [series.id, from, from + windowMs[size]],
	})
	if (days.length === 0) return []
	const n = days.reduce((sum, day) => sum + day.n, 0)
	const error = days.reduce((sum, day) => sum + day.error, 0) / n
	const countIn = (changes: string, detector: ConceptDetector): number =>
		(JSON.parse(changes) as Record<ConceptDetector, number>)[detector]
	return conceptMetrics.map(({ id, detector }) => {
		const changes = days.reduce((sum, day) => sum + countIn(day.changes, detector), 0)
		const value = ok({ value: changes, low: Number.NaN, high: Number.NaN }, n)
		return [id, { ...value, reason: `mean error ${Number(error.toPrecision(4))} over ${n} outcomes` }]
	})
}

/** q of every test: all attributes and segments of one window are one set of tests. */
function adjustForMultipleTests(results: readonly OutcomeResult[]): void {
	const tests = results.flatMap(({ attributes }) =>
		[...attributes.values()].flatMap(({ values }) => [...values.values()]),
	)
	const q = benjaminiHochberg(tests.map((t) => t.p))
	tests.forEach((value, i) => {
		value.q = q[i] as number
	})
}
