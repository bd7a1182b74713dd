import { and, desc, eq, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError, type ErrorCode } from '../../core/errors.ts'
import { secondMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { ledgerEntries } from '../../db/schema.ts'
import type { RequestRow } from '../request/request-record.ts'

const recorded: readonly ErrorCode[] = [
	'forbidden',
	'own-request',
	'digest-changed',
	'expired',
	'not-open',
	'already-voted',
	'stale',
	'frozen',
	'gate-failed',
]

/** Records a refused vote, at most one a second for each actor, request and code: nobody fills the ledger. */
export async function recordRefusal(
	context: Context,
	actor: Actor,
	row: RequestRow,
	error: unknown,
): Promise<void> {
	if (!(error instanceof AppError) || !recorded.includes(error.code)) return
	const object = `request:${row.id}`
	const mine = and(
		eq(ledgerEntries.object, object),
		eq(ledgerEntries.actor, actor.id),
		eq(ledgerEntries.action, 'refuse-vote'),
		sql`${ledgerEntries.entry} ->> '$.details.code' = ${error.code}`,
	)
	const [last] = await context.db
		.select({ at: ledgerEntries.at })
		.from(ledgerEntries)
		.where(mine)
		.orderBy(desc(ledgerEntries.idx))
		.limit(1)
	if (last && Math.abs(context.now() - last.at) < secondMs) return
	const details = { code: error.code }
	await commit(context, actor, { action: 'refuse-vote', object, model: row.model, details }, [])
}
