import type { Context, Progress } from '../../context.ts'
import { type WindowSize, windowMs, windowSizes, windowStart } from '../../core/time.ts'
import type { Family } from './compute-family.ts'
import type { RecordTable } from './records.ts'
import { endOf, type Window } from './window-slices.ts'

type Dirty = { seriesId: number; hour: number; mark: number }
type Work = { family: Family; hours: Dirty[]; windows: Map<string, Window> }

type Answer = { families: number; windows: number; changed: number; failed: string[] }

type Due = { seriesId: number; window: Window }

/** Something that is computed window by window, from what the log marks as changed. */
export type Computation = {
	dirtyHours(context: Context, limit: number, after: Dirty | undefined): Promise<Dirty[]>
	clearDirty(context: Context, hours: readonly Dirty[]): Promise<void>
	/** Windows to be computed again because time has passed. */
	due(context: Context): Promise<Due[]>
	/** Answers how many records changed; calls `onWindow` as each window is done. */
	computeFamily(
		context: Context,
		family: Family,
		windows: readonly Window[],
		onWindow?: () => void,
	): Promise<number>
}

/**
 * Computes the windows of all marked hours, and those that were provisional and have closed; family by family, each in
 * time order. A family that fails keeps its marks, is named in the answer, and does not stop the others. `pageSize` marks
 * are taken at once, so that memory is bounded.
 */
export async function computeDirty(
	context: Context,
	computation: Computation,
	{ pageSize = 20_000, onProgress }: { pageSize?: number; onProgress?: Progress | undefined } = {},
): Promise<Answer> {
	const answer: Answer = { families: 0, windows: 0, changed: 0, failed: [] }
	let due = await computation.due(context)
	let last: Dirty | undefined
	let [done, total] = [0, 0]
	const onWindow = () => onProgress?.(++done, total)
	do {
		const dirty = await computation.dirtyHours(context, pageSize, last)
		const works = await plan(context, dirty, due)
		total += works.reduce((sum, { windows }) => sum + windows.size, 0)
		for (const work of works) await computeWork(context, computation, work, answer, onWindow)
		due = []
		last = dirty.length === pageSize ? dirty.at(-1) : undefined
	} while (last)
	return answer
}

async function computeWork(
	context: Context,
	computation: Computation,
	work: Work,
	answer: Answer,
	onWindow: () => void,
): Promise<void> {
	const { family, hours, windows } = work
	const name = `${family.model}@${family.version} ${family.environment}`
	try {
		// Of two that end together the shorter first: a week is summed from its days.
		const ordered = [...windows.values()].sort(
			(a, b) => endOf(a) - endOf(b) || windowMs[a.size] - windowMs[b.size],
		)
		answer.changed += await computation.computeFamily(context, family, ordered, onWindow)
		await computation.clearDirty(context, hours)
		answer.families++
		answer.windows += ordered.length
	} catch (error) {
		if (!answer.failed.includes(name)) answer.failed.push(name)
		const stack = (error as Error).stack
		context.logger.error('a model could not be computed', { model: name, error: String(error), stack })
	}
	// Requests come first: one model's work at a time.
	await new Promise((resolve) => setTimeout(resolve, 0))
}

/** Windows that were computed while they were open, and have closed. */
export async function closedSince(context: Context, table: RecordTable): Promise<Due[]> {
	const found: Due[] = []
	for (const size of windowSizes) {
		const rows = (await context.sql.values({
			sql: `SELECT series, from_ms FROM ${table} WHERE provisional = 1 AND hours = ? AND from_ms <= ?`,
			params: [windowMs[size] / windowMs['1h'], context.now() - windowMs[size]],
		})) as unknown as [number, number][]
		for (const [seriesId, from] of rows) found.push({ seriesId, window: { size, from } })
	}
	return found
}

async function plan(context: Context, dirty: readonly Dirty[], due: readonly Due[]): Promise<Work[]> {
	if (dirty.length === 0 && due.length === 0) return []
	const families = new Map<string, Work>()
	const bySeries = new Map<number, Work>()
	for (const series of await context.log.series()) {
		const { model, version, environment } = series
		const key = JSON.stringify([model, version, environment])
		const work: Work = families.get(key) ?? {
			family: { model, version, environment, series: [] },
			hours: [],
			windows: new Map(),
		}
		if (series.segment === '') work.family.series.unshift(series)
		else work.family.series.push(series)
		families.set(key, work)
		bySeries.set(series.id, work)
	}
	const add = (work: Work, size: WindowSize, from: number) =>
		work.windows.set(`${size} ${from}`, { size, from })
	for (const mark of dirty) {
		const work = bySeries.get(mark.seriesId)
		if (!work) continue
		work.hours.push(mark)
		for (const size of windowSizes) add(work, size, windowStart(size, mark.hour))
	}
	for (const { seriesId, window } of due) {
		const work = bySeries.get(seriesId)
		if (work) add(work, window.size, window.from)
	}
	return [...families.values()].filter((w) => w.windows.size > 0)
}
