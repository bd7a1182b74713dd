import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'
import type { IncidentChange } from '../../db/schema.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'
import { amount, percent } from './change-text.ts'

type Row = [
	version: string,
	day: number,
	sampled: number,
	mismatched: number,
	asked: number,
	worst: number | null,
]

/** How many logged scores are not what the registered artefact gives, by version, since the first day that stands. */
export async function replayChanges(
	context: Context,
	{ model, environment }: AlertRow,
): Promise<(Omit<IncidentChange, 'since'> & { since?: string })[]> {
	const rows = (await context.sql.values({
		sql: `SELECT version, min(day_ms), sum(sampled), sum(mismatched), sum(json_array_length(asked)), max(worst) FROM replay_day
			WHERE model = ? AND environment = ? AND standing = 1 AND (mismatched > 0 OR asked <> '[]') GROUP BY version ORDER BY version`,
		params: [model, environment],
	})) as unknown as Row[]
	return rows.map(([version, day, sampled, mismatched, asked, worst]) => {
		const share = (mismatched + asked) / Math.max(1, sampled + asked)
		const by = worst === null ? '' : `, by up to ${amount(worst)}`
		return {
			feature: null,
			kind: 'replay',
			before: null,
			after: share,
			since: formatTime(day),
			text: `version ${version} serves another model than the one that is registered: ${percent(share)} of replayed predictions have another score than its artefact gives${by}`,
		}
	})
}
