import { getOrInsert } from '../../core/maps.ts'
import type { SeriesRef } from '../../core/series.ts'
import { hourMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import { categoryOf, cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import { encodeInputSummary } from '../../summaries/inputs/encoding.ts'
import type { InputSummary } from '../../summaries/inputs/input-summary.ts'
import { accumulate, emptyInputSummary } from '../../summaries/inputs/input-summary.ts'
import type { SeriesTable } from './series-table.ts'
import type { SummarySpec } from './summary-specs.ts'

/** Rows of `batch` and the hours in which they are counted: `rows[i]` in `hours[i]`. */
type Part = { batch: RowBatch; rows: Int32Array; hours: Float64Array; part: 'all' | 'features' }

/** What one commit adds to the input summaries: one delta for each series and hour, however many rows and joins add to it. */
export class InputDeltas {
	private readonly deltas = new Map<
		string,
		{ series: number; hour: number; binsId: number; summary: InputSummary }
	>()
	private readonly series: SeriesTable

	constructor(series: SeriesTable) {
		this.series = series
	}

	private summaryOf(series: number, hour: number, { bins, binsId }: SummarySpec): InputSummary {
		const key = `${series} ${hour} ${binsId}`
		return getOrInsert(this.deltas, key, () => ({ series, hour, binsId, summary: emptyInputSummary(bins) }))
			.summary
	}

	/** Counts rows in their own hours, over all rows and for each value of a declared segment. */
	addRows(seriesRef: SeriesRef, spec: SummarySpec, batch: RowBatch, rows: Int32Array): void {
		this.add(seriesRef, spec, { batch, rows, hours: hoursOf(batch, rows), part: 'all' }, batch, rows)
	}

	/** Counts the features of a feature log in the hour of the prediction that they were joined to. */
	addFeatures(
		seriesRef: SeriesRef,
		spec: SummarySpec,
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
		this.add(seriesRef, spec, part, prediction.batch, own)
	}

	addDuplicate(seriesRef: SeriesRef, spec: SummarySpec, batch: RowBatch, row: number): void {
		const series = this.series.idOf({ ...seriesRef, segment: '', value: '' })
		this.summaryOf(series, hourOf(batch.timestamps[row] as number), spec).duplicates++
	}

	private add(
		seriesRef: SeriesRef,
		spec: SummarySpec,
		part: Part,
		segmented: RowBatch,
		segmentRows: Int32Array,
	): void {
		this.addTo(this.series.idOf({ ...seriesRef, segment: '', value: '' }), spec, part, undefined)
		for (const segment of spec.segments) {
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
				this.addTo(this.series.idOf({ ...seriesRef, segment, value }), spec, part, chosen)
		}
	}

	private addTo(
		series: number,
		spec: SummarySpec,
		{ batch, rows, hours, part }: Part,
		chosen: number[] | undefined,
	): void {
		const first = hours[0] as number
		if (!chosen && hours.every((h) => h === first)) {
			accumulate(this.summaryOf(series, first, spec), spec.bins, batch, rows, { ...spec.rule, part })
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
			accumulate(this.summaryOf(series, hour, spec), spec.bins, batch, Int32Array.from(list), {
				...spec.rule,
				part,
			})
	}

	/**
	 * Inserts the deltas under the number of the commit's first chunk, and marks their hours as dirty. `stored: false`: the
	 * commit stores no chunk (all rows are duplicates), so it uses a negative number that is free.
	 */
	statements(chunk: number, stored = true): Statement[] {
		const list: Statement[] = []
		for (const { series, hour, binsId, summary } of this.deltas.values()) {
			const number = stored
				? '?4'
				: `(SELECT min(0, coalesce(min(chunk), 0)) - 1 FROM log_profile WHERE series = ?1 AND hour = ?2 AND grid = ?3)`
			list.push({
				sql: `INSERT INTO log_profile (series, hour, grid, chunk, bytes) VALUES (?1, ?2, ?3, ${number}, ?5)`,
				params: [series, hour, binsId, chunk, encodeInputSummary(summary, { withDigest: false })],
			})
			list.push(markDirty(series, hour, chunk))
		}
		return list
	}
}

const markDirty = (series: number, hour: number, mark: number): Statement => ({
	sql: `INSERT INTO log_dirty (series, hour, mark) VALUES (?, ?, ?)
		ON CONFLICT (series, hour) DO UPDATE SET mark = max(excluded.mark, mark + 1)`,
	params: [series, hour, mark],
})

const hourOf = (ms: number): number => Math.floor(ms / hourMs) * hourMs

const hoursOf = (batch: RowBatch, rows: Int32Array): Float64Array =>
	Float64Array.from(rows, (r) => hourOf(batch.timestamps[r] as number))
