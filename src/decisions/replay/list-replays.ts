import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { badCursor, cursorParts, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { dayMs, formatTime } from '../../core/time.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel } from '../../registry/model/find-model.ts'
import type { ReplayRecord } from './replay.schema.ts'
import type { Mismatch } from './store-day.ts'

export type ReplayQuery = PageQuery & {
	model: string
	version?: string | undefined
	environment?: string | undefined
	status?: ReplayRecord['status'] | undefined
	from?: number | undefined
	to?: number | undefined
}

type Row = {
	version: string
	environment: string
	day: number
	digest: string
	rows: number
	sampled: number
	matched: number
	mismatched: number
	unavailable: number
	worst: number | null
	examples: string
	asked: string
	reasons: string
	replayedAt: number
}

// `asked`: mismatches that explanations found, outside of the sample.
const bad = "(mismatched > 0 OR asked <> '[]')"
const statuses: Record<ReplayRecord['status'], string> = {
	mismatched: bad,
	matched: `NOT ${bad} AND matched > 0`,
	unavailable: `NOT ${bad} AND matched = 0`,
}

/** The replayed days of a model, the newest first. */
export async function listReplays(
	context: Context,
	actor: Actor,
	query: ReplayQuery,
): Promise<Page<ReplayRecord>> {
	authorise(actor, ['viewer', 'auditor'], query.model)
	const { name } = await findModel(context, query.model)
	const after = afterOf(query.cursor)
	const rows = await context.sql.all<Row>({
		sql: `SELECT version, environment, day_ms AS day, sha256 AS digest, rows, sampled, matched, mismatched, unavailable,
				worst, examples, asked, reasons, replayed_at AS replayedAt FROM replay_day
			WHERE model = ?1 AND (?2 IS NULL OR version = ?2) AND (?3 IS NULL OR environment = ?3)
				AND day_ms >= ?4 AND day_ms < ?5 AND (?6 IS NULL OR (-day_ms, environment, version) > (?6, ?7, ?8))
				${query.status ? `AND ${statuses[query.status]}` : ''}
			ORDER BY day_ms DESC, environment, version LIMIT ?9`,
		params: [
			name,
			query.version ?? null,
			query.environment ?? null,
			query.from === undefined ? 0 : Math.floor(query.from / dayMs) * dayMs,
			query.to ?? Number.MAX_SAFE_INTEGER,
			after ? -after[0] : null,
			after?.[1] ?? '',
			after?.[2] ?? '',
			query.limit + 1,
		],
	})
	const positionOf = ({ version, environment, day }: Row) => JSON.stringify([day, environment, version])
	return toPage(rows, query.limit, positionOf, (row) => toRecord(name, row))
}

/** The day after which the page begins: its time, environment and version. */
function afterOf(cursor: string | undefined): [number, string, string] | undefined {
	const parts = cursorParts(cursor)
	if (!parts) return undefined
	const [day, environment, version] = parts
	if (typeof day === 'number' && typeof environment === 'string' && typeof version === 'string')
		return [day, environment, version]
	throw badCursor()
}

function toRecord(model: string, row: Row): ReplayRecord {
	const { version, environment, day, digest, rows, sampled, matched, mismatched, unavailable, worst } = row
	const found = JSON.parse(row.asked) as Mismatch[]
	const isBad = mismatched > 0 || found.length > 0
	return {
		model,
		version,
		environment,
		window: { from: formatTime(day), to: formatTime(day + dayMs) },
		status: isBad ? 'mismatched' : matched > 0 ? 'matched' : 'unavailable',
		artifact: digest === '' ? null : digest,
		...{ rows, sampled, matched, mismatched: mismatched + found.length, unavailable, worst },
		examples: [...(JSON.parse(row.examples) as Mismatch[]), ...found],
		reasons: Object.entries(JSON.parse(row.reasons) as Record<string, number>).map(([reason, count]) => ({
			reason,
			count,
		})),
		replayedAt: formatTime(row.replayedAt),
	}
}
