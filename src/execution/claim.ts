import { and, eq, gt, isNull, lte, or } from 'drizzle-orm'
import { executorFor } from '../approvals/executor-choice.ts'
import type { RequestRow } from '../approvals/request/request-record.ts'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { peerText } from '../core/peer-text.ts'
import { hourMs, secondMs } from '../core/time.ts'
import type { ChangeSet } from '../db/changes.ts'
import { commit } from '../db/commit.ts'
import { executions, requests } from '../db/schema.ts'
import type { Action, Executor } from '../ports/executors.ts'
import { findModel } from '../registry/model/find-model.ts'

export type ExecutionRow = typeof executions.$inferSelect

/** The actor of everything that an execution does. */
export const executor = { id: 'job:execute', how: 'job' } as const

/** One execution while this process holds it. `token` is the fence: without it, nothing is written. */
export type Work = {
	context: Context
	request: RequestRow
	execution: ExecutionRow
	action: Action
	executor: Executor<ChangeSet>
	/** Why there is no executor. */
	missing?: string
	token: string
}

/** How long an execution stays held after its process died; a live process renews its claim well before. */
export const claimMs = 10 * secondMs
const renewMs = 3 * secondMs
/** No pause of an execution that has begun is longer. */
export const maxPauseMs = hourMs

export const isConflict = (error: unknown): boolean => error instanceof AppError && error.code === 'conflict'

/** Due and free. A time that is too far ahead to be one of ours was written before the clock was set back. */
export const isDue = (now: number) =>
	and(
		isNull(executions.finishedAt),
		or(lte(executions.claimedUntil, now), gt(executions.claimedUntil, now + claimMs)),
		or(
			lte(executions.notBefore, now),
			and(gt(executions.startedAt, 0), gt(executions.notBefore, now + maxPauseMs)),
		),
	)

/** Takes the execution of a request; undefined if it is not due, or another process holds it. */
export async function claimExecution(context: Context, id: string): Promise<Work | undefined> {
	const now = context.now()
	const token = newId('clm', now, context.random)
	const query = context.db
		.update(executions)
		.set({ claim: token, claimedUntil: now + claimMs })
		.where(and(eq(executions.request, id), isDue(now)))
	try {
		await commit(context, executor, [], [{ query, guarded: true }])
	} catch (error) {
		if (isConflict(error)) return undefined
		throw error
	}
	const [row] = await context.db
		.select()
		.from(executions)
		.innerJoin(requests, eq(requests.id, executions.request))
		.where(and(eq(executions.request, id), eq(executions.claim, token)))
	if (!row) return undefined
	const action = JSON.parse(row.request.action) as Action
	return { context, ...row, action, token, ...(await openExecutor(context, action)) }
}

/** The executor that carries out an action; where there is none, one that refuses, and why. */
export async function openExecutor(
	context: Context,
	action: Action,
): Promise<{ executor: Executor<ChangeSet>; missing?: string }> {
	const refusing = (name: string, missing: string) => {
		const plan = () => ({ executor: name, calls: [] })
		const act = async () => ({ status: 'refused', detail: missing }) as const
		return { executor: { name, isLocal: true, plan, act }, missing }
	}
	try {
		const { name, executor } = executorFor(context, action, await findModel(context, action.model))
		if (executor) return { executor }
		return refusing(
			name,
			`There is no executor ${name} in this process. Name another one in approvals.yaml, then request it again.`,
		)
	} catch (error) {
		return refusing('none', `The executor cannot be opened: ${peerText(error)}`)
	}
}

/** Renews the claim until the returned function is called. */
export function keepClaim({ context, request, token }: Work): () => void {
	const renew = async () => {
		const query = context.db
			.update(executions)
			.set({ claimedUntil: context.now() + claimMs })
			.where(and(eq(executions.request, request.id), eq(executions.claim, token)))
		try {
			await commit(context, executor, [], [{ query }])
		} catch (error) {
			context.logger.warn('a claim could not be renewed', { request: request.id, error: String(error) })
		}
	}
	const timer = setInterval(() => void renew(), renewMs)
	return () => clearInterval(timer)
}
