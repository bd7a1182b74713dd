import type { Context } from '../../context.ts'
import { getOrInsert } from '../../core/maps.ts'
import { dayMs, hourMs, type WindowSize, weekMs, windowMs, windowStart } from '../../core/time.ts'
import { minRows } from '../../metrics/compare.ts'
import { growsBeyond, type History, type PastWindow } from '../../metrics/history.ts'
import type { Reference } from '../../metrics/reference.ts'
import { decodeResult } from '../../metrics/result-encoding.ts'
import type { WindowResult } from '../../metrics/window-result.ts'
import { hoursOf, type Window } from './records.ts'

const pastWindows = 60
const pastWeeks = 8
/** Columns in memory from which hours that are not needed all the time are dropped. */
const maxColumns = 200_000

/** Windows of one series and size; complete for [from, to). `first`: the begin of the first hour, once it is known. */
type Known = { from: number; to: number; windows: Map<number, PastWindow>; first: number | undefined }

/** Past windows of a model series against one baseline: read once a run, and updated as windows are computed. */
export class WindowHistory {
	private readonly known = new Map<string, Known>()
	private readonly context: Context
	private readonly reference: Reference

	constructor(context: Context, reference: Reference) {
		this.context = context
		this.reference = reference
	}

	/** The past that a window is tested against beside the baseline; undefined when it has too few rows to be tested. */
	async of(series: number, { size, from }: Window, result: WindowResult): Promise<History | undefined> {
		const { reference } = this
		if (reference.digest === '' || result.rows < minRows) return undefined
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

	/** Adds a window that was computed and is not stored yet; undefined: it has no rows. */
	add(series: number, { size, from }: Window, result: WindowResult | undefined): void {
		const known = this.knownOf(series, size, from)
		if (result) known.windows.set(from, { from, result })
		if (result && known.first !== undefined) known.first = Math.min(known.first, from)
		if (from === known.to) known.to += windowMs[size]
	}

	/** Drops old hours when there are too many; they are stored and can be read again. */
	prune(): void {
		const hours = [...this.known].filter(([key]) => key.endsWith(' 1h')).map(([, known]) => known)
		const count = hours.reduce((sum, { windows }) => sum + windows.size, 0)
		if (count * this.reference.columns.length <= maxColumns) return
		for (const known of hours) {
			const from = Math.max(known.from, known.to - pastWindows * hourMs)
			for (const at of known.windows.keys()) if (at < from) known.windows.delete(at)
			known.from = from
		}
	}

	private knownOf(series: number, size: WindowSize, from: number): Known {
		const key = `${series} ${size}`
		return getOrInsert(this.known, key, () => ({ from, to: from, windows: new Map(), first: undefined }))
	}

	private async read(series: number, size: WindowSize, from: number, to: number): Promise<PastWindow[]> {
		const known = this.knownOf(series, size, from)
		if (from < known.from) await this.load(known, series, size, [from, known.from])
		if (to > known.to) await this.load(known, series, size, [known.to, to])
		known.from = Math.min(known.from, from)
		known.to = Math.max(known.to, to)
		const found: PastWindow[] = []
		const step = windowMs[size]
		for (let at = windowStart(size, from + step - 1); at < to; at += step) {
			const window = known.windows.get(at)
			if (window) found.push(window)
		}
		return found
	}

	private async load(known: Known, series: number, size: WindowSize, [from, to]: [number, number]) {
		for (const { at, bytes } of await this.rows(series, size, 'from_ms >= ?4 AND from_ms < ?5', [from, to]))
			if (!known.windows.has(at)) known.windows.set(at, { from: at, result: decodeResult(bytes) })
	}

	/** The same hour of past weeks. */
	private async sameHour(series: number, from: number): Promise<PastWindow[]> {
		const known = this.knownOf(series, '1h', from)
		known.first ??= await this.firstHour(series)
		const times = Array.from({ length: pastWeeks }, (_, k) => from - (pastWeeks - k) * weekMs)
		const stored = times.filter((at) => at >= (known.first as number) && !(at >= known.from && at < known.to))
		const rows =
			stored.length === 0
				? []
				: await this.rows(series, '1h', 'from_ms IN (SELECT value FROM json_each(?4))', [
						JSON.stringify(stored),
					])
		const read = new Map(rows.map(({ at, bytes }) => [at, { from: at, result: decodeResult(bytes) }]))
		return times.flatMap((at) => known.windows.get(at) ?? read.get(at) ?? [])
	}

	/** When the first hour of a series begins, stored or computed in this run. */
	private async firstHour(series: number): Promise<number> {
		const [row] = await this.context.sql.all<{ first: number | null }>({
			sql: 'SELECT min(from_ms) AS first FROM metric_record WHERE series = ? AND hours = 1',
			params: [series],
		})
		const computed = this.known.get(`${series} 1h`)?.windows.keys() ?? []
		return Math.min(row?.first ?? Number.POSITIVE_INFINITY, ...computed)
	}

	private rows(series: number, size: WindowSize, where: string, params: (number | string)[]) {
		return this.context.sql.all<{ at: number; bytes: Uint8Array }>({
			sql: `SELECT from_ms AS at, bytes FROM metric_record WHERE series = ?1 AND hours = ?2 AND baseline = ?3 AND ${where}
				AND superseded_at IS NULL ORDER BY from_ms`,
			params: [series, hoursOf(size), this.reference.digest, ...params],
		})
	}
}
