import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { dayMs, formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import type { Statement } from '../../db/sql.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { OpenedVersion } from '../../ports/model-cache.ts'
import type { Replay } from './replay-prediction.ts'

/** A prediction whose logged score differs from that of the artefact. */
export type Mismatch = { predictionId: string; logged: number | null; replayed: number | null }

/** How a sample of one day compares with the registered artefact. */
export type DayReplay = {
	rows: number
	sampled: number
	matched: number
	mismatched: number
	unavailable: number
	/** The largest difference of a logged and a replayed score. */
	worst: number | null
	/** The worst mismatches. */
	examples: Mismatch[]
	/** Why replays were unavailable, with counts; without values, since viewers see it. */
	reasons: Record<string, number>
	/** The predictions in the sample. */
	ids: readonly string[]
}

/** One day of one version's predictions in one environment. */
type DayKey = { model: string; version: string; environment: string; day: number }

const replayer = { id: 'job:replay', how: 'job' } as const
const keyOf = ({ model, environment, version, day }: DayKey) => [model, environment, version, day] as const
const ofDay = 'model = ?1 AND environment = ?2 AND version = ?3 AND day_ms = ?4'

/** The ledger entry for a day with a new mismatch. */
const foundEntry = (key: DayKey, details: Record<string, unknown>) => ({
	action: 'find-mismatch',
	object: `replay:${key.model}@${key.version}/${key.environment}/${formatTime(key.day).slice(0, 10)}`,
	model: key.model,
	details,
})

/**
 * Replaces the stored replay of a day. A new mismatch stays open until the rules have evaluated it and a later replay does
 * not confirm it.
 */
export async function storeDay(
	context: Context,
	key: DayKey,
	by: { digest: string; at: number },
	replay: DayReplay,
	also: readonly Statement[],
): Promise<void> {
	const [before] = await context.sql.all<{ mismatched: number }>({
		sql: `SELECT mismatched FROM replay_day WHERE ${ofDay}`,
		params: [...keyOf(key)],
	})
	const isNew = replay.mismatched > (before?.mismatched ?? 0)
	const { rows, sampled, matched, mismatched, unavailable, worst, examples, reasons, ids } = replay
	// Mismatches that explanations found are dropped when the sample contains them.
	const others = `(SELECT coalesce(json_group_array(json(value)), '[]') FROM json_each(asked)
		WHERE value ->> 'predictionId' NOT IN (SELECT value FROM json_each(?16)))`
	const upsert: Statement = {
		sql: `INSERT INTO replay_day (model, environment, version, day_ms, sha256, rows, sampled, matched, mismatched,
				unavailable, worst, examples, reasons, replayed_at, standing)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
			ON CONFLICT (model, environment, version, day_ms) DO UPDATE SET sha256 = ?5, rows = ?6, sampled = ?7, matched = ?8,
				mismatched = ?9, unavailable = ?10,
				worst = iif(${others} = '[]', ?11, max(coalesce(worst, ?11), coalesce(?11, worst))), asked = ${others},
				examples = ?12, reasons = ?13, replayed_at = ?14,
				standing = max(standing, ?15), judged_at = iif(?15 = 1, NULL, judged_at)`,
		params: [
			...keyOf(key),
			by.digest,
			...[rows, sampled, matched, mismatched, unavailable],
			worst,
			JSON.stringify(examples),
			JSON.stringify(reasons),
			by.at,
			isNew ? 1 : 0,
			JSON.stringify(ids),
		],
	}
	if (!isNew) await context.sql.batch([upsert, ...also])
	else
		await commit(
			context,
			replayer,
			foundEntry(key, { sampled, mismatched, artifact: `sha256:${by.digest}` }),
			[upsert, ...also].map((query) => ({ query })),
		)
}

/** Records why a day could not be replayed. An earlier replay of the day stays. */
export async function storeUnavailable(
	context: Context,
	key: DayKey,
	at: number,
	reason: string,
): Promise<void> {
	await context.sql.batch([
		{
			sql: `INSERT INTO replay_day (model, environment, version, day_ms, sha256, rows, sampled, matched, mismatched,
					unavailable, worst, examples, reasons, replayed_at, standing)
				VALUES (?1, ?2, ?3, ?4, '', 0, 0, 0, 0, 0, NULL, '[]', ?5, ?6, 0)
				ON CONFLICT (model, environment, version, day_ms) DO UPDATE SET reasons = ?5, replayed_at = ?6
				WHERE sampled = 0 AND asked = '[]' AND reasons <> ?5`,
			params: [...keyOf(key), JSON.stringify({ [reason]: 0 }), at],
		},
	])
}

const maxAsked = 100

/** A prediction, what it was replayed with, and the result. */
type ReplayedPrediction = { stored: StoredPrediction; opened: OpenedVersion; replayed: Replay }

/**
 * Records a mismatch that an explanation found; the rules evaluate it on their next run. A known one is not recorded again,
 * nor is one of a day whose rows were all replayed.
 */
export async function recordMismatch(
	context: Context,
	actor: Pick<Actor, 'id' | 'how'>,
	{ stored, opened, replayed: replay }: ReplayedPrediction,
): Promise<void> {
	if (replay.status !== 'mismatched' || 'unavailable' in opened) return
	const { model, version, environment, timestamp, predictionId } = stored
	const { logged, replayed } = replay
	const key = { model, version, environment, day: Math.floor(timestamp / dayMs) * dayMs }
	const worst = logged === null || replayed === null ? null : Math.abs(logged - replayed)
	const isNamed = (column: string) =>
		`EXISTS (SELECT 1 FROM json_each(replay_day.${column}) WHERE value ->> 'predictionId' = ?8)`
	const query: Statement = {
		sql: `INSERT INTO replay_day (model, environment, version, day_ms, sha256, rows, sampled, matched, mismatched,
				unavailable, worst, examples, asked, reasons, replayed_at, standing)
			VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, 0, ?6, '[]', json_array(json(?7)), '{}', ?9, 1)
			ON CONFLICT (model, environment, version, day_ms) DO UPDATE SET
				asked = json_insert(asked, '$[#]', json(?7)),
				worst = max(coalesce(worst, ?6), coalesce(?6, worst)),
				judged_at = iif(mismatched = 0 AND asked = '[]', NULL, judged_at),
				standing = iif(mismatched = 0 AND asked = '[]', 1, standing)
			WHERE NOT (mismatched > 0 AND sampled = rows)
				AND NOT ${isNamed('examples')} AND NOT ${isNamed('asked')} AND json_array_length(asked) < ${maxAsked}`,
		params: [
			...[model, environment, version, key.day],
			opened.digest,
			worst,
			JSON.stringify({ predictionId, logged, replayed }),
			predictionId,
			context.now(),
		],
	}
	try {
		const entry = foundEntry(key, { artifact: `sha256:${opened.digest}`, asked: true })
		await commit(context, actor, entry, [{ query, guarded: true }])
	} catch (error) {
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
	}
}
