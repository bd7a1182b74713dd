import type { Context } from '../../context.ts'
import type { Statement } from '../../db/sql.ts'

/** A day of one version's predictions in one environment that is to be replayed. */
export type DueDay = {
	series: number
	day: number
	/** Counts the changes: what came in while the day was replayed keeps it due. */
	mark: number
	model: string
	version: string
	environment: string
}

// An upload makes the days of its version due again.
const withoutArtifact = `DELETE FROM replay_due WHERE NOT EXISTS (SELECT 1 FROM log_series s
	JOIN model_version v ON v.model = s.model AND v.version = s.version
	LEFT JOIN version_artifact a ON a.model = s.model AND a.version = s.version
	WHERE s.id = replay_due.series AND (a.model IS NOT NULL OR json_extract(v.artifact, '$.uri') IS NOT NULL))`

/** The days that are due of versions whose model file is there or can be fetched, the newest first. */
export async function dueDays(context: Context, limit: number): Promise<DueDay[]> {
	await context.sql.batch([{ sql: withoutArtifact }])
	const rows = (await context.sql.values({
		sql: `SELECT d.series, d.day_ms, d.mark, s.model, s.version, s.environment FROM replay_due d
			JOIN log_series s ON s.id = d.series ORDER BY d.day_ms DESC, d.series LIMIT ?`,
		params: [limit],
	})) as unknown as [number, number, number, string, string, string][]
	return rows.map(([series, day, mark, model, version, environment]) => ({
		series,
		day,
		mark,
		model,
		version,
		environment,
	}))
}

/** The day is done, unless it changed in the meantime. */
export const doneStatement = ({ series, day, mark }: DueDay): Statement => ({
	sql: 'DELETE FROM replay_due WHERE series = ? AND day_ms = ? AND mark = ?',
	params: [series, day, mark],
})
