import type { Context, Progress } from '../../../context.ts'
import { hourMs, minuteMs, type WindowSize, windowStart } from '../../../core/time.ts'
import { Batches } from '../../../db/batches.ts'
import type { Statement } from '../../../db/sql.ts'
import { encodeMoments, momentsOf } from '../../../explain/global/attribution-moments.ts'
import type { Series } from '../../../log/prediction-log.ts'
import { findVersion } from '../../../registry/version/find-version.ts'
import { explainedSample } from '../../importance/explained-sample.ts'
import { type RowExplainer, rowExplainer } from '../../importance/row-explainer.ts'
import { closedSince } from '../compute-dirty.ts'
import { changeStatement, windowOf } from '../records.ts'
import { endOf, type Window } from '../window-slices.ts'
import { compareWindow } from './compare-window.ts'
import { dirtyHours, followChanges, markUnexplained } from './dirty-hours.ts'
import { attributionStatements, currentAttributions } from './records.ts'
import { attributionReference, periodMoments } from './reference.ts'

/** Rows of an hour that are explained. */
const rowsOfHour = 200
/** Hours that one run explains, and how long it takes at most; what is left is said, and done by the next. */
const hoursOfRun = 500
const budgetMs = 3 * minuteMs
/** Requests get a turn after so long. */
const turnMs = 15
const sizes: readonly WindowSize[] = ['1d', '7d']

export type AttributionRun = {
	hours: number
	windows: number
	changed: number
	remaining: number
	/** Versions whose model cannot be had now, and why: their hours wait. */
	waiting: Record<string, string>
	failed: string[]
}

/**
 * Explains a sample of every closed hour whose rows changed, and compares the days and weeks that it is in with their
 * reference. An hour's sums are kept, so that nothing is explained twice: the cost is that of the rows that changed.
 */
export async function computeAttributions(context: Context, onProgress?: Progress): Promise<AttributionRun> {
	await followChanges(context)
	await markUnexplained(context)
	const until = context.now() + budgetMs
	const run: AttributionRun = { hours: 0, windows: 0, changed: 0, remaining: 0, waiting: {}, failed: [] }
	const all = new Map((await context.log.series()).filter((s) => s.segment === '').map((s) => [s.id, s]))
	const dirty = await dirtyHours(context)
	const due = [...dirty.values()].reduce((sum, hours) => sum + hours.length, 0)
	const onHour = () => onProgress?.(run.hours, due)
	const closed = await closedSince(context, 'attribution_record')
	for (const id of new Set([...dirty.keys(), ...closed.map((d) => d.seriesId)])) {
		const series = all.get(id)
		if (!series) continue
		const hours = dirty.get(id) ?? []
		const windows = closed.filter((d) => d.seriesId === id).map((d) => d.window)
		try {
			await computeSeries(context, series, hours, windows, { run, until, onHour })
		} catch (error) {
			run.failed.push(nameOf(series))
			const stack = (error as Error).stack
			context.logger.error('contributions could not be computed', {
				model: nameOf(series),
				error: String(error),
				stack,
			})
		}
	}
	return run
}

const nameOf = ({ model, version, environment }: Series): string => `${model}@${version} ${environment}`

type Hour = { hour: number; mark: number }

async function computeSeries(
	context: Context,
	series: Series,
	hours: readonly Hour[],
	due: readonly Window[],
	{ run, until, onHour }: { run: AttributionRun; until: number; onHour: () => void },
): Promise<void> {
	const version = await findVersion(context, series.model, series.version)
	const explainer = await rowExplainer(context, version, series.environment)
	if ('unavailable' in explainer) {
		run.waiting[nameOf(series)] = explainer.unavailable
		return
	}
	const windows = new Map<string, Window>(due.map((w) => [`${w.size} ${w.from}`, w]))
	const known = await sourcesOf(context, series.id, hours)
	const batches = new Batches(context.sql)
	let turn = context.now()
	try {
		for (const hour of hours) {
			if (run.hours >= hoursOfRun || context.now() >= until) {
				run.remaining++
				continue
			}
			run.hours++
			const { source, statements } = await explainHour(context, series, explainer, hour)
			await batches.add(statements)
			onHour()
			// There was nothing to explain by, now or before.
			if (source !== explainer.source && known.get(hour.hour) !== explainer.source) continue
			for (const size of sizes) {
				const from = windowStart(size, hour.hour)
				windows.set(`${size} ${from}`, { size, from })
			}
			if (context.now() - turn < turnMs) continue
			await new Promise((resolve) => setTimeout(resolve, 0))
			turn = context.now()
		}
	} finally {
		// Hours that were explained need not be again, whatever becomes of the others.
		await batches.finish()
	}
	await compareWindows(context, series, explainer, [...windows.values()], run)
}

/** What hours were explained by before. */
async function sourcesOf(
	context: Context,
	series: number,
	hours: readonly Hour[],
): Promise<Map<number, string>> {
	const rows = await context.sql.values({
		sql: `SELECT hour_ms, source FROM attribution_hour WHERE series = ?
			AND hour_ms IN (SELECT value FROM json_each(?))`,
		params: [series, JSON.stringify(hours.map((h) => h.hour))],
	})
	return new Map(rows as unknown as [number, string][])
}

/** Sums an hour's contributions, and what explained them. */
async function explainHour(
	context: Context,
	{ id, model, version, environment }: Series,
	explainer: RowExplainer,
	{ hour, mark }: Hour,
): Promise<{ source: string; statements: Statement[] }> {
	const query = { model, version, environment, from: hour, to: hour + hourMs }
	const { rows, sampled, explained } = await explainedSample(context, explainer, query, rowsOfHour)
	const source = explained.length === 0 ? explainer.otherwise : explainer.source
	const contributions = explained.map((e) => e.contributions)
	const moments = momentsOf(explainer.features.length, contributions, (rows * explained.length) / sampled)
	// Nobody sums up hours that nothing could explain.
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

async function compareWindows(
	context: Context,
	series: Series,
	explainer: RowExplainer,
	windows: readonly Window[],
	run: AttributionRun,
): Promise<void> {
	if (windows.length === 0) return
	const { model, version, id } = series
	const reference = await attributionReference(context, explainer, { model, version, series: id })
	const isMoved = reference?.baseline === null && windows.some((w) => w.from < reference.until)
	const batches = new Batches(context.sql)
	try {
		for (const window of isMoved ? await allWindows(context, id, windows) : windows) {
			const statements = await compareOne(context, id, explainer, reference, window)
			run.windows++
			if (statements.length === 0) continue
			run.changed++
			await batches.add([...statements, changeStatement(id, window.size, window.from)])
		}
	} finally {
		await batches.finish()
	}
}

/** What puts the comparison of a window with the reference in force; nothing when it says what is said already. */
async function compareOne(
	context: Context,
	series: number,
	explainer: RowExplainer,
	reference: Awaited<ReturnType<typeof attributionReference>>,
	window: Window,
): Promise<Statement[]> {
	const { size, from } = window
	const now = context.now()
	const moments = await periodMoments(context, series, explainer, from, endOf(window))
	const before = await currentAttributions(context, [series], size, [from])
	const next = {
		series,
		window: size,
		from,
		computedAt: now,
		provisional: endOf(window) > now,
		baseline: reference?.baseline ?? null,
		result: compareWindow(explainer.features, moments, reference, window, now),
	}
	return attributionStatements(next, before.get(from)?.get(series))
}

/** Where rows of the first week have changed, what later windows are compared with has: all of them are looked at. */
async function allWindows(context: Context, series: number, some: readonly Window[]): Promise<Window[]> {
	const rows = (await context.sql.values({
		sql: 'SELECT hours, from_ms FROM attribution_record WHERE series = ? AND superseded_at IS NULL',
		params: [series],
	})) as unknown as [number, number][]
	const stored = rows.map(([hours, from]) => ({ size: windowOf[hours] as WindowSize, from }))
	const all = new Map([...stored, ...some].map((w) => [`${w.size} ${w.from}`, w]))
	return [...all.values()].sort((a, b) => a.from - b.from)
}
