import type { Sql } from '../db/sql.ts'
import type { Bins } from '../summaries/inputs/bins.ts'
import { addEncoded } from '../summaries/inputs/encoding.ts'
import { emptyInputSummary, type InputSummary } from '../summaries/inputs/input-summary.ts'
import { addEncodedOutcomes } from '../summaries/outcomes/encoding.ts'
import { emptyOutcomeSummary, type OutcomeSummary } from '../summaries/outcomes/outcome-summary.ts'
import { kindNumber } from './chunk-store.ts'
import type { HourDelta, PredictionCount, Series } from './prediction-log.ts'

export async function listSeries(sql: Sql, model?: string): Promise<Series[]> {
	const rows = await sql.values({
		sql: `SELECT id, model, version, environment, segment, value FROM log_series
			WHERE version <> '' AND (?1 IS NULL OR model = ?1) ORDER BY id`,
		params: [model ?? null],
	})
	return (rows as unknown as [number, string, string, string, string, string][]).map(
		([id, name, version, environment, segment, value]) => ({
			id,
			model: name,
			version,
			environment,
			segment,
			value,
		}),
	)
}

/** What the chunks of these versions say of themselves: no row is read, so the cost grows with days and not with rows. */
export async function countPredictions(
	sql: Sql,
	versions: readonly { model: string; version: string }[],
): Promise<PredictionCount[]> {
	if (versions.length === 0) return []
	const rows = (await sql.values({
		sql: `SELECT s.model, s.version, s.environment, sum(c.rows), min(c.from_ms), max(c.to_ms)
			FROM json_each(?) v JOIN log_series s ON s.model = v.value ->> 0 AND s.version = v.value ->> 1
			JOIN log_chunk c ON c.series = s.id AND c.kind = ? WHERE s.segment = ''
			GROUP BY s.id ORDER BY s.model, s.version, s.environment`,
		params: [JSON.stringify(versions.map((v) => [v.model, v.version])), kindNumber.prediction],
	})) as unknown as [string, string, string, number, number, number][]
	return rows.map(([model, version, environment, count, from, to]) => ({
		model,
		version,
		environment,
		rows: count,
		from,
		to,
	}))
}

type DeltaRow = [series: number, hour: number, bytes: Uint8Array]
const toDeltas = (rows: unknown[]): HourDelta[] =>
	(rows as DeltaRow[]).map(([series, hour, bytes]) => ({ series, hour, bytes }))

/** The deltas of some series over [from, to) on one grid, in ms since the epoch. */
export const inputDeltas = async (
	sql: Sql,
	series: readonly number[],
	bins: Bins,
	from: number,
	to: number,
): Promise<HourDelta[]> =>
	toDeltas(
		await sql.values({
			sql: `SELECT p.series, p.hour, p.bytes FROM log_grid g JOIN log_profile p ON p.grid = g.id
				WHERE g.digest = ? AND p.series IN (SELECT value FROM json_each(?)) AND p.hour >= ? AND p.hour < ?
				ORDER BY p.series, p.hour`,
			params: [bins.digest, JSON.stringify(series), from, to],
		}),
	)

/** Their sum for one series; undefined when there are none. */
export async function windowInputs(
	sql: Sql,
	seriesId: number,
	bins: Bins,
	from: number,
	to: number,
): Promise<InputSummary | undefined> {
	return sumInputSummaries(bins, await inputDeltas(sql, [seriesId], bins, from, to))
}

/** Undefined when there is nothing to sum. */
export function sumInputSummaries(
	bins: Bins,
	parts: readonly { bytes: Uint8Array }[],
): InputSummary | undefined {
	if (parts.length === 0) return undefined
	const total = emptyInputSummary(bins)
	for (const { bytes } of parts) addEncoded(total, bytes)
	return total
}

/** The tallies of some series over [from, to), in ms since the epoch. */
export const outcomeDeltas = async (
	sql: Sql,
	series: readonly number[],
	from: number,
	to: number,
): Promise<HourDelta[]> =>
	toDeltas(
		await sql.values({
			sql: `SELECT series, hour, bytes FROM log_tally WHERE series IN (SELECT value FROM json_each(?))
				AND hour >= ? AND hour < ? ORDER BY series, hour, chunk`,
			params: [JSON.stringify(series), from, to],
		}),
	)

/** Their sum for one series; undefined when there are none. */
export async function windowOutcomes(
	sql: Sql,
	seriesId: number,
	from: number,
	to: number,
): Promise<OutcomeSummary | undefined> {
	return sumOutcomeSummaries(await outcomeDeltas(sql, [seriesId], from, to))
}

/** Undefined when there is nothing to sum. */
export function sumOutcomeSummaries(parts: readonly { bytes: Uint8Array }[]): OutcomeSummary | undefined {
	if (parts.length === 0) return undefined
	const total = emptyOutcomeSummary()
	for (const { bytes } of parts) addEncodedOutcomes(total, bytes)
	return total
}

export async function waitingOutcomes(sql: Sql, model: string): Promise<number> {
	const [row] = await sql.values({
		sql: 'SELECT count FROM log_outcome_waiting WHERE model = ?',
		params: [model],
	})
	return Math.max(0, (row as [number] | undefined)?.[0] ?? 0)
}

type Marks = 'log_dirty' | 'log_tally_dirty'

export async function dirtyHours(
	sql: Sql,
	marks: Marks,
	limit: number,
	after?: { seriesId: number; hour: number },
): Promise<{ seriesId: number; hour: number; mark: number }[]> {
	const rows = await sql.values({
		sql: `SELECT series, hour, mark FROM ${marks} WHERE (series, hour) > (?, ?) ORDER BY series, hour LIMIT ?`,
		params: [after?.seriesId ?? -1, after?.hour ?? 0, limit],
	})
	return (rows as unknown as [number, number, number][]).map(([seriesId, hour, mark]) => ({
		seriesId,
		hour,
		mark,
	}))
}

/** Clears marks, but not those that were set again in the meantime. */
export async function clearDirty(
	sql: Sql,
	marks: Marks,
	hours: readonly { seriesId: number; hour: number; mark: number }[],
): Promise<void> {
	if (hours.length === 0) return
	await sql.batch([
		{
			sql: `DELETE FROM ${marks} WHERE (series, hour, mark) IN
				(SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))`,
			params: [JSON.stringify(hours.map((h) => [h.seriesId, h.hour, h.mark]))],
		},
	])
}
