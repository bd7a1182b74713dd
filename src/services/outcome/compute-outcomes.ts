import type { Context } from '../../context.ts'
import { parseDuration, windowMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import type { Series } from '../../log/prediction-log.ts'
import { estimateOutcomes } from '../../metrics/estimate-outcomes.ts'
import { featureDoubt } from '../../metrics/feature-doubt.ts'
import type { OutcomeResult } from '../../metrics/outcome-result.ts'
import { summariseOutcomes } from '../../metrics/outcome-result.ts'
import { OutcomeView } from '../../metrics/outcome-view.ts'
import type { Reference } from '../../metrics/reference.ts'
import { benjaminiHochberg } from '../../stats/benjamini-hochberg.ts'
import type { Favourable } from '../../stats/fairness/group-counts.ts'
import { addEncodedTally, encodeTally } from '../../tally/encoding.ts'
import { emptyTally, type Tally } from '../../tally/tally.ts'
import { currentReference } from '../baseline/current-grid.ts'
import { type Computation, closedSince } from '../metric/compute-dirty.ts'
import { type Computed, type Family, inCommits, type Window } from '../metric/compute-family.ts'
import { changeStatement, currentRecords, windowOf } from '../metric/records.ts'
import { favourableIn } from '../model/favourable.ts'
import { findModel, type ModelRow } from '../model/find-model.ts'
import { conceptFindings } from './concept.ts'
import { type LabelledBaseline, labelledBaseline } from './labelled-baseline.ts'
import { currentOutcomes, type OutcomeRecord, outcomeStatements } from './records.ts'

/** Performance, estimates, fairness and concept drift: from predictions with their outcomes. */
export const outcomeComputation: Computation = {
	dirtyHours: (context, limit, after) => context.log.dirtyTallies(limit, after),
	clearDirty: (context, hours) => context.log.clearDirtyTallies(hours),
	due: async (context) => [...(await closedSince(context, 'outcome_record')), ...(await matured(context))],
	computeFamily,
}

/** Windows that wait for outcomes no longer. */
async function matured(context: Context) {
	const rows = (await context.sql.all({
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
	return inCommits(context, windows, (window) => computeWindow(context, setting, window), onWindow)
}

const leastInHour = 500

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
): Promise<Computed> {
	const { size, from } = window
	const ids = family.series.map((s) => s.id)
	const before = await currentOutcomes(context, ids, size, from)
	const features = reference && (await currentRecords(context, ids, size, from))
	const statements: Statement[] = []
	const results: { series: Series; result: OutcomeResult }[] = []
	for (const series of family.series) {
		const tally = await windowTally(context, series.id, window)
		const concept = await conceptFindings(context, series, window)
		if (!tally && concept.length === 0 && !before.has(series.id)) continue
		const view = new OutcomeView(model.task, tally ?? emptyTally())
		if (tally && size === '1d') statements.push(keepDay(series.id, from, tally))
		const result = summariseOutcomes(view, favourable)
		const record = features?.get(series.id)
		const isComparable = reference && record?.baseline === reference.digest
		const doubt = isComparable ? featureDoubt(reference, record.result, series.segment) : ''
		for (const [id, finding] of estimatesOf(view, baseline, series.id, window, doubt))
			result.findings.set(id, finding)
		// Without predictions there is only what the detectors found among outcomes of earlier ones.
		if (!tally) result.findings.clear()
		for (const [id, finding] of concept) result.findings.set(id, finding)
		results.push({ series, result })
	}
	fillFamily(results.map((r) => r.result))
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
const estimatesOf = (
	view: OutcomeView,
	baseline: LabelledBaseline | undefined,
	series: number,
	{ size, from }: Window,
	doubt: string,
) =>
	!baseline || (size === '1h' && view.tally.predictions < leastInHour)
		? []
		: estimateOutcomes(view, baseline.reference, series + from, { doubt })

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

/** Hours and days are summed from the log; a week from its days, which are computed before it. */
async function windowTally(
	context: Context,
	series: number,
	{ size, from }: Window,
): Promise<Tally | undefined> {
	const to = from + windowMs[size]
	if (size !== '7d') return context.log.tally(series, from, to)
	const rows = (await context.sql.all({
		sql: 'SELECT bytes FROM outcome_day WHERE series = ? AND day_ms >= ? AND day_ms < ?',
		params: [series, from, to],
	})) as unknown as [Uint8Array][]
	if (rows.length === 0) return undefined
	const total = emptyTally()
	for (const [bytes] of rows) addEncodedTally(total, bytes)
	return total
}

const keepDay = (series: number, day: number, tally: Tally): Statement => ({
	sql: 'INSERT OR REPLACE INTO outcome_day (series, day_ms, bytes) VALUES (?, ?, ?)',
	params: [series, day, encodeTally(tally)],
})

/** q for every test of the family: all attributes and segments of one window are one set of tests. */
function fillFamily(results: readonly OutcomeResult[]): void {
	const tests = results.flatMap(({ attributes }) =>
		[...attributes.values()].flatMap(({ findings }) => [...findings.values()]),
	)
	const q = benjaminiHochberg(tests.map((t) => t.p))
	tests.forEach((finding, i) => {
		finding.q = q[i] as number
	})
}
