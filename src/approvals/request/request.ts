import { and, desc, eq, gt, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import { type Actor, readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { commit } from '../../db/commit.ts'
import { executions, incidents, type RequestStatus, requests } from '../../db/schema.ts'
import { compareVersions } from '../../monitoring/comparison/compare-versions.ts'
import { authorise, inScope } from '../../registry/key/authorise.ts'
import { inReach } from '../../registry/model/find-model.ts'
import { draftRequest, submitRequest } from './draft-request.ts'
import type { ActionRequest, RequestInput } from './request.schema.ts'
import { requestNews } from './request-news.ts'
import { isOverdue, type RequestRow, toRequest, toRequests } from './request-record.ts'

export type { RequestRow } from './request-record.ts'

/** Asks for an action. Throws `conflict` with the id of the request that already asks for the same. */
export async function createRequest(
	context: Context,
	actor: Actor,
	input: RequestInput,
): Promise<ActionRequest> {
	authorise(actor, 'approver', input.model)
	const asked = { ...input, environment: input.environment ?? 'production' } as z.output<typeof RequestInput>
	await checkIncident(context, asked)
	const evidence = asked.kind === 'promotion' ? await promotionEvidence(context, asked) : {}
	const draft = await draftRequest(context, { ...asked, requester: actor, evidence })
	const { row, isNew } = await submitRequest(context, actor, draft)
	if (!isNew)
		throw new AppError(
			'conflict',
			`${row.id} already requests the same and is ${row.status}. ${row.status === 'pending' ? 'Vote on it, or cancel it first.' : 'Cancel it first.'}`,
		)
	return toRequest(context, row)
}

async function checkIncident(
	context: Context,
	{ incident, model }: z.output<typeof RequestInput>,
): Promise<void> {
	if (incident === undefined) return
	const of = and(eq(incidents.id, incident), eq(incidents.model, model))
	const [known] = await context.db.select({ id: incidents.id }).from(incidents).where(of)
	if (known) return
	const message = `${model} has no incident ${JSON.stringify(incident)}.`
	throw new AppError('invalid', message, {
		faults: [{ path: 'incident', message }],
		hint: { to: 'list-incidents' },
	})
}

/** How the version compares with the champion; empty if they do not serve together. Throws `conflict` if they cannot be compared. */
async function promotionEvidence(
	context: Context,
	{ model, environment, to }: z.output<typeof RequestInput>,
): Promise<Record<string, unknown>> {
	try {
		const comparison = await compareVersions(context, model, environment, { challenger: to })
		if (comparison.verdict === 'selective')
			throw new AppError(
				'conflict',
				`${to} cannot be compared with ${comparison.champion}: ${comparison.reason}. Score the same requests with both, or get outcomes for rows of either decision.`,
			)
		return { comparison }
	} catch (error) {
		if (error instanceof AppError && (error.code === 'invalid' || error.code === 'not-found')) return {}
		throw error
	}
}

/** A request in the actor's scope. Throws `not-found`. */
export async function findRequest(context: Context, actor: Actor, id: string): Promise<RequestRow> {
	authorise(actor, readers)
	const [row] = await context.db.select().from(requests).where(eq(requests.id, id))
	if (!row || !inScope(actor, row.model))
		throw new AppError('not-found', `There is no request "${id.slice(0, 100)}".`, {
			hint: { to: 'list-requests' },
		})
	return row
}

export const getRequest = async (context: Context, actor: Actor, id: string): Promise<ActionRequest> =>
	toRequest(context, await findRequest(context, actor, id))

type RequestQuery = PageQuery & { model?: string | undefined; status?: RequestStatus | undefined }

/** The requests in the actor's scope, the latest first. */
export async function listRequests(
	context: Context,
	actor: Actor,
	query: RequestQuery,
): Promise<Page<ActionRequest>> {
	authorise(actor, readers, query.model)
	const after = cursorText(query.cursor)
	const wanted = and(
		await inReach(context, actor, requests.model),
		query.model === undefined ? undefined : eq(requests.model, query.model),
		query.status === undefined ? undefined : hasStatus(query.status, context.now()),
		after === undefined ? undefined : lt(requests.id, after),
	)
	const rows = await context.db
		.select()
		.from(requests)
		.where(wanted)
		.orderBy(desc(requests.id))
		.limit(query.limit + 1)
	const page = toPage(
		rows,
		query.limit,
		(row) => row.id,
		(row) => row,
	)
	return { items: await toRequests(context, page.items), next: page.next }
}

/** An overdue request counts as expired before a job has noticed. */
function hasStatus(status: RequestStatus, now: number): SQL | undefined {
	const is = eq(requests.status, status)
	const isPending = eq(requests.status, 'pending')
	if (status === 'pending') return and(is, gt(requests.expiresAt, now))
	return status === 'expired' ? or(is, and(isPending, lte(requests.expiresAt, now))) : is
}

/** Cancels a request until its executor acts. Cancelling again changes nothing. Throws `not-open` after that. */
export async function cancelRequest(
	context: Context,
	actor: Actor,
	id: string,
	reason = '',
): Promise<ActionRequest> {
	authorise(actor, 'approver')
	for (let tries = 1; ; tries++) {
		const row = await findRequest(context, actor, id)
		if (row.status === 'cancelled') return toRequest(context, row)
		await checkCancellable(context, row)
		try {
			await cancel(context, actor, row, reason)
		} catch (error) {
			// A vote or a step came in between: what is possible now is read again.
			if (!(error instanceof AppError && error.code === 'conflict') || tries === maxTries) throw error
		}
	}
}

const maxTries = 20

const cancellable: readonly RequestStatus[] = ['pending', 'approved', 'executing']

async function checkCancellable(context: Context, row: RequestRow): Promise<void> {
	const [execution] = await context.db.select().from(executions).where(eq(executions.request, row.id))
	const hasActed = execution !== undefined && execution.actingAt !== null
	if (!isOverdue(row, context.now()) && cancellable.includes(row.status) && !hasActed) return
	const why = isOverdue(row, context.now())
		? 'it has expired'
		: cancellable.includes(row.status) || row.status === 'verifying'
			? 'its executor has begun to act. Request a rollback once it has ended'
			: `it is ${row.status}`
	throw new AppError('not-open', `${row.id} cannot be cancelled: ${why}.`)
}

async function cancel(context: Context, actor: Actor, row: RequestRow, reason: string): Promise<void> {
	const now = context.now()
	const revision = row.revision + 1
	const isIdle = sql`NOT EXISTS (SELECT 1 FROM execution e WHERE e.request = ${row.id} AND e.acting_at IS NOT NULL)`
	const update = context.db
		.update(requests)
		.set({ status: 'cancelled', decidedAt: now, revision })
		.where(and(eq(requests.id, row.id), eq(requests.revision, row.revision), isIdle))
	const end = context.db
		.update(executions)
		.set({ finishedAt: now, claim: null, claimedUntil: 0 })
		.where(and(eq(executions.request, row.id), isNull(executions.finishedAt)))
	const entry = {
		action: 'cancel-request',
		object: `request:${row.id}`,
		model: row.model,
		...(reason ? { why: reason.slice(0, 1000) } : {}),
	}
	const line = `cancelled request ${row.id}${reason ? `: ${reason}` : ''}`
	await commit(context, actor, entry, [
		{ query: update, guarded: true },
		{ query: end },
		...requestNews(context, row, revision, actor.id, [line]),
	])
}
