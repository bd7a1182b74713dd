import { and, eq, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { WindowSize } from '../../core/time.ts'
import type { Change } from '../../db/commit.ts'
import { ruleSeries } from '../../db/schema.ts'

/** A version's windows of one size, or with `clock` and no version: the state of a model's feed. */
export type SeriesKey = { model: string; environment: string; version: string; window: WindowSize | 'clock' }
/** `states` are packed, after the window that begins at `lastFrom`. */
export type SeriesRecord = SeriesKey & { lastFrom: number; revision: number; states: string }

export const seriesText = ({ model, environment, version, window }: SeriesKey): string =>
	JSON.stringify([model, environment, version, window])
export const placeText = ({ model, environment }: { model: string; environment: string }): string =>
	JSON.stringify([model, environment])

// The outer columns by their full names: drizzle writes them bare here, and bare they would mean the inner table's.
const latestStates = sql<string>`coalesce((SELECT states FROM rule_state s WHERE s.model = rule_series.model AND
	s.environment = rule_series.environment AND s.version = rule_series.version AND s.window = rule_series.window
	ORDER BY s.from_ms DESC LIMIT 1), '')`

/** What is known of each series that was judged before: of all, or of one model in one environment. */
export async function readSeries(
	context: Context,
	place?: { model: string; environment: string },
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
		.where(
			place
				? and(eq(ruleSeries.model, place.model), eq(ruleSeries.environment, place.environment))
				: undefined,
		)
	return new Map(rows.map((row) => [seriesText(row), row]))
}

const of = 'model = ?1 AND environment = ?2 AND version = ?3 AND window = ?4'
const params = ({ model, environment, version, window }: SeriesKey) => [model, environment, version, window]

/** The states as they were before a window, and after it and each later one that changed them. */
export async function readHistory(
	context: Context,
	key: SeriesKey,
	from: number,
): Promise<{ from: number; states: string }[]> {
	const rows = (await context.sql.values({
		sql: `SELECT from_ms, states FROM rule_state WHERE ${of} AND from_ms >= coalesce((SELECT max(from_ms) FROM rule_state
			WHERE ${of} AND from_ms < ?5), ?5) ORDER BY from_ms`,
		params: [...params(key), from],
	})) as unknown as [number, string][]
	return rows.map(([at, states]) => ({ from: at, states }))
}

/** Says how far a series was judged; fails the commit when somebody else judged it meanwhile. */
export function seriesChange(key: SeriesKey, lastFrom: number, revision: number): Change {
	const query = {
		sql: `INSERT INTO rule_series (model, environment, version, window, last_from, revision) VALUES (?1, ?2, ?3, ?4, ?5, 1)
			ON CONFLICT DO UPDATE SET last_from = ?5, revision = revision + 1 WHERE revision = ?6`,
		params: [...params(key), lastFrom, revision],
	}
	return { query, guarded: true }
}

/** Replaces the states from a window on by others. Nobody replays what lies further back than `keepMs` before it. */
export function stateChanges(
	key: SeriesKey,
	from: number,
	states: readonly { from: number; states: string }[],
	keepMs: number,
): Change[] {
	const list = JSON.stringify(states.map((s) => [s.from, s.states]))
	return [
		{
			query: { sql: `DELETE FROM rule_state WHERE ${of} AND from_ms >= ?5`, params: [...params(key), from] },
		},
		{
			query: {
				sql: `INSERT INTO rule_state (model, environment, version, window, from_ms, states)
					SELECT ?1, ?2, ?3, ?4, value ->> 0, value ->> 1 FROM json_each(?5)`,
				params: [...params(key), list],
			},
		},
		{
			query: {
				sql: `DELETE FROM rule_state WHERE ${of} AND from_ms < ?5 - ?6 AND from_ms <> (SELECT max(from_ms) FROM rule_state
					WHERE ${of} AND from_ms < ?5 - ?6)`,
				params: [...params(key), from, keepMs],
			},
		},
	]
}
