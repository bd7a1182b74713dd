import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { dayMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import type { Statement } from '../../db/sql.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { OpenedVersion } from '../../ports/model-cache.ts'
import type { Replay } from './replay.ts'
import { foundEntry } from './store-day.ts'

const maxAsked = 100

/** A prediction, what it was replayed with, and how that went. */
export type Asked = { stored: StoredPrediction; opened: OpenedVersion; replayed: Replay }

/**
 * Notes a mismatch that was found when somebody asked for an explanation; the rules judge it the next time they run. One
 * that is known is not noted again, and on a day that is known to mismatch it is no news.
 */
export async function recordMismatch(
	context: Context,
	actor: Pick<Actor, 'id' | 'how'>,
	{ stored, opened, replayed: replay }: Asked,
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
