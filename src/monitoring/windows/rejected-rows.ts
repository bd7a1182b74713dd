import type { Context } from '../../context.ts'
import { formatTime, hourMs, type WindowSize, windowMs, windowStart } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { rejectedRows } from '../../metrics/quality.ts'
import type { FactValue } from '../../rules/facts.ts'
import { hoursOf } from './records.ts'

/** Rejections as records among those of `readAnswers`: one for each window of this size, with what it holds as JSON. */
export const rejectionRecords = (
	size: WindowSize,
	query: { model: string; environment?: string | undefined; code?: string | undefined },
	placeholder: (value: string) => string,
): string => {
	const [origin, length] = [windowStart(size, 0), windowMs[size]]
	const filters = [`model = ${placeholder(query.model)}`, "code <> ''"]
	if (query.environment !== undefined) filters.push(`environment = ${placeholder(query.environment)}`)
	if (query.code !== undefined) filters.push(`code = ${placeholder(query.code)}`)
	return `SELECT 0 AS series, ${hoursOf(size)} AS hours, from_ms, 1 AS revision, max(at) AS computed_at, 0, NULL,
			json_group_array(json_array(environment, code, rows)), NULL
		FROM (SELECT (hour_ms - ${origin}) / ${length} * ${length} + ${origin} AS from_ms, environment, code,
			sum(rows) AS rows, max(at) AS at FROM rejected_row WHERE ${filters.join(' AND ')} GROUP BY 1, 2, 3)
		GROUP BY from_ms`
}

/** What such a record says, by environment and code. */
export function measureRejections(
	context: Context,
	model: string,
	record: { hours: number; from: number; computedAt: number; counts: string },
): MetricPoint[] {
	const { from } = record
	const to = from + record.hours * hourMs
	const counts = (JSON.parse(record.counts) as [string, string, number][]).sort((a, b) =>
		a[0] === b[0] ? (a[1] < b[1] ? -1 : 1) : a[0] < b[0] ? -1 : 1,
	)
	return counts.map(([environment, code, rows]) => ({
		metric: rejectedRows.id,
		subject: { model, version: '', environment, code },
		window: { from: formatTime(from), to: formatTime(to) },
		status: 'ok',
		value: rows,
		n: rows,
		m: 0,
		low: null,
		high: null,
		p: null,
		q: null,
		method: rejectedRows.method,
		reason: null,
		baseline: null,
		provisional: to > context.now(),
		computedAt: formatTime(record.computedAt),
	}))
}

/** How far back a model counts as one that has rejections; after that its last alert has long been clear. */
const knownForMs = 8 * 24 * hourMs

export type RejectionState = { model: string; environment: string; facts: Map<string, FactValue> }

/** How many rows each model had rejected in this hour and the one before, and which share of all that came. */
export async function readRejectionStates(context: Context): Promise<RejectionState[]> {
	const from = windowStart('1h', context.now()) - hourMs
	const rows = (await context.sql.values(recentRejections(from))) as unknown as [
		string,
		string,
		string,
		number,
		number,
	][]
	type Summed = RejectionState & { rejected: number; taken: number; said: string[] }
	const states = new Map<string, Summed>()
	for (const [model, environment, code, count, taken] of rows) {
		const key = JSON.stringify([model, environment])
		const fresh: Summed = { model, environment, facts: new Map(), rejected: 0, taken, said: [] }
		const state = states.get(key) ?? fresh
		state.rejected += count
		if (count > 0) state.said.push(`${count} ${code}`)
		states.set(key, state)
	}
	for (const { facts, rejected, taken, said } of states.values()) {
		facts.set('quality.rejected_rows', rejected)
		facts.set('quality.rejected_share', rejected / Math.max(1, rejected + taken))
		if (rejected > 0)
			facts.set(
				'quality.rejected_rows.summary',
				`rejected in this hour and the one before: ${said.join(', ')}`,
			)
	}
	return [...states.values()]
}

// Taken rows: those that came beside rejected ones, or by their own time in the same hours, whichever are more.
const recentRejections = (from: number): Statement => ({
	sql: `SELECT r.model, r.environment, r.code, sum(CASE WHEN r.hour_ms >= ?1 THEN r.rows ELSE 0 END),
			max(coalesce((SELECT sum(t.rows) FROM rejected_row t WHERE t.model = r.model AND t.code = '' AND t.hour_ms >= ?1), 0),
				coalesce((SELECT sum(c.rows) FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = 1
					AND c.day >= ?2 AND c.from_ms >= ?1 WHERE s.model = r.model AND s.environment = r.environment AND s.segment = ''), 0))
		FROM rejected_row r WHERE r.code <> '' AND r.hour_ms >= ?1 - ${knownForMs}
		GROUP BY r.model, r.environment, r.code`,
	params: [from, Math.floor(from / (24 * hourMs))],
})
