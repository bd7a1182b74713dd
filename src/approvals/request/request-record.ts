import type { Context } from '../../context.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { durationText, formatTime } from '../../core/time.ts'
import { inList } from '../../db/database.ts'
import { executionSteps, executions, type requests, requestVotes } from '../../db/schema.ts'
import type { AppliedPolicy } from '../../rules/approval-policies.ts'
import type { ActionRequest } from './request.schema.ts'

export type RequestRow = typeof requests.$inferSelect

/** Requests with their votes and executions. */
export async function toRequests(context: Context, rows: readonly RequestRow[]): Promise<ActionRequest[]> {
	const ids = rows.map((row) => row.id)
	const { db } = context
	const votes = await db
		.select()
		.from(requestVotes)
		.where(inList(requestVotes.request, ids))
		.orderBy(requestVotes.at, requestVotes.person)
	const carriedOut = await db.select().from(executions).where(inList(executions.request, ids))
	const steps = await db
		.select()
		.from(executionSteps)
		.where(inList(executionSteps.request, ids))
		.orderBy(executionSteps.seq)
	const now = context.now()
	const digests = new Map(await Promise.all(rows.map(async (row) => [row.id, await digestNow(row)] as const)))
	return rows.map((row) => ({
		id: row.id,
		kind: row.kind,
		model: row.model,
		environment: row.environment,
		status: isOverdue(row, now) ? 'expired' : row.status,
		action: JSON.parse(row.action),
		actionDigest: digests.get(row.id) as string,
		plan: row.plan,
		requester: row.requester,
		requesterPerson: row.requesterPerson ?? row.requester,
		reason: row.reason,
		needs: row.needs,
		policy: row.policy && toPolicy(row.policy),
		votes: votes
			// Votes for an earlier form of the action are void.
			.filter((vote) => vote.request === row.id && vote.digest === digests.get(row.id))
			.map(({ person, actor, vote, reason, at, breakGlass }) => ({
				...{ person, actor, vote, reason, breakGlass },
				at: formatTime(at),
			})),
		createdAt: formatTime(row.createdAt),
		expiresAt: formatTime(row.expiresAt),
		executeAfter: timeOrNull(row.executeAfter),
		evidence: { ...row.evidence, ...(row.incident === null ? {} : { incident: row.incident }) },
		execution: toExecution(
			carriedOut.find((e) => e.request === row.id),
			steps.filter((s) => s.request === row.id),
		),
	}))
}

export const toRequest = async (context: Context, row: RequestRow): Promise<ActionRequest> =>
	(await toRequests(context, [row]))[0] as ActionRequest

/** The digest of the action that is stored: the column is never trusted. */
export const digestNow = async ({ action }: RequestRow): Promise<string> =>
	`sha256:${await sha256Hex(action)}`

/** Pending, but too late for a vote. */
export const isOverdue = (
	{ status, expiresAt }: Pick<RequestRow, 'status' | 'expiresAt'>,
	now: number,
): boolean => status === 'pending' && expiresAt <= now

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))

const toPolicy = (policy: AppliedPolicy): NonNullable<ActionRequest['policy']> => ({
	name: policy.name,
	roles: [...policy.roles],
	groups: [...policy.groups],
	coolingOff: policy.coolingOffMs === 0 ? null : durationText(policy.coolingOffMs),
	hours: policy.hours ? { ...policy.hours, days: [...policy.hours.days] } : null,
	verify: policy.verify,
	breakGlass: policy.breakGlass
		? { role: policy.breakGlass.role, expires: durationText(policy.breakGlass.expiresMs) }
		: null,
})

function toExecution(
	row: typeof executions.$inferSelect | undefined,
	steps: readonly (typeof executionSteps.$inferSelect)[],
): ActionRequest['execution'] {
	if (!row) return null
	return {
		executor: row.executor,
		idempotencyKey: row.request,
		attempts: row.attempts,
		startedAt: timeOrNull(row.startedAt),
		finishedAt: timeOrNull(row.finishedAt),
		steps: steps.map(({ at, step, ok, detail }) => ({ at: formatTime(at), step, ok, detail })),
		error: row.error,
	}
}
