import type { Context } from '../../context.ts'
import { getOrInsert } from '../../core/maps.ts'
import { formatTime, hourMs, type WindowSize, windowMs, windowStart } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import { rejectedRows } from '../../metrics/quality.ts'
import type { FactValue } from '../../rules/facts.ts'
import { hoursOf, type RecordRow } from './records.ts'

/** Selects rejected rows as `RecordRow`s: one for each window of this size, with its counts as JSON. */
export const rejectionRecords = (
	size: WindowSize,
	query: { model: string; environment?: string | undefined; code?: string | undefined },
	placeholder: (value: string) => string,
): string => {
	const [origin, length] = [windowStart(size, 0), windowMs[size]]
	const filters = [`model = ${placeholder(query.model)}`, "code <> ''"]
	if (query.environment !== undefined) filters.push(`environment = ${placeholder(query.environment)}`)
	if (query.code !== undefined) filters.push(`code = ${placeholder(query.code)}`)
	return `SELECT 0 AS series, ${hoursOf(size)} AS hours, from_ms, 1 AS revision, max(at) AS computed_at,
			0 AS provisional, NULL AS baseline, json_group_array(json_array(environment, code, rows)) AS bytes,
			NULL AS superseded_at, NULL AS mature_at, NULL AS reason
		FROM (SELECT (hour_ms - ${origin}) / ${length} * ${length} + ${origin} AS from_ms, environment, code,
			sum(rows) AS rows, max(at) AS at FROM rejected_row WHERE ${filters.join(' AND ')} GROUP BY 1, 2, 3)
		GROUP BY from_ms`
}

/** The points of such a record, by environment and code. */
export function rejectionPoints(
	context: Context,
	model: string,
	{ from_ms: from, hours, computed_at, bytes }: RecordRow,
): MetricPoint[] {
	const to = from + hours * hourMs
	const counts = (JSON.parse(String(bytes)) as [string, string, number][]).sort((a, b) =>
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
		computedAt: formatTime(computed_at),
	}))
}

/** How far back a model counts as having rejections; by then its last alert has cleared. */
const knownForMs = 8 * 24 * hourMs

export type RejectionState = { model: string; environment: string; facts: Map<string, FactValue> }

/** How many rows of each model were rejected in this hour and the one before, and their share of all rows. */
export async function readRejectionStates(context: Context): Promise<RejectionState[]> {
	const from = windowStart('1h', context.now()) - hourMs
	const rows = await context.sql.all<RecentRow>(recentRejections(from))
	type Summed = RejectionState & { rejected: number; taken: number; byCode: string[] }
	const states = new Map<string, Summed>()
	for (const { model, environment, code, rejected, taken } of rows) {
		const state = getOrInsert(
			states,
			JSON.stringify([model, environment]),
			(): Summed => ({
				...{ model, environment, facts: new Map(), rejected: 0, taken, byCode: [] },
			}),
		)
		state.rejected += rejected
		if (rejected > 0) state.byCode.push(`${rejected} ${code}`)
	}
	for (const { facts, rejected, taken, byCode } of states.values()) {
		facts.set('quality.rejected_rows', rejected)
		facts.set('quality.rejected_share', rejected / Math.max(1, rejected + taken))
		if (rejected > 0)
			facts.set(
				'quality.rejected_rows.summary',
				`rejected in this hour and the one before: ${byCode.join(', ')}`,
			)
	}
	return [...states.values()]
}

type RecentRow = { model: string; environment: string; code: string; rejected: number; taken: number }

// Taken rows: those posted together with rejected ones, or with event time in the same hours, whichever are more.
const recentRejections = (from: number): Statement => ({
	sql: `SELECT r.model AS model, r.environment AS environment, r.code AS code,
			sum(CASE WHEN r.hour_ms >= ?1 THEN r.rows ELSE 0 END) AS rejected,
			max(coalesce((SELECT sum(t.rows) FROM rejected_row t WHERE t.model = r.model AND t.code = '' AND t.hour_ms >= ?1), 0),
				coalesce((SELECT sum(c.rows) FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = 1
					AND c.day >= ?2 AND c.from_ms >= ?1 WHERE s.model = r.model AND s.environment = r.environment AND s.segment = ''), 0)) AS taken
		FROM rejected_row r WHERE r.code <> '' AND r.hour_ms >= ?1 - ${knownForMs}
		GROUP BY r.model, r.environment, r.code`,
	params: [from, Math.floor(from / (24 * hourMs))],
})
