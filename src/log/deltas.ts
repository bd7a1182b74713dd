import { hourMs } from '../core/time.ts'
import type { Statement } from '../db/sql.ts'
import { accumulate, emptyProfile, mergeProfiles } from '../summaries/inputs/accumulate.ts'
import { categoryOf } from '../summaries/inputs/cell.ts'
import { cellKind, type RowBatch } from '../summaries/inputs/columns.ts'
import { encodeProfile } from '../summaries/inputs/encoding.ts'
import type { Profile } from '../summaries/inputs/profile.ts'
import type { ProfilePlan } from './profile-plan.ts'
import type { SeriesTable } from './series-table.ts'

export type Owner = { model: string; version: string; environment: string }

/** Rows of `from`, added to the windows of other rows: `from`'s row i is summarised in the hour of `at[i]`. */
type Part = { batch: RowBatch; rows: Int32Array; hours: Float64Array; part: 'all' | 'features' }

/** The profile deltas of one commit: one a series and hour, however many rows and joins add to it. */
export class Deltas {
	private readonly profiles = new Map<
		string,
		{ series: number; hour: number; gridId: number; profile: Profile }
	>()
	private readonly series: SeriesTable

	constructor(series: SeriesTable) {
		this.series = series
	}

	private profileOf(series: number, hour: number, plan: ProfilePlan): Profile {
		const key = `${series} ${hour} ${plan.gridId}`
		let entry = this.profiles.get(key)
		if (!entry) {
			entry = { series, hour, gridId: plan.gridId, profile: emptyProfile(plan.grid) }
			this.profiles.set(key, entry)
		}
		return entry.profile
	}

	/** Summarises rows in their own hours, over all and for each value of a declared segment. */
	addRows(owner: Owner, plan: ProfilePlan, batch: RowBatch, rows: Int32Array): void {
		this.add(owner, plan, { batch, rows, hours: hoursOf(batch, rows), part: 'all' }, batch, rows)
	}

	/** Adds the features of feature-log rows to the windows of the predictions that they were joined to. */
	addFeatures(
		owner: Owner,
		plan: ProfilePlan,
		features: { batch: RowBatch; row: number },
		prediction: { batch: RowBatch; row: number },
	): void {
		const own = Int32Array.of(prediction.row)
		const part = {
			batch: features.batch,
			rows: Int32Array.of(features.row),
			hours: hoursOf(prediction.batch, own),
			part: 'features' as const,
		}
		this.add(owner, plan, part, prediction.batch, own)
	}

	addDuplicate(owner: Owner, plan: ProfilePlan, batch: RowBatch, row: number): void {
		const series = this.series.idOf({ ...owner, segment: '', value: '' })
		this.profileOf(series, hourOf(batch.timestamps[row] as number), plan).duplicates++
	}

	private add(
		owner: Owner,
		plan: ProfilePlan,
		part: Part,
		segmented: RowBatch,
		segmentRows: Int32Array,
	): void {
		this.addTo(this.series.idOf({ ...owner, segment: '', value: '' }), plan, part, undefined)
		for (const segment of plan.segments) {
			const column = segmented.segments.get(segment)
			if (!column) continue
			const byValue = new Map<string, number[]>()
			segmentRows.forEach((r, i) => {
				const kind = column.kinds[r] as number
				if (kind === cellKind.absent || kind === cellKind.null) return
				const value = categoryOf(kind, column.nums[r] as number, segmented.strings)
				if (value === undefined) return
				const list = byValue.get(value)
				if (list) list.push(i)
				else byValue.set(value, [i])
			})
			for (const [value, chosen] of byValue)
				this.addTo(this.series.idOf({ ...owner, segment, value }), plan, part, chosen)
		}
	}

	private addTo(
		series: number,
		plan: ProfilePlan,
		{ batch, rows, hours, part }: Part,
		chosen: number[] | undefined,
	): void {
		const first = hours[0] as number
		if (!chosen && hours.every((h) => h === first)) {
			accumulate(this.profileOf(series, first, plan), plan.grid, batch, rows, { ...plan.rule, part })
			return
		}
		const byHour = new Map<number, number[]>()
		const count = chosen?.length ?? rows.length
		for (let k = 0; k < count; k++) {
			const i = chosen ? (chosen[k] as number) : k
			const list = byHour.get(hours[i] as number)
			if (list) list.push(rows[i] as number)
			else byHour.set(hours[i] as number, [rows[i] as number])
		}
		for (const [hour, list] of byHour)
			accumulate(this.profileOf(series, hour, plan), plan.grid, batch, Int32Array.from(list), {
				...plan.rule,
				part,
			})
	}

	/** Adds what `other` holds; both are left usable. */
	absorb(other: Deltas): void {
		for (const [key, entry] of other.profiles) {
			const own = this.profiles.get(key)
			if (own) mergeProfiles(own.profile, entry.profile)
			else this.profiles.set(key, entry)
		}
	}

	/**
	 * Inserts of the deltas under the number of the chunk that made them, and the marks of the windows they touch.
	 * `stored: false`: the group stored no chunk (it had duplicates only), so the number is not taken yet.
	 */
	statements(chunk: number, stored = true): Statement[] {
		const list: Statement[] = []
		for (const { series, hour, gridId, profile } of this.profiles.values()) {
			const number = stored
				? '?4'
				: `(SELECT min(0, coalesce(min(chunk), 0)) - 1 FROM log_profile WHERE series = ?1 AND hour = ?2 AND grid = ?3)`
			list.push({
				sql: `INSERT INTO log_profile (series, hour, grid, chunk, bytes) VALUES (?1, ?2, ?3, ${number}, ?5)`,
				params: [series, hour, gridId, chunk, encodeProfile(profile, { withDigest: false })],
			})
			list.push(markDirty(series, hour, chunk))
		}
		return list
	}
}

export const markDirty = (series: number, hour: number, mark: number): Statement => ({
	sql: `INSERT INTO log_dirty (series, hour, mark) VALUES (?, ?, ?)
		ON CONFLICT (series, hour) DO UPDATE SET mark = max(excluded.mark, mark + 1)`,
	params: [series, hour, mark],
})

export const hourOf = (ms: number): number => Math.floor(ms / hourMs) * hourMs

const hoursOf = (batch: RowBatch, rows: Int32Array): Float64Array =>
	Float64Array.from(rows, (r) => hourOf(batch.timestamps[r] as number))
