import { hourMs } from '../core/time.ts'
import type { SqlValue, Statement } from '../db/sql.ts'
import { textHash } from '../summaries/inputs/columns.ts'
import {
	addOutcome,
	addPrediction,
	moveGroup,
	type Outcome,
	type Predicted,
	type Sign,
} from '../summaries/outcomes/contribute.ts'
import { encodeOutcomeSummary } from '../summaries/outcomes/encoding.ts'
import { none, predictedAt } from '../summaries/outcomes/join-index.ts'
import type { Task } from '../summaries/outcomes/label.ts'
import { emptyOutcomeSummary, type OutcomeSummary } from '../summaries/outcomes/outcome-summary.ts'
import type { JoinEntry, LateGroups } from './join-index-store.ts'
import type { SeriesTable } from './series-table.ts'

/** Of four values: D1 takes a hundred in a statement. */
const rowsAtOnce = 25

/** The tallies of one commit: one a series and hour, however many predictions and outcomes add to it. */
export class OutcomeDeltas {
	private readonly outcomeSummaries = new Map<number, Map<number, OutcomeSummary>>()
	/** By series and day of the predictions: a hash of each id, and how wrong it was. */
	private readonly errors = new Map<number, Map<number, number[]>>()
	private readonly series: SeriesTable

	constructor(series: SeriesTable) {
		this.series = series
	}

	addPrediction(task: Task, at: JoinEntry): void {
		const row = predicted(at)
		for (const outcomeSummary of this.outcomeDeltasOf(at)) addPrediction(outcomeSummary, task, row)
	}

	addOutcome(task: Task, at: JoinEntry, outcome: Outcome, sign: Sign): void {
		const row = predicted(at)
		for (const outcomeSummary of this.outcomeDeltasOf(at))
			addOutcome(outcomeSummary, task, row, outcome, sign)
	}

	/** Notes how wrong a prediction was, for the detectors that look at errors in the order of predictions. */
	addError(task: Task, at: JoinEntry, outcome: Outcome, predictionId: string): void {
		const error = errorOf(task, predicted(at), outcome)
		if (error === undefined) return
		const { chunk } = at
		chunk.series.all ??= this.series.idOf({ ...chunk.seriesRef, segment: '', value: '' })
		const days = this.errors.get(chunk.series.all) ?? new Map<number, number[]>()
		this.errors.set(chunk.series.all, days)
		const list = days.get(chunk.day) ?? []
		days.set(chunk.day, list)
		list.push(textHash(predictionId), error)
	}

	addCorrection(at: JoinEntry): void {
		for (const outcomeSummary of this.outcomeDeltasOf(at)) outcomeSummary.corrections++
	}

	/** Moves a row to groups that became known only now. */
	regroup(at: JoinEntry, outcome: Outcome | undefined, later: LateGroups): void {
		const before = predicted(at)
		const known = { ...at.chunk.later.get(at.row), ...later }
		const after = predictedAt(at.chunk.joinIndex, at.row, known)
		const old = new Map(before.groups)
		const changed = after.groups.filter(([attribute, value]) => old.get(attribute) !== value)
		const from = changed.map(([attribute]) => [attribute, old.get(attribute) as string] as const)
		for (const outcomeSummary of this.outcomeDeltasOf(at))
			moveGroup(outcomeSummary, before, outcome, from, changed)
	}

	/** The tallies that a row counts in: over all rows, and of its value of each declared segment. */
	private outcomeDeltasOf({ chunk, row }: JoinEntry): OutcomeSummary[] {
		const hour = chunk.day + (chunk.joinIndex.hours[row] as number) * hourMs
		const { series, seriesRef, joinIndex } = chunk
		series.all ??= this.series.idOf({ ...seriesRef, segment: '', value: '' })
		const list = [this.outcomeSummaryOf(series.all, hour)]
		for (const [segment, coded] of joinIndex.segments) {
			const code = coded.codes[row] as number
			if (code === none) continue
			const ids = series.bySegment.get(segment) ?? []
			series.bySegment.set(segment, ids)
			ids[code] ??= this.series.idOf({ ...seriesRef, segment, value: coded.values[code] as string })
			list.push(this.outcomeSummaryOf(ids[code], hour))
		}
		return list
	}

	private outcomeSummaryOf(series: number, hour: number): OutcomeSummary {
		let hours = this.outcomeSummaries.get(series)
		if (!hours) {
			hours = new Map()
			this.outcomeSummaries.set(series, hours)
		}
		let outcomeSummary = hours.get(hour)
		if (!outcomeSummary) {
			outcomeSummary = emptyOutcomeSummary()
			hours.set(hour, outcomeSummary)
		}
		return outcomeSummary
	}

	/** Inserts of the deltas under the number of the commit's first chunk, and the marks of the windows they touch. */
	statements(chunk: number): Statement[] {
		const rows: SqlValue[][] = []
		for (const [series, hours] of this.outcomeSummaries)
			for (const [hour, outcomeSummary] of hours)
				rows.push([series, hour, chunk, encodeOutcomeSummary(outcomeSummary)])
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

/** Rows of four values, some in a statement. */
function inserts(into: string, rows: readonly SqlValue[][]): Statement[] {
	const list: Statement[] = []
	for (let i = 0; i < rows.length; i += rowsAtOnce) {
		const part = rows.slice(i, i + rowsAtOnce)
		list.push({
			sql: `INSERT INTO ${into} VALUES ${part.map(() => '(?, ?, ?, ?)').join(', ')}`,
			params: part.flat(),
		})
	}
	return list
}

/** 1 for a wrong decision and 0 for a right one; for regression how far off it was. */
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
