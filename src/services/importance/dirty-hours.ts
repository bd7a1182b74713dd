import type { Context } from '../../context.ts'
import { hourMs } from '../../core/time.ts'
import { findArtifact } from '../artifact/find-artifact.ts'
import { findVersion } from '../model/find-version.ts'

const marksAtOnce = 5000

const markHour = `INSERT INTO attribution_dirty (series, hour_ms, mark) SELECT ?1, ?2, 1 WHERE true
	ON CONFLICT (series, hour_ms) DO UPDATE SET mark = mark + 1`

/**
 * Marks the hours whose statistics were computed since the last time: they are those whose rows changed. An hour that is
 * still open is not marked: it is computed once more when it closes.
 */
export async function followChanges(context: Context): Promise<void> {
	for (;;) {
		const [state] = (await context.sql.all({
			sql: "SELECT value FROM attribution_state WHERE key = 'followed'",
			params: [],
		})) as unknown as [number][]
		const rows = (await context.sql.all({
			sql: `SELECT c.sequence, c.series, c.from_ms FROM metric_change c JOIN log_series s ON s.id = c.series
				WHERE c.sequence > ? AND c.hours = 1 ORDER BY c.sequence LIMIT ?`,
			params: [state?.[0] ?? 0, marksAtOnce],
		})) as unknown as [number, number, number][]
		const last = rows.at(-1)
		if (!last) return
		const closed = rows.filter(([, , from]) => from + hourMs <= context.now())
		await context.sql.batch([
			...closed.map(([, series, from]) => ({ sql: markHour, params: [series, from] })),
			{
				sql: "INSERT OR REPLACE INTO attribution_state (key, value) VALUES ('followed', ?)",
				params: [last[0]],
			},
		])
		if (rows.length < marksAtOnce) return
	}
}

/** Marks the hours that nothing could explain, of series that something can explain now. */
export async function markUnexplained(
	context: Context,
	isExplained: (series: number) => Promise<boolean>,
): Promise<void> {
	const rows = (await context.sql.all({
		sql: "SELECT DISTINCT series FROM attribution_hour WHERE source = 'none'",
		params: [],
	})) as unknown as [number][]
	for (const [series] of rows) {
		if (!(await isExplained(series))) continue
		await context.sql.batch([
			{
				sql: `INSERT INTO attribution_dirty (series, hour_ms, mark)
					SELECT series, hour_ms, 1 FROM attribution_hour WHERE series = ? AND source = 'none'
					ON CONFLICT (series, hour_ms) DO UPDATE SET mark = mark + 1`,
				params: [series],
			},
		])
	}
}

/** Whether the version of a series has a model file by now. */
export async function hasModel(context: Context, series: number): Promise<boolean> {
	const [row] = (await context.sql.all({
		sql: 'SELECT model, version FROM log_series WHERE id = ?',
		params: [series],
	})) as unknown as [string, string][]
	if (!row) return false
	return (await findArtifact(context, await findVersion(context, row[0], row[1]))) !== undefined
}

/** The marked hours of each series, oldest first. */
export async function dirtyHours(context: Context): Promise<Map<number, { hour: number; mark: number }[]>> {
	const rows = (await context.sql.all({
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
