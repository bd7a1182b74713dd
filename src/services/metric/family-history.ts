import type { Context } from '../../context.ts'
import { dayMs, hourMs, type WindowSize, weekMs } from '../../core/time.ts'
import { leastRows } from '../../metrics/compare.ts'
import { growsBeyond, type History, type PastWindow } from '../../metrics/history.ts'
import type { Reference } from '../../metrics/reference.ts'
import { decodeResult } from '../../metrics/result-encoding.ts'
import type { WindowResult } from '../../metrics/window-result.ts'
import type { Window } from './compute-family.ts'
import { hoursOf } from './records.ts'

const pastWindows = 60
const pastWeeks = 8

type Loaded = { from: number; to: number; windows: Map<number, PastWindow> }

/** The windows of a family's series that were computed against one baseline: read once a run, and then kept up to date. */
export class FamilyHistory {
	private readonly loaded = new Map<string, Loaded>()
	private readonly context: Context
	private readonly reference: Reference

	constructor(context: Context, reference: Reference) {
		this.context = context
		this.reference = reference
	}

	/** What a window is tested against beside the baseline; undefined when it has too few rows to be tested. */
	async of(series: number, { size, from }: Window, result: WindowResult): Promise<History | undefined> {
		const { reference } = this
		if (reference.digest === '' || result.rows < leastRows) return undefined
		const days = (count: number) => this.read(series, '1d', from - count * dayMs, from)
		const past =
			size === '1h'
				? await this.read(series, '1h', from - pastWindows * hourMs, from)
				: await days(pastWindows)
		const ofWeek = size === '7d' ? await this.read(series, '1d', from, from + weekMs) : []
		const hours = size === '1d' && growsBeyond(reference, result)
		return {
			size,
			from,
			past,
			same: size === '1h' ? await this.sameHour(series, from) : [],
			days: size === '1h' ? await days(7 * pastWeeks) : [],
			parts: hours ? await this.read(series, '1h', from, from + dayMs) : ofWeek,
			seasons: reference.seasons,
		}
	}

	/** What was just computed, before it is stored. */
	add(series: number, { size, from }: Window, result: WindowResult): void {
		this.entry(series, size, from).windows.set(from, { from, result })
	}

	private entry(series: number, size: WindowSize, from: number): Loaded {
		const key = `${series} ${size}`
		const known = this.loaded.get(key)
		if (known) return known
		const made: Loaded = { from, to: from, windows: new Map() }
		this.loaded.set(key, made)
		return made
	}

	private async read(series: number, size: WindowSize, from: number, to: number): Promise<PastWindow[]> {
		const entry = this.entry(series, size, from)
		if (from < entry.from) await this.load(entry, series, size, [from, entry.from])
		if (to > entry.to) await this.load(entry, series, size, [entry.to, to])
		entry.from = Math.min(entry.from, from)
		entry.to = Math.max(entry.to, to)
		return [...entry.windows.values()]
			.filter((w) => w.from >= from && w.from < to)
			.sort((a, b) => a.from - b.from)
	}

	private async load(entry: Loaded, series: number, size: WindowSize, [from, to]: [number, number]) {
		for (const [at, bytes] of await this.rows(series, size, 'from_ms >= ?4 AND from_ms < ?5', [from, to]))
			if (!entry.windows.has(at)) entry.windows.set(at, { from: at, result: decodeResult(bytes) })
	}

	/** The same hour of the weeks before. */
	private async sameHour(series: number, from: number): Promise<PastWindow[]> {
		const times = Array.from({ length: pastWeeks }, (_, k) => from - (k + 1) * weekMs)
		const rows = await this.rows(series, '1h', 'from_ms IN (SELECT value FROM json_each(?4))', [
			JSON.stringify(times),
		])
		const known = this.loaded.get(`${series} 1h`)?.windows
		const found = new Map(rows.map(([at, bytes]) => [at, { from: at, result: decodeResult(bytes) }]))
		for (const at of times) {
			const recent = known?.get(at)
			if (recent) found.set(at, recent)
		}
		return [...found.values()].sort((a, b) => a.from - b.from)
	}

	private async rows(series: number, size: WindowSize, where: string, params: (number | string)[]) {
		const found = await this.context.sql.all({
			sql: `SELECT from_ms, bytes FROM metric_record WHERE series = ?1 AND hours = ?2 AND baseline = ?3 AND ${where}
				AND superseded_at IS NULL ORDER BY from_ms`,
			params: [series, hoursOf(size), this.reference.digest, ...params],
		})
		return found as unknown as [number, Uint8Array][]
	}
}
