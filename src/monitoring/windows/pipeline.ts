import type { Context, Progress } from '../../context.ts'
import { getOrInsert } from '../../core/maps.ts'
import { sleep } from '../../core/retry.ts'
import type { SeriesRef } from '../../core/series.ts'
import { type WindowSize, windowMs, windowSizes, windowStart } from '../../core/time.ts'
import { Batches } from '../../db/batches.ts'
import type { Statement } from '../../db/sql.ts'
import type { Series } from '../../log/prediction-log.ts'
import {
	changeStatement,
	currentRecords,
	endOf,
	hoursOf,
	type RecordTable,
	supersede,
	type Window,
	type WindowRecord,
} from './records.ts'
import { type PartsOf, readParts, type Sources, slicesOf } from './slices.ts'

/** A version in an environment, with its series: over all rows first, then by segment. */
export type ModelSeries = SeriesRef & { series: Series[] }

/** An hour whose rows changed; the mark says at which change, so that later ones are not cleared with it. */
export type DirtyHour = { seriesId: number; hour: number; mark: number }
export type DueWindow = { seriesId: number; window: Window }

/** One of the things that are computed per window: from inputs, from outcomes, or from attributions. */
export type SummaryKind<Result> = {
	name: 'inputs' | 'outcomes' | 'attributions'
	records: RecordTable<Result>
	sizes: readonly WindowSize[]
	/** Marked hours by series and hour, after the last one of the page before. */
	dirtyHours(context: Context, limit: number, after: DirtyHour | undefined): Promise<DirtyHour[]>
	/** Absent where `sumHours` clears each hour's mark with its sum. */
	clearDirty?(context: Context, hours: readonly DirtyHour[]): Promise<void>
	/** Windows whose result changes as time passes, beside those that close. */
	matured?(context: Context): Promise<DueWindow[]>
	/** Undefined when windows of the model series cannot be computed now: the marks stay. */
	open(context: Context, modelSeries: ModelSeries): Promise<WindowComputer<Result> | undefined>
}

/** What computes the windows of one model series. */
export type WindowComputer<Result> = {
	/** Series that have windows. */
	series: readonly Series[]
	sources: Sources
	/** Sums hours that the log does not sum. Answers those whose windows have to be computed. */
	sumHours?(hours: readonly DirtyHour[]): Promise<DirtyHour[]>
	/** Reads what windows are compared with. Returns all windows that have to be computed, perhaps more than these. */
	prepare?(windows: Window[]): Promise<Window[]>
	compute(window: Window, input: ComputeInput<Result>): Promise<ComputedWindow<Result>>
	/** All that was computed so far is stored; called from time to time. */
	onStored?(): void
}

export type ComputeInput<Result> = {
	/** The summaries of a series in the window, to be added. */
	partsOf: PartsOf
	/** The records in force, by series. */
	before: ReadonlyMap<number, WindowRecord<Result>>
	now: number
}

export type ComputedWindow<Result> = {
	results: { series: number; result: Result; baseline: string | null; matureAt?: number | null }[]
	/** What is stored with the results, such as the summary of a day for the sum of its week. */
	statements?: Statement[]
}

export type ComputeOptions = { pageSize?: number; onProgress?: Progress | undefined }
export type ComputeSummary = { families: number; windows: number; changed: number; failed: string[] }

/**
 * Brings the windows of one kind up to date. The stages:
 *
 * 1. dirty: hours whose rows changed, and windows that closed or matured, become the windows to compute of each model series
 * 2. sum: summaries of the windows' hours are read, a slice of windows at a time
 * 3. compute: the kind's metrics are computed from their sums, for all series of a model series together
 * 4. supersede: results that changed become records in force; earlier final ones stay readable
 * 5. announce: changed windows get a new sequence number, and the marks are cleared
 *
 * Computing a window twice gives the same record, so work that was cut off is done again. A model series that fails keeps
 * its marks, is named in the result, and does not stop the others. `pageSize` bounds the marks in memory.
 */
export async function computeWindows<Result>(
	context: Context,
	kind: SummaryKind<Result>,
	{ pageSize = 20_000, onProgress }: ComputeOptions = {},
): Promise<ComputeSummary> {
	const summary: ComputeSummary = { families: 0, windows: 0, changed: 0, failed: [] }
	let due = [...(await closedWindows(context, kind.records)), ...((await kind.matured?.(context)) ?? [])]
	let last: DirtyHour | undefined
	let [done, total] = [0, 0]
	const onWindow = () => onProgress?.(++done, total)
	do {
		const dirty = await kind.dirtyHours(context, pageSize, last)
		const works = await worksOf(context, kind.sizes, dirty, due)
		total += works.reduce((sum, { windows }) => sum + windows.length, 0)
		for (const work of works) await runWork(context, kind, work, summary, onWindow)
		due = []
		last = dirty.length === pageSize ? dirty.at(-1) : undefined
	} while (last)
	return summary
}

// -- 1. dirty -----------------------------------------------------------------------------------------------

type Work = { modelSeries: ModelSeries; hours: DirtyHour[]; due: Window[]; windows: Window[] }

/** Windows that were computed while they were open, and have closed. */
async function closedWindows(context: Context, { name }: { name: string }): Promise<DueWindow[]> {
	const due: DueWindow[] = []
	for (const size of windowSizes) {
		const rows = await context.sql.all<{ series: number; from_ms: number }>({
			sql: `SELECT series, from_ms FROM ${name} WHERE provisional = 1 AND hours = ? AND from_ms <= ?`,
			params: [hoursOf(size), context.now() - windowMs[size]],
		})
		for (const { series, from_ms } of rows) due.push({ seriesId: series, window: { size, from: from_ms } })
	}
	return due
}

/** What there is to do, by model series. */
async function worksOf(
	context: Context,
	sizes: readonly WindowSize[],
	dirty: readonly DirtyHour[],
	due: readonly DueWindow[],
): Promise<Work[]> {
	if (dirty.length === 0 && due.length === 0) return []
	const works = new Map<string, Work>()
	const bySeries = new Map<number, Work>()
	for (const series of await context.log.series()) {
		const { model, version, environment } = series
		const work = getOrInsert(works, JSON.stringify([model, version, environment]), () => ({
			modelSeries: { model, version, environment, series: [] },
			hours: [],
			due: [],
			windows: [],
		}))
		if (series.segment === '') work.modelSeries.series.unshift(series)
		else work.modelSeries.series.push(series)
		bySeries.set(series.id, work)
	}
	for (const mark of dirty) bySeries.get(mark.seriesId)?.hours.push(mark)
	for (const { seriesId, window } of due) bySeries.get(seriesId)?.due.push(window)
	for (const work of works.values()) work.windows = windowsOf(sizes, work.hours, work.due)
	return [...works.values()].filter(({ windows }) => windows.length > 0)
}

/** The windows that hold these hours, and those that are due; each once. */
function windowsOf(
	sizes: readonly WindowSize[],
	hours: readonly DirtyHour[],
	due: readonly Window[],
): Window[] {
	const windows = new Map<string, Window>()
	const add = (size: WindowSize, from: number) => windows.set(`${size} ${from}`, { size, from })
	for (const { hour } of hours) for (const size of sizes) add(size, windowStart(size, hour))
	for (const { size, from } of due) add(size, from)
	return [...windows.values()]
}

async function runWork<Result>(
	context: Context,
	kind: SummaryKind<Result>,
	work: Work,
	summary: ComputeSummary,
	onWindow: () => void,
): Promise<void> {
	const { model, version, environment } = work.modelSeries
	const name = `${model}@${version} ${environment}`
	try {
		const done = await computeWork(context, kind, work, onWindow)
		if (!done) return
		await kind.clearDirty?.(context, work.hours)
		summary.families++
		summary.windows += done.windows
		summary.changed += done.changed
	} catch (error) {
		if (!summary.failed.includes(name)) summary.failed.push(name)
		const stack = (error as Error).stack
		context.logger.error(`windows of ${kind.name} could not be computed`, {
			model: name,
			error: String(error),
			stack,
		})
	}
	await letRequestsIn()
}

type Done = { windows: number; changed: number }

async function computeWork<Result>(
	context: Context,
	kind: SummaryKind<Result>,
	{ modelSeries, hours, due, windows }: Work,
	onWindow: () => void,
): Promise<Done | undefined> {
	const computer = await kind.open(context, modelSeries)
	if (!computer) return undefined
	const summed = computer.sumHours ? windowsOf(kind.sizes, await computer.sumHours(hours), due) : windows
	if (summed.length === 0) return { windows: 0, changed: 0 }
	const prepared = (await computer.prepare?.(summed)) ?? summed
	// Of two that end together the shorter first: a week is summed from its days.
	const ordered = prepared.sort((a, b) => endOf(a) - endOf(b) || windowMs[a.size] - windowMs[b.size])
	const changed = await computeInSlices(context, kind, computer, ordered, onWindow)
	return { windows: ordered.length, changed }
}

/** Computes and stores windows of a model series, in the order given. Returns how many records changed. */
export async function computeModelSeries<Result>(
	context: Context,
	kind: SummaryKind<Result>,
	modelSeries: ModelSeries,
	windows: readonly Window[],
): Promise<number> {
	const computer = await kind.open(context, modelSeries)
	return computer ? computeInSlices(context, kind, computer, windows, () => {}) : 0
}

// -- 2. sum, 3. compute -------------------------------------------------------------------------------------

/** Requests get a turn after so long. */
const turnMs = 50

/** A slice of windows is read at a time. A week is summed from its days, so all that was computed before it is stored first. */
async function computeInSlices<Result>(
	context: Context,
	{ records }: SummaryKind<Result>,
	computer: WindowComputer<Result>,
	windows: readonly Window[],
	onWindow: () => void,
): Promise<number> {
	const ids = computer.series.map((s) => s.id)
	const batches = new Batches(context.sql)
	let [changed, turn] = [0, context.now()]
	try {
		for (const slice of slicesOf(windows)) {
			if (slice[0]?.size === '7d') {
				await batches.finish()
				computer.onStored?.()
			}
			const partsOf = await readParts(context, slice, ids, computer.sources)
			const before = await recordsBefore(context, records, slice, ids)
			for (const window of slice) {
				const input = { partsOf, before: before(window), now: context.now() }
				const computed = await computer.compute(window, input)
				const stored = supersedeAll(records, window, computed, input, ids[0])
				await batches.add(stored.statements)
				changed += stored.changed
				onWindow()
				if (context.now() - turn < turnMs) continue
				await letRequestsIn()
				turn = context.now()
			}
		}
	} finally {
		await batches.finish()
	}
	return changed
}

const letRequestsIn = () => sleep(0)

/** The records in force of the windows of a slice. */
async function recordsBefore<Result>(
	context: Context,
	records: RecordTable<Result>,
	slice: readonly Window[],
	series: readonly number[],
): Promise<(window: Window) => ReadonlyMap<number, WindowRecord<Result>>> {
	const bySize = new Map<WindowSize, Awaited<ReturnType<typeof currentRecords<Result>>>>()
	for (const size of new Set(slice.map((w) => w.size))) {
		const froms = slice.filter((w) => w.size === size).map((w) => w.from)
		bySize.set(size, await currentRecords(context, records, series, size, froms))
	}
	return ({ size, from }) => bySize.get(size)?.get(from) ?? new Map()
}

// -- 4. supersede, 5. announce ------------------------------------------------------------------------------

/** Statements that store a computed window, and how many records they change. `overall` announces it. */
function supersedeAll<Result>(
	records: RecordTable<Result>,
	window: Window,
	{ results, statements = [] }: ComputedWindow<Result>,
	{ before, now }: ComputeInput<Result>,
	overall: number | undefined,
): { statements: Statement[]; changed: number } {
	let changed = 0
	for (const { series, result, baseline, matureAt = null } of results) {
		const next = {
			series,
			window: window.size,
			from: window.from,
			computedAt: now,
			provisional: endOf(window) > now,
			matureAt,
			baseline,
			result,
		}
		const own = supersede(records, next, before.get(series))
		if (own.isChanged) changed++
		statements.push(...own.statements)
	}
	if (changed > 0 && overall !== undefined) statements.push(changeStatement(overall, window))
	return { statements, changed }
}
