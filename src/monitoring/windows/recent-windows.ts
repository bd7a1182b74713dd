import type { Context } from '../../context.ts'
import { groupBy } from '../../core/maps.ts'
import { formatTime, type WindowSize, windowMs } from '../../core/time.ts'
import type { Series } from '../../log/prediction-log.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { currentDeployments } from '../../registry/deployment/get-deployment.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import type { Task } from '../../summaries/outcomes/label.ts'
import { readPoints } from './read-points.ts'
import {
	countChanges,
	currentRecords,
	hoursOf,
	type OutcomeRecord,
	outcomeRecords,
	type RecordRow,
	toRecord,
} from './records.ts'

/** The series that an answer is about, over all rows or one value of a segment; `others` could have been meant too. */
export type ChosenSeries = {
	model: string
	series: Series
	window: WindowSize
	/** When its newest window begins. */
	newest: number
	others: Series[]
}

/** The points of one window of a series by metric id. Windows without predictions are left out. */
export type WindowPoints = {
	from: number
	window: MetricPoint['window']
	/** Its values are final: it is over, and enough outcomes are known or it has waited long enough. */
	isMature: boolean
	isOver: boolean
	coverage: MetricPoint
	points: ReadonlyMap<string, MetricPoint>
}

/** Final, with outcomes. */
export const isEvaluated = (w: WindowPoints): boolean => w.isMature && (w.coverage.value ?? 0) > 0

/** Windows of a trend. */
export const trendWindows = 30
const maxPoints = 10_000

/** The main metric of each task. */
export const mainMetric: Record<Task, string> = {
	binary: 'performance.roc_auc',
	multiclass: 'performance.accuracy',
	regression: 'performance.mae',
	ranking: 'performance.ndcg_10',
}
const coverageId = 'performance.outcome_coverage'

/** The values of segments that have series, as `name:value`. */
export async function segmentValues(
	context: Context,
	model: string,
	hidden: readonly string[] = [],
): Promise<string[]> {
	const series = await context.log.series(model)
	const shown = series.filter((s) => s.segment !== '' && !hidden.includes(s.segment))
	return [...new Set(shown.map((s) => `${s.segment}:${s.value}`))].sort()
}

/** The environments that have sent predictions. */
export const environmentsOf = async (context: Context, model: string): Promise<string[]> =>
	[...new Set((await context.log.series(model)).map((s) => s.environment))].sort()

type SeriesQuery = Partial<Record<'segment' | 'environment' | 'feature', string | undefined>>

/** The versions that have a feature. */
async function versionsWith(context: Context, model: string, feature: string): Promise<Set<string>> {
	const rows = await context.sql.all<{ version: string }>({
		sql: `SELECT version FROM model_version WHERE model = ?
			AND EXISTS (SELECT 1 FROM json_each(features) f WHERE f.value ->> 'name' = ?)`,
		params: [model, feature],
	})
	return new Set(rows.map((row) => row.version))
}

/**
 * The series that a query without a version is about: what serves production (unless another environment is named), else
 * what serves elsewhere, else the newest, of those with recent windows. With a feature, only of versions that have it.
 * Undefined when nothing was computed.
 */
export async function chooseSeries(
	context: Context,
	{ name }: ModelRow,
	window: WindowSize,
	{ segment = ':', environment, feature }: SeriesQuery = {},
): Promise<ChosenSeries | undefined> {
	const versions = feature === undefined ? undefined : await versionsWith(context, name, feature)
	const series = (await context.log.series(name)).filter(
		(s) =>
			`${s.segment}:${s.value}` === segment &&
			(environment === undefined || s.environment === environment) &&
			(versions === undefined || versions.has(s.version)),
	)
	const rows = await context.sql.all<{ id: number; newest: number | null }>({
		sql: `SELECT value AS id, (SELECT max(from_ms) FROM outcome_record WHERE series = value AND hours = ?) AS newest
			FROM json_each(?)`,
		params: [hoursOf(window), JSON.stringify(series.map((s) => s.id))],
	})
	const newest = new Map(rows.flatMap((r) => (r.newest === null ? [] : [[r.id, r.newest] as const])))
	const since = Math.max(...newest.values()) - trendWindows * windowMs[window]
	const serving = (await currentDeployments(context, name)).map((d) => `${d.environment}/${d.champion}`)
	const rank = ({ environment, version }: Series) =>
		(serving.includes(`${environment}/${version}`) ? 2 : 0) + (environment === 'production' ? 1 : 0)
	const newestOf = (s: Series) => newest.get(s.id) ?? Number.NEGATIVE_INFINITY
	const [chosen, ...others] = series
		.filter((s) => newestOf(s) > since)
		.sort((a, b) => rank(b) - rank(a) || newestOf(b) - newestOf(a) || b.id - a.id)
	return chosen && { model: name, series: chosen, window, newest: newestOf(chosen), others }
}

/** Windows that begin in [from, to), oldest first. */
export async function readWindows(
	context: Context,
	{ model, series, window }: ChosenSeries,
	task: Task,
	metrics: readonly string[],
	{ from, to }: { from: number; to: number },
): Promise<WindowPoints[]> {
	const { items } = await readPoints(context, {
		model,
		environment: series.environment,
		version: series.version,
		segment: series.segment === '' ? undefined : `${series.segment}:${series.value}`,
		window,
		metrics: [...new Set([coverageId, mainMetric[task], ...metrics])],
		from,
		to,
		limit: maxPoints,
	})
	const byWindow = groupBy(items, (point) => point.window.from)
	return [...byWindow.values()].flatMap((list): WindowPoints[] => {
		const points = new Map(list.map((point) => [point.metric, point]))
		const coverage = points.get(coverageId)
		if (!coverage) return []
		const isMature = points.get(mainMetric[task])?.provisional === false
		const at = Date.parse(coverage.window.from)
		return [{ from: at, window: coverage.window, isMature, isOver: !coverage.provisional, coverage, points }]
	})
}

// A record that is final: its window is over and mature, and has outcomes.
const isFinal = 'provisional = 0 AND mature_at IS NULL AND labelled > 0'

/** When the last mature window with outcomes began, before a time. */
export async function lastMature(
	context: Context,
	{ series, window }: ChosenSeries,
	before: number,
): Promise<number | undefined> {
	const [row] = await context.sql.all<{ from_ms: number }>({
		sql: `SELECT from_ms FROM outcome_record WHERE series = ? AND hours = ? AND from_ms < ? AND superseded_at IS NULL
			AND ${isFinal} ORDER BY from_ms DESC LIMIT 1`,
		params: [series.id, hoursOf(window), before],
	})
	return row?.from_ms
}

/** A final value that was revised later: what it was first and until when, what it is now, and why. */
export type Revision = {
	window: WindowPoints['window']
	was: number
	until: string
	now: number
	change: string
}

/** Values that look the same when they are shown are no revision. */
const shownDigits = 3

/** Windows among these whose metric was final and has another value now: the newest `limit` of them, and how many there are. */
export async function readRevisions(
	context: Context,
	chosen: ChosenSeries,
	windows: readonly WindowPoints[],
	metric: string,
	limit: number,
): Promise<{ items: Revision[]; count: number }> {
	const byFrom = new Map(windows.filter((w) => w.isMature).map((w) => [w.from, w]))
	const revised: { first: OutcomeRecord; window: WindowPoints; was: number; now: number }[] = []
	for (const first of await firstFinalRecords(context, chosen, [...byFrom.keys()])) {
		const window = byFrom.get(first.from)
		const now = window?.points.get(metric)?.value ?? Number.NaN
		const was = first.result.values.get(metric)?.value ?? Number.NaN
		if (!window || !Number.isFinite(was) || !Number.isFinite(now)) continue
		if (was.toPrecision(shownDigits) !== now.toPrecision(shownDigits))
			revised.push({ first, window, was, now })
	}
	const items: Revision[] = []
	for (const { first, window, was, now } of revised.slice(0, limit)) {
		const records = await currentRecords(context, outcomeRecords, [first.series], first.window, [first.from])
		const current = records.get(first.from)?.get(first.series)
		const until = formatTime(first.supersededAt as number)
		items.push({ window: window.window, was, until, now, change: current ? changeSince(first, current) : '' })
	}
	return { items, count: revised.length }
}

/** The first final records of windows that have later ones, newest window first. */
async function firstFinalRecords(
	context: Context,
	{ series, window }: ChosenSeries,
	froms: readonly number[],
): Promise<OutcomeRecord[]> {
	const rows = await context.sql.all<RecordRow>({
		sql: `SELECT ${outcomeRecords.columns} FROM outcome_record AS r WHERE series = ?1 AND hours = ?2
			AND from_ms IN (SELECT value FROM json_each(?3)) AND ${isFinal} AND superseded_at IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM outcome_record WHERE series = ?1 AND hours = ?2 AND from_ms = r.from_ms
				AND ${isFinal} AND revision < r.revision)
			ORDER BY from_ms DESC`,
		params: [series.id, hoursOf(window), JSON.stringify(froms)],
	})
	return rows.map((row) => toRecord(outcomeRecords, row))
}

/** Several revisions as one change, in words; of a single one, or where counts do not differ, the latest one's own. */
function changeSince(first: OutcomeRecord, now: OutcomeRecord): string {
	if (now.revision === first.revision + 1 && now.change !== null) return now.change
	const parts = countChanges(first.result, now.result)
	return parts.length > 0 ? parts.join(', ') : (now.change ?? '')
}
