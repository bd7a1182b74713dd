import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { secondMs } from '../../core/time.ts'
import { type Change, commit } from '../../db/commit.ts'

/** A job that nobody else may run. `fence` grows with every owner, so that one who lost it cannot write as its owner. */
export type Lease = { job: string; owner: string; fence: number }

/** How long a job stays locked after its process died; a live one renews it well before. */
export const leaseMs = 30 * secondMs
const renewMs = 10 * secondMs

const nameOf = (job: string) => `job:${job}`
const actor = (job: string) => ({ id: `job:${job}`, how: 'job' as const })
const isConflict = (error: unknown) => error instanceof AppError && error.code === 'conflict'

/** Takes the lease if it is free or has run out, with `changes` in the same commit. Undefined when another holds it. */
export async function takeLease(
	context: Context,
	job: string,
	owner: string,
	changes: readonly Change[],
): Promise<Lease | undefined> {
	const now = context.now()
	const name = nameOf(job)
	const take = {
		sql: `INSERT INTO lease (name, owner, fence, until) VALUES (?1, ?2, 1, ?3) ON CONFLICT (name)
			DO UPDATE SET owner = ?2, fence = fence + 1, until = ?3 WHERE until <= ?4`,
		params: [name, owner, now + leaseMs, now],
	}
	try {
		await commit(context, actor(job), [], [{ query: take, guarded: true }, ...changes])
	} catch (error) {
		if (isConflict(error)) return undefined
		throw error
	}
	const [row] = await context.sql.all({
		sql: 'SELECT fence FROM lease WHERE name = ? AND owner = ?',
		params: [name, owner],
	})
	return row ? { job, owner, fence: row[0] as number } : undefined
}

/** Renews the lease until the answer is called. A renewal that fails is tried again with the next one. */
export function keepLease(context: Context, lease: Lease): () => void {
	const { job, owner, fence } = lease
	const sql = 'UPDATE lease SET until = ? WHERE name = ? AND owner = ? AND fence = ?'
	const renew = async () => {
		const query = { sql, params: [context.now() + leaseMs, nameOf(job), owner, fence] }
		try {
			await commit(context, actor(job), [], [{ query, guarded: true }])
		} catch (error) {
			context.logger.warn('a lease could not be renewed', { job, error: String(error) })
		}
	}
	const timer = setInterval(() => void renew(), renewMs)
	return () => clearInterval(timer)
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
