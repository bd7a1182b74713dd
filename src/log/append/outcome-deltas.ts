import { getOrInsert } from '../../core/maps.ts'
import { hourMs } from '../../core/time.ts'
import type { SqlValue, Statement } from '../../db/sql.ts'
import { textHash } from '../../summaries/inputs/columns.ts'
import {
	addOutcome,
	addPrediction,
	moveGroup,
	type Outcome,
	type Predicted,
	type Sign,
} from '../../summaries/outcomes/contribute.ts'
import { encodeOutcomeSummary } from '../../summaries/outcomes/encoding.ts'
import { none, predictedAt } from '../../summaries/outcomes/join-index.ts'
import type { Task } from '../../summaries/outcomes/label.ts'
import { emptyOutcomeSummary, type OutcomeSummary } from '../../summaries/outcomes/outcome-summary.ts'
import type { JoinEntry, LateGroups } from '../join/join-index-store.ts'
import type { SeriesTable } from './series-table.ts'

/** Of four values each: D1 takes a hundred parameters in a statement. */
const rowsPerStatement = 25

/** What one commit adds to the outcome summaries: one delta for each series and hour, however many rows add to it. */
export class OutcomeDeltas {
	private readonly deltas = new Map<number, Map<number, OutcomeSummary>>()
	/** By series and day of the predictions: a hash of each id, and the error of the prediction. */
	private readonly errors = new Map<number, Map<number, number[]>>()
	private readonly series: SeriesTable

	constructor(series: SeriesTable) {
		this.series = series
	}

	addPrediction(task: Task, at: JoinEntry): void {
		const row = predicted(at)
		for (const summary of this.summariesOf(at)) addPrediction(summary, task, row)
	}

	addOutcome(task: Task, at: JoinEntry, outcome: Outcome, sign: Sign): void {
		const row = predicted(at)
		for (const summary of this.summariesOf(at)) addOutcome(summary, task, row, outcome, sign)
	}

	/** Notes the error of a prediction, for the detectors that read errors in the order of predictions. */
	addError(task: Task, at: JoinEntry, outcome: Outcome, predictionId: string): void {
		const error = errorOf(task, predicted(at), outcome)
		if (error === undefined) return
		const days = getOrInsert(this.errors, this.wholeSeries(at), () => new Map<number, number[]>())
		getOrInsert(days, at.chunk.dayStart, () => []).push(textHash(predictionId), error)
	}

	addCorrection(at: JoinEntry): void {
		for (const summary of this.summariesOf(at)) summary.corrections++
	}

	/** Moves a row to groups that have become known after it was counted. */
	regroup(at: JoinEntry, outcome: Outcome | undefined, later: LateGroups): void {
		const before = predicted(at)
		const known = { ...at.chunk.later.get(at.row), ...later }
		const after = predictedAt(at.chunk.joinIndex, at.row, known)
		const old = new Map(before.groups)
		const changed = after.groups.filter(([attribute, value]) => old.get(attribute) !== value)
		const from = changed.map(([attribute]) => [attribute, old.get(attribute) as string] as const)
		for (const summary of this.summariesOf(at)) moveGroup(summary, before, outcome, from, changed)
	}

	/** The summaries that a row counts in: over all rows, and of its value of each declared segment. */
	private summariesOf(at: JoinEntry): OutcomeSummary[] {
		const { chunk, row } = at
		const { series, seriesRef, joinIndex } = chunk
		const hour = chunk.dayStart + (joinIndex.hours[row] as number) * hourMs
		const list = [this.summaryOf(this.wholeSeries(at), hour)]
		for (const [segment, coded] of joinIndex.segments) {
			const code = coded.codes[row] as number
			if (code === none) continue
			const ids = getOrInsert(series.bySegment, segment, () => [])
			ids[code] ??= this.series.idOf({ ...seriesRef, segment, value: coded.values[code] as string })
			list.push(this.summaryOf(ids[code], hour))
		}
		return list
	}

	private wholeSeries({ chunk }: JoinEntry): number {
		chunk.series.all ??= this.series.idOf({ ...chunk.seriesRef, segment: '', value: '' })
		return chunk.series.all
	}

	private summaryOf(series: number, hour: number): OutcomeSummary {
		let hours = this.deltas.get(series)
		if (!hours) {
			hours = new Map()
			this.deltas.set(series, hours)
		}
		let summary = hours.get(hour)
		if (!summary) {
			summary = emptyOutcomeSummary()
			hours.set(hour, summary)
		}
		return summary
	}

	/** Inserts the deltas under the number of the commit's first chunk, and marks their hours as dirty. */
	statements(chunk: number): Statement[] {
		const rows: SqlValue[][] = []
		for (const [series, hours] of this.deltas)
			for (const [hour, summary] of hours) rows.push([series, hour, chunk, encodeOutcomeSummary(summary)])
		if (rows.length === 0) return []
		const list = inserts('log_tally (series, hour, chunk, bytes)', rows)
		list.push({
			sql: `INSERT INTO log_tally_dirty (series, hour, mark) SELECT value ->> 0, value ->> 1, ? FROM json_each(?) WHERE true
				ON CONFLICT (series, hour) DO UPDATE SET mark = max(excluded.mark, mark + 1)`,
			params: [chunk, JSON.stringify(rows.map(([series, hour]) => [series, hour]))],
		})
		return [...list, ...this.errorStatements(chunk)]
	}

	private errorStatements(chunk: number): Statement[] {
		const rows = [...this.errors].flatMap(([series, days]) =>
			[...days].map(([day, errors]): SqlValue[] => [
				series,
				day,
				chunk,
				new Uint8Array(Float64Array.from(errors).buffer),
			]),
		)
		return inserts('log_error (series, day_ms, chunk, bytes)', rows)
	}
}

/** Inserts of rows of four values, many in a statement. */
function inserts(into: string, rows: readonly SqlValue[][]): Statement[] {
	const list: Statement[] = []
	for (let i = 0; i < rows.length; i += rowsPerStatement) {
		const part = rows.slice(i, i + rowsPerStatement)
		list.push({
			sql: `INSERT INTO ${into} VALUES ${part.map(() => '(?, ?, ?, ?)').join(', ')}`,
			params: part.flat(),
		})
	}
	return list
}

/** 1 for a wrong decision and 0 for a right one; the absolute error of a regression. */
function errorOf(task: Task, row: Predicted, outcome: Outcome): number | undefined {
	if (!outcome.observed || !outcome.actual || task === 'ranking') return undefined
	if (task === 'regression') {
		const error = Math.abs(row.score - outcome.actual.value)
		return Number.isFinite(error) ? error : undefined
	}
	return row.decision === '' ? undefined : row.decision === outcome.actual.text ? 0 : 1
}

const predicted = ({ chunk, row }: JoinEntry): Predicted =>
	predictedAt(chunk.joinIndex, row, chunk.later.get(row))
