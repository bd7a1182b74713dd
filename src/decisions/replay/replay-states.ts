import type { Context } from '../../context.ts'
import { digits } from '../../core/digits.ts'
import { groupBy } from '../../core/maps.ts'
import { formatTime } from '../../core/time.ts'
import type { FactValue } from '../../rules/facts.ts'

type Row = {
	model: string
	environment: string
	version: string
	day: number
	sampled: number
	mismatched: number
	/** Mismatches that explanations found, outside of the sample. */
	asked: number
	worst: number | null
	isResolved: number
}

/** Mismatches of a model in an environment, as facts for the rules. */
export type ReplayState = {
	model: string
	environment: string
	facts: ReadonlyMap<string, FactValue>
	/** Must be called after the rules evaluated the facts. */
	evaluated(): Promise<void>
}

/**
 * A day's mismatch is resolved when it is gone, or when the rules evaluated it and a later replay found all predictions of
 * that day or a later one matching: of the same version, or of the version that has served since.
 */
const resolved = `(m.mismatched = 0 AND m.asked = '[]') OR (m.judged_at IS NOT NULL AND EXISTS (SELECT 1 FROM replay_day c
	WHERE c.model = m.model AND c.environment = m.environment AND c.day_ms >= m.day_ms AND c.replayed_at > m.judged_at
	AND c.matched > 0 AND c.mismatched = 0 AND c.asked = '[]' AND (c.version = m.version OR (c.day_ms > m.day_ms AND NOT EXISTS
		(SELECT 1 FROM replay_day l WHERE l.model = m.model AND l.environment = m.environment AND l.version = m.version
		AND l.day_ms >= c.day_ms)))))`

/** Every model and environment with open mismatches, or with mismatches resolved since the last evaluation. */
export async function readReplayStates(context: Context): Promise<ReplayState[]> {
	const rows = await context.sql.all<Row>({
		sql: `SELECT m.model, m.environment, m.version, m.day_ms AS day, m.sampled, m.mismatched,
			json_array_length(m.asked) AS asked, m.worst,
			(${resolved}) AS isResolved FROM replay_day m WHERE m.standing = 1 ORDER BY m.model, m.environment, m.day_ms DESC, m.version`,
	})
	const series = groupBy(rows, ({ model, environment }) => JSON.stringify([model, environment]))
	return [...series.values()].map((days) => stateOf(context, days))
}

function stateOf(context: Context, rows: readonly Row[]): ReplayState {
	const [{ model, environment }] = rows as [Row]
	const open = rows.filter((row) => row.isResolved === 0)
	const count = ({ mismatched, asked }: Row) => mismatched + asked
	const share = (row: Row) => count(row) / Math.max(row.sampled + row.asked, 1)
	const facts = new Map<string, FactValue>([
		['replay.mismatched', open.reduce((sum, row) => sum + count(row), 0)],
		['replay.mismatched_share', Math.max(0, ...open.map(share))],
		['replay.worst_difference', Math.max(0, ...open.map((row) => row.worst ?? 0))],
	])
	if (open.length > 0) {
		facts.set('replay.summary', summaryOf(open))
		facts.set('replay.since', Math.min(...open.map((row) => row.day)))
	}
	return { model, environment, facts, evaluated: () => markEvaluated(context, rows) }
}

const maxNamed = 5

function summaryOf(days: readonly Row[]): string {
	const named = days.slice(0, maxNamed).map(({ version, day, sampled, mismatched, asked, worst }) => {
		const of = sampled === 0 ? '' : ` of ${sampled + asked} replayed`
		const by = worst === null ? '' : `, by up to ${digits(worst)}`
		return `version ${version} on ${formatTime(day).slice(0, 10)}: ${mismatched + asked}${of} predictions have a different score than the artefact gives${by}`
	})
	const more = days.length - named.length
	return `${named.join('; ')}${more > 0 ? `; and ${more} more days` : ''}`
}

/** Marks the days as evaluated, and closes the resolved ones. */
async function markEvaluated(context: Context, rows: readonly Row[]): Promise<void> {
	const now = context.now()
	await context.sql.batch([
		{
			sql: `UPDATE replay_day SET judged_at = coalesce(judged_at, ?1), standing = 1 - d.settled FROM
				(SELECT value ->> 0 AS model, value ->> 1 AS environment, value ->> 2 AS version, value ->> 3 AS day,
					value ->> 4 AS settled, value ->> 5 AS mismatched FROM json_each(?2)) d
				WHERE replay_day.model = d.model AND replay_day.environment = d.environment AND replay_day.version = d.version
					AND replay_day.day_ms = d.day AND replay_day.mismatched + json_array_length(replay_day.asked) = d.mismatched`,
			params: [
				now,
				JSON.stringify(
					rows.map((row) => [
						...[row.model, row.environment, row.version, row.day],
						...[row.isResolved, row.mismatched + row.asked],
					]),
				),
			],
		},
	])
}
