import { and, eq, ne } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { secondMs } from '../../core/time.ts'
import { type Change, commit } from '../../db/commit.ts'
import { openDatabase } from '../../db/database.ts'
import { leases } from '../../db/schema.ts'
import { isWriteStatement, type Sql, type Statement } from '../../db/sql.ts'

/**
 * The exclusive right to run a job. `fence` grows with every owner, so that a former owner can no longer write.
 * `lastsUntil` is on the owner's monotonic clock: until then it may act without another renewal.
 */
export type Lease = { job: string; owner: string; fence: number; lastsUntil: number }

/**
 * How long a job stays locked after its process died; a live process renews the lease well before. Wall clocks jump and
 * differ, so another process takes the lease only after it has seen it unchanged for this long by its monotonic clock.
 */
export const leaseMs = 30 * secondMs
const renewMs = 10 * secondMs

const nameOf = (job: string) => `job:${job}`
const actor = (job: string) => ({ id: `job:${job}`, how: 'job' as const })
const isConflict = (error: unknown) => error instanceof AppError && error.code === 'conflict'

type Held = { fence: number; renewals: number; until: number }
type Seen = { fence: number; renewals: number; since: number }
/** Since when this process has seen each lease of another process unchanged. */
const seenBy = new WeakMap<Context, Map<string, Seen>>()

/** Another process holds the lease. `retryMs`: if that process seems dead, when to try again. */
export type Busy = { retryMs: number | undefined }

/** Takes the lease if it is free or its owner has died, with `changes` in the same commit. */
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
	const [taken] = await context.db
		.select({ fence: leases.fence })
		.from(leases)
		.where(and(eq(leases.name, nameOf(job)), eq(leases.owner, owner)))
	return taken ? { job, owner, fence: taken.fence, lastsUntil: started + leaseMs } : { retryMs: undefined }
}

/** Undefined when the lease is free. */
async function readHeld({ db }: Context, job: string): Promise<Held | undefined> {
	const [row] = await db
		.select({ fence: leases.fence, renewals: leases.renewals, until: leases.until })
		.from(leases)
		.where(and(eq(leases.name, nameOf(job)), ne(leases.until, 0)))
	return row
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

/** Only a hint: the lease has expired by the wall clock, or it lasts longer than any lease, after a jump of the clock. */
const seemsDead = (context: Context, { until }: Held): boolean =>
	until <= context.now() || until > context.now() + leaseMs

/** Renews the lease until the returned function is called. A renewal that fails is retried at the next interval. */
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

const expiredText =
	'The lease expired while the job was running, so another process may have run the job too.'
export const leaseExpired = (): AppError => new AppError('conflict', expiredText)

/**
 * The context for work under a lease: it reads, writes and fetches nothing once the lease has expired by the monotonic
 * clock, and each write fails if the lease has another owner.
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

/** Releases the lease, with `changes` in the same commit. Returns false, and changes nothing, if it has another owner. */
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
