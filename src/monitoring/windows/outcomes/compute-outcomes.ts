import type { Context } from '../../../context.ts'
import { parseDuration, windowMs } from '../../../core/time.ts'
import type { Statement } from '../../../db/sql.ts'
import type { Series } from '../../../log/prediction-log.ts'
import { sumOutcomeSummaries } from '../../../log/read/windows.ts'
import { estimateOutcomes } from '../../../metrics/estimate-outcomes.ts'
import { featureDoubt } from '../../../metrics/feature-doubt.ts'
import { type OutcomeResult, summariseOutcomes } from '../../../metrics/outcome-result.ts'
import { OutcomeView } from '../../../metrics/outcome-view.ts'
import type { Reference } from '../../../metrics/reference.ts'
import { currentReference } from '../../../registry/baseline/current-bins.ts'
import { favourableIn } from '../../../registry/model/favourable.ts'
import { findModel, type ModelRow } from '../../../registry/model/find-model.ts'
import type { Favourable } from '../../../stats/fairness/group-counts.ts'
import { benjaminiHochberg } from '../../../stats/multiple-tests.ts'
import { encodeOutcomeSummary } from '../../../summaries/outcomes/encoding.ts'
import { emptyOutcomeSummary, type OutcomeSummary } from '../../../summaries/outcomes/outcome-summary.ts'
import { type Computation, closedSince } from '../compute-dirty.ts'
import type { Family } from '../compute-family.ts'
import { changeStatement, currentRecords, windowOf } from '../records.ts'
import {
	type Computed,
	inSlices,
	type PartsOf,
	partsOfSlice,
	recordsOfSlice,
	type Sources,
	type Stages,
	type Window,
} from '../window-slices.ts'
import { conceptFindings } from './concept.ts'
import { type LabelledBaseline, labelledBaseline } from './labelled-baseline.ts'
import { currentOutcomes, type OutcomeRecord, outcomeStatements } from './records.ts'

/** Performance, estimates, fairness and concept drift: from predictions with their outcomes. */
export const outcomeComputation: Computation = {
	dirtyHours: (context, limit, after) => context.log.dirtyOutcomes(limit, after),
	clearDirty: (context, hours) => context.log.clearDirtyOutcomes(hours),
	due: async (context) => [...(await closedSince(context, 'outcome_record')), ...(await matured(context))],
	computeFamily,
}

/** Windows that wait for outcomes no longer. */
async function matured(context: Context) {
	const rows = (await context.sql.values({
		sql: 'SELECT series, hours, from_ms FROM outcome_record WHERE mature_at IS NOT NULL AND mature_at <= ? AND superseded_at IS NULL',
		params: [context.now()],
	})) as unknown as [number, number, number][]
	return rows.map(([seriesId, hours, from]) => ({
		seriesId,
		window: { size: windowOf[hours] as Window['size'], from },
	}))
}

async function computeFamily(
	context: Context,
	family: Family,
	windows: readonly Window[],
	onWindow: () => void = () => {},
): Promise<number> {
	const model = await findModel(context, family.model)
	const baseline = await labelledBaseline(context, model, family.version)
	const favourable = await favourableIn(context, model, family.version)
	const reference = baseline && (await currentReference(context, family.model, family.version))
	const setting = { family, model, baseline, reference, favourable }
	const stages: Stages<Read> = {
		read: (slice) => readSlice(context, family, slice),
		compute: (window, read) => computeWindow(context, setting, window, read),
	}
	return inSlices(context, windows, stages, onWindow)
}

/** What windows of a slice are computed from: parts of their tallies, and the records that are in force. */
type Read = { parts: PartsOf; before: (window: Window) => ReadonlyMap<number, OutcomeRecord> }

async function readSlice(context: Context, { series }: Family, slice: readonly Window[]): Promise<Read> {
	const ids = series.map((s) => s.id)
	const sources: Sources = {
		days: 'outcome_day',
		hours: (from, to) => context.log.outcomeDeltas(ids, from, to),
	}
	return {
		parts: await partsOfSlice(context, slice, ids, sources),
		before: await recordsOfSlice(slice, (size, froms) => currentOutcomes(context, ids, size, froms)),
	}
}

const minInHour = 500

type Setting = {
	family: Family
	model: ModelRow
	baseline: LabelledBaseline | undefined
	/** The baseline's features. */
	reference: Reference | undefined
	favourable: Favourable | undefined
}

async function computeWindow(
	context: Context,
	{ family, model, baseline, reference, favourable }: Setting,
	window: Window,
	read: Read,
): Promise<Computed> {
	const { size, from } = window
	const before = read.before(window)
	const doubts = reference && featureDoubts(context, family, reference, window)
	const statements: Statement[] = []
	const results: { series: Series; result: OutcomeResult }[] = []
	for (const series of family.series) {
		const outcomeSummary = sumOutcomeSummaries(read.parts(series.id, window))
		const concept = await conceptFindings(context, series, window)
		if (!outcomeSummary && concept.length === 0 && !before.has(series.id)) continue
		const view = new OutcomeView(model.task, outcomeSummary ?? emptyOutcomeSummary())
		if (outcomeSummary && size === '1d') statements.push(keepDay(series.id, from, outcomeSummary))
		const result = summariseOutcomes(view, favourable)
		const isEstimated = baseline !== undefined && isEnough(view, window)
		const doubt = isEstimated ? ((await doubts?.(series)) ?? '') : ''
		const estimates = isEstimated
			? estimateOutcomes(view, baseline.reference, series.id + from, { doubt })
			: []
		for (const [id, finding] of estimates) result.values.set(id, finding)
		// Without predictions there is only what the detectors found among outcomes of earlier ones.
		if (!outcomeSummary) result.values.clear()
		for (const [id, finding] of concept) result.values.set(id, finding)
		results.push({ series, result })
	}
	adjustForMultipleTests(results.map((r) => r.result))
	let changed = 0
	for (const { series, result } of results) {
		const next = {
			series: series.id,
			window: size,
			from,
			computedAt: context.now(),
			baseline: baseline?.digest ?? null,
			result,
		}
		const maturity = maturityOf(model, window, result, context.now(), before.get(series.id))
		const own = outcomeStatements({ ...next, ...maturity }, before.get(series.id))
		if (own.length > 0) changed++
		statements.push(...own)
	}
	const overall = family.series[0]
	if (changed > 0 && overall) statements.push(changeStatement(overall.id, size, from))
	return { statements, changed }
}

/** An hour of few rows says too little to be worth the draws. */
const isEnough = ({ outcomeSummary }: OutcomeView, { size }: Window): boolean =>
	size !== '1h' || outcomeSummary.predictions >= minInHour

/** What the features of a window say against estimates from its scores; they are read when they are first asked for. */
function featureDoubts(context: Context, { series }: Family, reference: Reference, { size, from }: Window) {
	let read: ReturnType<typeof currentRecords> | undefined
	return async ({ id, segment }: Series): Promise<string> => {
		read ??= currentRecords(
			context,
			series.map((s) => s.id),
			size,
			[from],
		)
		const record = (await read).get(from)?.get(id)
		return record?.baseline === reference.digest ? featureDoubt(reference, record.result, segment) : ''
	}
}

/** A window is mature when it is over, and enough of its outcomes are known or can never be, or it has waited long enough. */
export function maturityOf(
	{ maturity }: ModelRow,
	{ size, from }: Window,
	{ predictions, labelled, never }: Pick<OutcomeResult, 'predictions' | 'labelled' | 'never'>,
	now: number,
	before?: OutcomeRecord,
): Pick<OutcomeRecord, 'provisional' | 'matureAt'> {
	const to = from + windowMs[size]
	if (to > now) return { provisional: true, matureAt: null }
	const due = to + (parseDuration(maturity.delay) ?? 0)
	// Late predictions do not make what was judged unknown again.
	const wasMature =
		before !== undefined && !before.provisional && before.matureAt === null && before.result.predictions > 0
	const isMature =
		wasMature ||
		predictions === 0 ||
		now >= due ||
		(labelled > 0 && labelled + never >= maturity.coverage * predictions)
	return { provisional: false, matureAt: isMature ? null : due }
}

const keepDay = (series: number, day: number, outcomeSummary: OutcomeSummary): Statement => ({
	sql: 'INSERT OR REPLACE INTO outcome_day (series, day_ms, bytes) VALUES (?, ?, ?)',
	params: [series, day, encodeOutcomeSummary(outcomeSummary)],
})

/** q for every test of the family: all attributes and segments of one window are one set of tests. */
function adjustForMultipleTests(results: readonly OutcomeResult[]): void {
	const tests = results.flatMap(({ attributes }) =>
		[...attributes.values()].flatMap(({ values }) => [...values.values()]),
	)
	const q = benjaminiHochberg(tests.map((t) => t.p))
	tests.forEach((finding, i) => {
		finding.q = q[i] as number
	})
}
