import { and, eq, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { SeriesRef } from '../../core/series.ts'
import type { WindowSize } from '../../core/time.ts'
import type { Change } from '../../db/commit.ts'
import { ruleSeries } from '../../db/schema.ts'

export type ModelEnvironment = { model: string; environment: string }
/** A series' windows of one size; or, with `clock` and version '', the state of a model in an environment. */
export type RuleSeries = SeriesRef & { window: WindowSize | 'clock' }
/** `states` are packed, after the window that begins at `lastFrom`. */
export type SeriesRecord = RuleSeries & { lastFrom: number; revision: number; states: string }

export const modelText = ({ model, environment }: ModelEnvironment): string =>
	JSON.stringify([model, environment])
export const seriesText = ({ model, environment, version, window }: RuleSeries): string =>
	JSON.stringify([model, environment, version, window])

// The outer columns have their full names: drizzle writes them without the table, and then they would be the inner table's.
const latestStates = sql<string>`coalesce((SELECT states FROM rule_state s WHERE s.model = rule_series.model AND
	s.environment = rule_series.environment AND s.version = rule_series.version AND s.window = rule_series.window
	ORDER BY s.from_ms DESC LIMIT 1), '')`

/** The series of a model in an environment that were evaluated before. */
export async function readSeries(
	context: Context,
	{ model, environment }: ModelEnvironment,
): Promise<Map<string, SeriesRecord>> {
	const rows = await context.db
		.select({
			model: ruleSeries.model,
			environment: ruleSeries.environment,
			version: ruleSeries.version,
			window: ruleSeries.window,
			lastFrom: ruleSeries.lastFrom,
			revision: ruleSeries.revision,
			states: latestStates,
		})
		.from(ruleSeries)
		.where(and(eq(ruleSeries.model, model), eq(ruleSeries.environment, environment)))
	return new Map(rows.map((row) => [seriesText(row), row]))
}

const ofSeries = 'model = ?1 AND environment = ?2 AND version = ?3 AND window = ?4'
const params = ({ model, environment, version, window }: RuleSeries) => [model, environment, version, window]

/** The states of the series after a window, packed. */
export type StoredStates = { from: number; states: string }

/** The states before a window, and after it and each later one that changed them. */
export function readHistory(context: Context, series: RuleSeries, from: number): Promise<StoredStates[]> {
	return context.sql.all<StoredStates>({
		sql: `SELECT from_ms AS "from", states FROM rule_state WHERE ${ofSeries} AND from_ms >= coalesce(
			(SELECT max(from_ms) FROM rule_state WHERE ${ofSeries} AND from_ms < ?5), ?5) ORDER BY from_ms`,
		params: [...params(series), from],
	})
}

/** Stores how far a series was evaluated. The commit fails if another process evaluated it in the meantime. */
export function seriesChange(series: RuleSeries, lastFrom: number, revision: number): Change {
	const query = {
		sql: `INSERT INTO rule_series (model, environment, version, window, last_from, revision) VALUES (?1, ?2, ?3, ?4, ?5, 1)
			ON CONFLICT DO UPDATE SET last_from = ?5, revision = revision + 1 WHERE revision = ?6`,
		params: [...params(series), lastFrom, revision],
	}
	return { query, guarded: true }
}

/** Replaces the states from a window on. States that are older than `keepMs` before it are deleted: no replay needs them. */
export function stateChanges(
	series: RuleSeries,
	from: number,
	states: readonly StoredStates[],
	keepMs: number,
): Change[] {
	const list = JSON.stringify(states.map((s) => [s.from, s.states]))
	return [
		{
			query: {
				sql: `DELETE FROM rule_state WHERE ${ofSeries} AND from_ms >= ?5`,
				params: [...params(series), from],
			},
		},
		{
			query: {
				sql: `INSERT INTO rule_state (model, environment, version, window, from_ms, states)
					SELECT ?1, ?2, ?3, ?4, value ->> 0, value ->> 1 FROM json_each(?5)`,
				params: [...params(series), list],
			},
		},
		{
			query: {
				sql: `DELETE FROM rule_state WHERE ${ofSeries} AND from_ms < ?5 - ?6 AND from_ms <> (SELECT max(from_ms)
					FROM rule_state WHERE ${ofSeries} AND from_ms < ?5 - ?6)`,
				params: [...params(series), from, keepMs],
			},
		},
	]
}
