import type { Context, Progress } from '../../context.ts'
import { sleep } from '../../core/retry.ts'
import { hourMs, minuteMs } from '../../core/time.ts'
import { Batches } from '../../db/batches.ts'
import type { Statement } from '../../db/sql.ts'
import { encodeMoments, momentsOf } from '../../explain/global/attribution-moments.ts'
import type { Series } from '../../log/prediction-log.ts'
import type { AttributionResult } from '../../metrics/result-encoding.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import { explainedSample } from '../importance/explained-sample.ts'
import { type RowExplainer, rowExplainer } from '../importance/row-explainer.ts'
import {
	type AttributionReference,
	attributionReference,
	compareAttributions,
	hourMoments,
	sumMoments,
} from './attribution-reference.ts'
import { computeWindows, type DirtyHour, type SummaryKind, type WindowComputer } from './pipeline.ts'
import { attributionRecords, sizeOf, type Window } from './records.ts'

/** Rows of an hour that are explained. */
const rowsOfHour = 200
/** Hours that one run explains, and how long it takes at most; the next run continues. */
const hoursOfRun = 500
const budgetMs = 3 * minuteMs
/** Requests get a turn after so long. */
const turnMs = 15

export type AttributionRun = {
	hours: number
	windows: number
	changed: number
	remaining: number
	/** Versions whose model is unavailable, and why: their hours wait. */
	waiting: Record<string, string>
	failed: string[]
}

/**
 * Explains a sample of every closed hour whose rows changed, and compares the days and weeks that hold it with their
 * reference. The sums of an hour are stored, so the cost is that of the rows that changed.
 */
export async function computeAttributions(context: Context, onProgress?: Progress): Promise<AttributionRun> {
	await markChangedHours(context)
	await markUnexplainedHours(context)
	const run: Run = {
		hours: 0,
		due: 0,
		remaining: 0,
		waiting: {},
		until: context.now() + budgetMs,
		onProgress,
	}
	const { windows, changed, failed } = await computeWindows(context, attributionsOf(run))
	const { hours, remaining, waiting } = run
	return { hours, windows, changed, remaining, waiting, failed }
}

/** What all model series of a run share: its budget, and what it did. */
type Run = Pick<AttributionRun, 'hours' | 'remaining' | 'waiting'> & {
	due: number
	until: number
	onProgress: Progress | undefined
}

/** Drift of attributions: from explained rows. Only series over all rows have windows. */
const attributionsOf = (run: Run): SummaryKind<AttributionResult> => ({
	name: 'attributions',
	records: attributionRecords,
	sizes: ['1d', '7d'],
	async dirtyHours(context, limit, after) {
		const hours = await context.sql.all<DirtyHour>({
			sql: `SELECT series AS seriesId, hour_ms AS hour, mark FROM attribution_dirty
				WHERE (series, hour_ms) > (?, ?) ORDER BY series, hour_ms LIMIT ?`,
			params: [after?.seriesId ?? -1, after?.hour ?? 0, limit],
		})
		run.due += hours.length
		return hours
	},
	async open(context, { model, version, environment, series }) {
		const overall = series.find((s) => s.segment === '')
		if (!overall) return undefined
		const explainer = await rowExplainer(context, await findVersion(context, model, version), environment)
		if (!('unavailable' in explainer)) return attributionComputer(context, overall, explainer, run)
		run.waiting[`${model}@${version} ${environment}`] = explainer.unavailable
		return undefined
	},
})

function attributionComputer(
	context: Context,
	series: Series,
	explainer: RowExplainer,
	run: Run,
): WindowComputer<AttributionResult> {
	let reference: AttributionReference | undefined
	return {
		series: [series],
		sources: { hours: (from, to) => hourMoments(context, series.id, explainer, from, to) },
		sumHours: (hours) => explainHours(context, series, explainer, hours, run),
		async prepare(windows) {
			const found = await attributionReference(context, explainer, series)
			reference = found
			const isMoved = found?.baseline === null && windows.some((w) => w.from < found.until)
			return isMoved ? allWindows(context, series.id, windows) : windows
		},
		async compute(window, { partsOf, now }) {
			const moments = sumMoments(explainer, partsOf(series.id, window))
			const result = compareAttributions(explainer.features, moments, reference, window, now)
			return { results: [{ series: series.id, result, baseline: reference?.baseline ?? null }] }
		},
	}
}

/** Windows of the first week are the reference of later ones: where its rows changed, all windows are compared again. */
async function allWindows(context: Context, series: number, some: readonly Window[]): Promise<Window[]> {
	const rows = await context.sql.all<{ hours: number; from_ms: number }>({
		sql: 'SELECT hours, from_ms FROM attribution_record WHERE series = ? AND superseded_at IS NULL',
		params: [series],
	})
	const stored = rows.map(({ hours, from_ms }) => ({ size: sizeOf(hours), from: from_ms }))
	return [...new Map([...stored, ...some].map((w) => [`${w.size} ${w.from}`, w])).values()]
}

// -- summing hours ------------------------------------------------------------------------------------------

/** Explains hours while the budget lasts, and stores each hour's sums. Answers those whose windows may have changed. */
async function explainHours(
	context: Context,
	series: Series,
	explainer: RowExplainer,
	hours: readonly DirtyHour[],
	run: Run,
): Promise<DirtyHour[]> {
	const known = await explainedBy(context, series.id, hours)
	const batches = new Batches(context.sql)
	const explained: DirtyHour[] = []
	let turn = context.now()
	try {
		for (const hour of hours) {
			if (run.hours >= hoursOfRun || context.now() >= run.until) {
				run.remaining++
				continue
			}
			run.hours++
			const { source, statements } = await explainHour(context, series, explainer, hour)
			await batches.add(statements)
			run.onProgress?.(run.hours, run.due)
			// An hour without explained rows, now and before, changes no window.
			if (source !== explainer.source && known.get(hour.hour) !== explainer.source) continue
			explained.push(hour)
			if (context.now() - turn < turnMs) continue
			await sleep(0)
			turn = context.now()
		}
	} finally {
		// Hours that were explained stay so, whatever happens to the others.
		await batches.finish()
	}
	return explained
}

/** The sources that explained hours before. */
async function explainedBy(
	context: Context,
	series: number,
	hours: readonly DirtyHour[],
): Promise<Map<number, string>> {
	const rows = await context.sql.all<{ hour: number; source: string }>({
		sql: `SELECT hour_ms AS hour, source FROM attribution_hour WHERE series = ?
			AND hour_ms IN (SELECT value FROM json_each(?))`,
		params: [series, JSON.stringify(hours.map((h) => h.hour))],
	})
	return new Map(rows.map(({ hour, source }) => [hour, source]))
}

/** The statements that store an hour's sums and clear its mark, and what explained its rows. */
async function explainHour(
	context: Context,
	{ id, model, version, environment }: Series,
	explainer: RowExplainer,
	{ hour, mark }: DirtyHour,
): Promise<{ source: string; statements: Statement[] }> {
	const query = { model, version, environment, from: hour, to: hour + hourMs }
	const { rows, sampled, explained } = await explainedSample(context, explainer, query, rowsOfHour)
	const source = explained.length === 0 ? explainer.otherwise : explainer.source
	const contributions = explained.map((e) => e.contributions)
	const moments = momentsOf(explainer.features.length, contributions, (rows * explained.length) / sampled)
	// Hours without explained rows are never summed.
	const bytes = source === explainer.source ? encodeMoments(moments) : new Uint8Array()
	const statements = [
		{
			sql: 'INSERT OR REPLACE INTO attribution_hour (series, hour_ms, source, bytes) VALUES (?, ?, ?, ?)',
			params: [id, hour, source, bytes],
		},
		{
			sql: 'DELETE FROM attribution_dirty WHERE series = ? AND hour_ms = ? AND mark = ?',
			params: [id, hour, mark],
		},
	]
	return { source, statements }
}

// -- marking hours ------------------------------------------------------------------------------------------

const changesAtOnce = 5000

const markHours = `INSERT INTO attribution_dirty (series, hour_ms, mark) SELECT value ->> 0, value ->> 1, 1 FROM json_each(?)
	WHERE true ON CONFLICT (series, hour_ms) DO UPDATE SET mark = mark + 1`

/**
 * Marks the hours over all rows that changed since the last run, by following `metric_change`. An hour that is still open
 * is not marked: it changes once more when it closes.
 */
async function markChangedHours(context: Context): Promise<void> {
	for (;;) {
		const [state] = await context.sql.all<{ value: number }>({
			sql: "SELECT value FROM attribution_state WHERE key = 'followed'",
		})
		const changes = await context.sql.all<{
			sequence: number
			series: number
			from_ms: number
			is_hour: number
		}>({
			sql: `SELECT c.sequence AS sequence, c.series AS series, c.from_ms AS from_ms,
				c.hours = 1 AND s.segment = '' AS is_hour FROM metric_change c
				JOIN log_series s ON s.id = c.series WHERE c.sequence > ? ORDER BY c.sequence LIMIT ?`,
			params: [state?.value ?? 0, changesAtOnce],
		})
		const last = changes.at(-1)
		if (!last) return
		const closed = changes.filter((c) => c.is_hour === 1 && c.from_ms + hourMs <= context.now())
		await context.sql.batch([
			{ sql: markHours, params: [JSON.stringify(closed.map((c) => [c.series, c.from_ms]))] },
			{
				sql: "INSERT OR REPLACE INTO attribution_state (key, value) VALUES ('followed', ?)",
				params: [last.sequence],
			},
		])
		if (changes.length < changesAtOnce) return
	}
}

// CROSS JOIN keeps the order of the tables: a seek for each series with a model, not a scan of all hours without one.
const markUnexplained = `INSERT INTO attribution_dirty (series, hour_ms, mark)
	SELECT h.series, h.hour_ms, 1 FROM model_version v CROSS JOIN log_series s
	CROSS JOIN attribution_hour h
	WHERE (v.artifact IS NOT NULL OR EXISTS
		(SELECT 1 FROM version_artifact a WHERE a.model = v.model AND a.version = v.version))
		AND s.model = v.model AND s.version = v.version AND s.segment = '' AND h.series = s.id AND h.source = 'none'
	ON CONFLICT (series, hour_ms) DO NOTHING`

/** Marks hours that nothing could explain, of versions that have a model file by now. */
const markUnexplainedHours = async (context: Context): Promise<void> =>
	void (await context.sql.batch([{ sql: markUnexplained }]))
