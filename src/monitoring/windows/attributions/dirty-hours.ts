import type { Context } from '../../../context.ts'
import { hourMs } from '../../../core/time.ts'

const marksAtOnce = 5000

const markHours = `INSERT INTO attribution_dirty (series, hour_ms, mark) SELECT value ->> 0, value ->> 1, 1 FROM json_each(?)
	WHERE true ON CONFLICT (series, hour_ms) DO UPDATE SET mark = mark + 1`

/**
 * Marks the hours of all rows whose statistics were computed since the last time: they are those whose rows changed. An
 * hour that is still open is not marked: it is computed once more when it closes. Segments are not explained by hour.
 */
export async function followChanges(context: Context): Promise<void> {
	for (;;) {
		const [state] = (await context.sql.values({
			sql: "SELECT value FROM attribution_state WHERE key = 'followed'",
			params: [],
		})) as unknown as [number][]
		const rows = (await context.sql.values({
			sql: `SELECT c.sequence, c.series, c.from_ms, c.hours = 1 AND s.segment = '' FROM metric_change c
				JOIN log_series s ON s.id = c.series WHERE c.sequence > ? ORDER BY c.sequence LIMIT ?`,
			params: [state?.[0] ?? 0, marksAtOnce],
		})) as unknown as [number, number, number, number][]
		const last = rows.at(-1)
		if (!last) return
		const closed = rows.filter(([, , from, isOurs]) => isOurs === 1 && from + hourMs <= context.now())
		await context.sql.batch([
			{ sql: markHours, params: [JSON.stringify(closed.map(([, series, from]) => [series, from]))] },
			{
				sql: "INSERT OR REPLACE INTO attribution_state (key, value) VALUES ('followed', ?)",
				params: [last[0]],
			},
		])
		if (rows.length < marksAtOnce) return
	}
}

// In the order of the tables (CROSS JOIN), so that it costs a seek a series and not the hours of all that have no model.
const markUnexplainedHours = `INSERT INTO attribution_dirty (series, hour_ms, mark)
	SELECT h.series, h.hour_ms, 1 FROM model_version v CROSS JOIN log_series s
	CROSS JOIN attribution_hour h
	WHERE (v.artifact IS NOT NULL OR EXISTS
		(SELECT 1 FROM version_artifact a WHERE a.model = v.model AND a.version = v.version))
		AND s.model = v.model AND s.version = v.version AND s.segment = '' AND h.series = s.id AND h.source = 'none'
	ON CONFLICT (series, hour_ms) DO NOTHING`

/** Marks the hours that nothing could explain, of versions that have a model file by now. */
export const markUnexplained = async (context: Context): Promise<void> =>
	void (await context.sql.batch([{ sql: markUnexplainedHours }]))

/** The marked hours of each series, oldest first. */
export async function dirtyHours(context: Context): Promise<Map<number, { hour: number; mark: number }[]>> {
	const rows = (await context.sql.values({
		sql: 'SELECT series, hour_ms, mark FROM attribution_dirty ORDER BY series, hour_ms',
		params: [],
	})) as unknown as [number, number, number][]
	const found = new Map<number, { hour: number; mark: number }[]>()
	for (const [series, hour, mark] of rows) {
		const list = found.get(series) ?? []
		list.push({ hour, mark })
		found.set(series, list)
	}
	return found
}
