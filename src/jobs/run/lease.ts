import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { secondMs } from '../../core/time.ts'
import { type Change, commit } from '../../db/commit.ts'
import { openDatabase } from '../../db/database.ts'
import { isWriteStatement, type Sql, type Statement } from '../../db/sql.ts'

/**
 * A job that nobody else may run. `fence` grows with every owner, so that one who lost it cannot write as its owner.
 * `lastsUntil` is on the holder's monotonic clock: how long it may act without another renewal.
 */
export type Lease = { job: string; owner: string; fence: number; lastsUntil: number }

/**
 * How long a job stays locked after its process died; a live one renews it well before. Wall clocks jump and differ, so
 * they decide nothing: who wants the lease has to see it unchanged for this long on its own monotonic clock.
 */
export const leaseMs = 30 * secondMs
const renewMs = 10 * secondMs

const nameOf = (job: string) => `job:${job}`
const actor = (job: string) => ({ id: `job:${job}`, how: 'job' as const })
const isConflict = (error: unknown) => error instanceof AppError && error.code === 'conflict'

type Held = { fence: number; renewals: number; until: number }
type Seen = { fence: number; renewals: number; since: number }
/** When this process first saw the leases that others hold as they are. */
const seenBy = new WeakMap<Context, Map<string, Seen>>()

/** Held by another. `retryMs`: when it may turn out that its holder has died, where its times say so. */
export type Busy = { retryMs: number | undefined }

/** Takes the lease if it is free, or its holder has died, with `changes` in the same commit. */
export async function takeLease(
	context: Context,
	job: string,
	owner: string,
	changes: readonly Change[],
): Promise<Lease | Busy> {
	const started = context.monotonic()
	const held = await readHeld(context, job)
	const since = held && seenSince(context, job, held)
	if (held && since !== undefined && started - since < leaseMs)
		return { retryMs: seemsDead(context, held) ? since + leaseMs - started : undefined }
	const take = {
		sql: `INSERT INTO lease (name, owner, fence, until) VALUES (?1, ?2, 1, ?3) ON CONFLICT (name)
			DO UPDATE SET owner = ?2, fence = fence + 1, until = ?3, renewals = 0
			WHERE until = 0 OR (fence = ?4 AND renewals = ?5)`,
		params: [nameOf(job), owner, context.now() + leaseMs, held?.fence ?? -1, held?.renewals ?? -1],
	}
	try {
		await commit(context, actor(job), [], [{ query: take, guarded: true }, ...changes])
	} catch (error) {
		if (isConflict(error)) return { retryMs: undefined }
		throw error
	}
	const [row] = await context.sql.values({
		sql: 'SELECT fence FROM lease WHERE name = ? AND owner = ?',
		params: [nameOf(job), owner],
	})
	return row ? { job, owner, fence: row[0] as number, lastsUntil: started + leaseMs } : { retryMs: undefined }
}

/** Undefined when the lease is free. */
async function readHeld({ sql }: Context, job: string): Promise<Held | undefined> {
	const [row] = await sql.values({
		sql: 'SELECT fence, renewals, until FROM lease WHERE name = ? AND until <> 0',
		params: [nameOf(job)],
	})
	if (!row) return undefined
	const [fence, renewals, until] = row as [number, number, number]
	return { fence, renewals, until }
}

function seenSince(context: Context, job: string, { fence, renewals }: Held): number {
	const seen = seenBy.get(context) ?? new Map<string, Seen>()
	seenBy.set(context, seen)
	const known = seen.get(job)
	if (known?.fence === fence && known.renewals === renewals) return known.since
	const since = context.monotonic()
	seen.set(job, { fence, renewals, since })
	return since
}

/** A hint only: a lease that has run out by the clock, or that lasts longer than any, which a clock that jumped leaves. */
const seemsDead = (context: Context, { until }: Held): boolean =>
	until <= context.now() || until > context.now() + leaseMs

/** Renews the lease until the answer is called. A renewal that fails is tried again with the next one. */
export function keepLease(context: Context, lease: Lease): () => void {
	const { job, owner, fence } = lease
	const sql = 'UPDATE lease SET until = ?, renewals = renewals + 1 WHERE name = ? AND owner = ? AND fence = ?'
	const renew = async () => {
		const started = context.monotonic()
		const query = { sql, params: [context.now() + leaseMs, nameOf(job), owner, fence] }
		try {
			await commit(context, actor(job), [], [{ query, guarded: true }])
			lease.lastsUntil = Math.max(lease.lastsUntil, started + leaseMs)
		} catch (error) {
			if (isConflict(error)) lease.lastsUntil = Number.NEGATIVE_INFINITY
			context.logger.warn('a lease could not be renewed', { job, error: String(error) })
		}
	}
	const timer = setInterval(() => void renew(), renewMs)
	return () => clearInterval(timer)
}

const lostText = 'The lease ran out while the job was running, so another process may have run it too.'
export const leaseExpired = (): AppError => new AppError('conflict', lostText)

/**
 * The context for work under a lease: it reads, writes and calls nothing once the lease has run out on the monotonic
 * clock, and each of its writes holds only while the lease is still its own.
 */
export function underLease(context: Context, lease: Lease): Context {
	const check = () => {
		if (context.monotonic() >= lease.lastsUntil) throw leaseExpired()
	}
	const fence: Statement = {
		sql: 'INSERT INTO guard (ok) SELECT count(*) > 0 FROM lease WHERE name = ? AND owner = ? AND fence = ?',
		params: [nameOf(lease.job), lease.owner, lease.fence],
	}
	const sql: Sql = {
		all: async <Row>(statement: Statement) => {
			check()
			return context.sql.all<Row>(statement)
		},
		values: async (statement) => {
			check()
			return context.sql.values(statement)
		},
		batch: async (statements) => {
			check()
			if (statements.every((s) => !isWriteStatement(s.sql))) return context.sql.batch(statements)
			return (await context.sql.batch([...statements, fence])).slice(0, statements.length)
		},
		close: () => context.sql.close(),
	}
	const fetch: Context['fetch'] = async (...args) => {
		check()
		return context.fetch(...args)
	}
	return { ...context, sql, db: openDatabase(sql), fetch }
}

/** Gives the lease back, with `changes` in the same commit. Answers false, and changes nothing, when it was lost. */
export async function releaseLease(
	context: Context,
	{ job, owner, fence }: Lease,
	changes: readonly Change[],
): Promise<boolean> {
	const sql = 'UPDATE lease SET until = 0 WHERE name = ? AND owner = ? AND fence = ?'
	const free = { query: { sql, params: [nameOf(job), owner, fence] }, guarded: true }
	try {
		await commit(context, actor(job), [], [free, ...changes])
		return true
	} catch (error) {
		if (isConflict(error)) return false
		throw error
	}
}
