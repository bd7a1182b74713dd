import type { SeriesRef } from '../core/series.ts'
import { hourMs } from '../core/time.ts'
import type { Statement } from '../db/sql.ts'
import { categoryOf, cellKind, type RowBatch } from '../summaries/inputs/columns.ts'
import { encodeInputSummary } from '../summaries/inputs/encoding.ts'
import {
	accumulate,
	emptyInputSummary,
	type InputSummary,
	mergeInputSummaries,
} from '../summaries/inputs/input-summary.ts'
import type { SeriesTable } from './series-table.ts'
import type { SummarySpec } from './summary-specs.ts'

/** Rows of `from`, added to the windows of other rows: `from`'s row i is summarised in the hour of `at[i]`. */
type Part = { batch: RowBatch; rows: Int32Array; hours: Float64Array; part: 'all' | 'features' }

/** The profile deltas of one commit: one a series and hour, however many rows and joins add to it. */
export class Deltas {
	private readonly inputSummaries = new Map<
		string,
		{ series: number; hour: number; binsId: number; inputSummary: InputSummary }
	>()
	private readonly series: SeriesTable

	constructor(series: SeriesTable) {
		this.series = series
	}

	private inputSummaryOf(series: number, hour: number, plan: SummarySpec): InputSummary {
		const key = `${series} ${hour} ${plan.binsId}`
		let entry = this.inputSummaries.get(key)
		if (!entry) {
			entry = { series, hour, binsId: plan.binsId, inputSummary: emptyInputSummary(plan.bins) }
			this.inputSummaries.set(key, entry)
		}
		return entry.inputSummary
	}

	/** Summarises rows in their own hours, over all and for each value of a declared segment. */
	addRows(seriesRef: SeriesRef, plan: SummarySpec, batch: RowBatch, rows: Int32Array): void {
		this.add(seriesRef, plan, { batch, rows, hours: hoursOf(batch, rows), part: 'all' }, batch, rows)
	}

	/** Adds the features of feature-log rows to the windows of the predictions that they were joined to. */
	addFeatures(
		seriesRef: SeriesRef,
		plan: SummarySpec,
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
		this.add(seriesRef, plan, part, prediction.batch, own)
	}

	addDuplicate(seriesRef: SeriesRef, plan: SummarySpec, batch: RowBatch, row: number): void {
		const series = this.series.idOf({ ...seriesRef, segment: '', value: '' })
		this.inputSummaryOf(series, hourOf(batch.timestamps[row] as number), plan).duplicates++
	}

	private add(
		seriesRef: SeriesRef,
		plan: SummarySpec,
		part: Part,
		segmented: RowBatch,
		segmentRows: Int32Array,
	): void {
		this.addTo(this.series.idOf({ ...seriesRef, segment: '', value: '' }), plan, part, undefined)
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
				this.addTo(this.series.idOf({ ...seriesRef, segment, value }), plan, part, chosen)
		}
	}

	private addTo(
		series: number,
		plan: SummarySpec,
		{ batch, rows, hours, part }: Part,
		chosen: number[] | undefined,
	): void {
		const first = hours[0] as number
		if (!chosen && hours.every((h) => h === first)) {
			accumulate(this.inputSummaryOf(series, first, plan), plan.bins, batch, rows, { ...plan.rule, part })
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
			accumulate(this.inputSummaryOf(series, hour, plan), plan.bins, batch, Int32Array.from(list), {
				...plan.rule,
				part,
			})
	}

	/** Adds what `other` holds; both are left usable. */
	absorb(other: Deltas): void {
		for (const [key, entry] of other.inputSummaries) {
			const own = this.inputSummaries.get(key)
			if (own) mergeInputSummaries(own.inputSummary, entry.inputSummary)
			else this.inputSummaries.set(key, entry)
		}
	}

	/**
	 * Inserts of the deltas under the number of the chunk that made them, and the marks of the windows they touch.
	 * `stored: false`: the group stored no chunk (it had duplicates only), so the number is not taken yet.
	 */
	statements(chunk: number, stored = true): Statement[] {
		const list: Statement[] = []
		for (const { series, hour, binsId, inputSummary } of this.inputSummaries.values()) {
			const number = stored
				? '?4'
				: `(SELECT min(0, coalesce(min(chunk), 0)) - 1 FROM log_profile WHERE series = ?1 AND hour = ?2 AND grid = ?3)`
			list.push({
				sql: `INSERT INTO log_profile (series, hour, grid, chunk, bytes) VALUES (?1, ?2, ?3, ${number}, ?5)`,
				params: [series, hour, binsId, chunk, encodeInputSummary(inputSummary, { withDigest: false })],
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
