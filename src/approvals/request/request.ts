import { and, desc, eq, lt } from 'drizzle-orm'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { readers } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import type { Hint } from '../../core/hints.ts'
import { newId } from '../../core/ids.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { dayMs, formatTime } from '../../core/time.ts'
import { type Change, commit, type EntryDraft } from '../../db/commit.ts'
import { deployments, requests } from '../../db/schema.ts'
import { compareVersions } from '../../monitoring/comparison/compare-versions.ts'
import { authorise, inScope } from '../../registry/key/authorise.ts'
import { findModel, inReach } from '../../registry/model/find-model.ts'
import type { ActionRequest, RequestInput } from './request.schema.ts'

export type RequestRow = typeof requests.$inferSelect
const openForMs = 7 * dayMs

export const toRequest = (row: RequestRow, now: number): ActionRequest => ({
	id: row.id,
	kind: row.kind,
	model: row.model,
	environment: row.environment,
	status: row.status === 'pending' && row.expiresAt <= now ? 'expired' : row.status,
	action: JSON.parse(row.action),
	actionDigest: row.actionDigest,
	requester: row.requester,
	reason: row.reason,
	needs: row.needs,
	plan: row.plan,
	policy: null,
	votes: [],
	createdAt: formatTime(row.createdAt),
	expiresAt: formatTime(row.expiresAt),
	executeAfter: row.executeAfter === null ? null : formatTime(row.executeAfter),
	evidence: { ...row.evidence, ...(row.incident === null ? {} : { incident: row.incident }) },
	execution: null,
})

export type Draft = z.output<typeof RequestInput> & {
	requester: string
	incident?: string | undefined
	evidence: Record<string, unknown>
}

/**
 * A request with the exact action that approvers see, as canonical JSON with its digest. A rollback goes to the previous
 * champion, unless `to` names another version. Throws `invalid` if there is no such version.
 */
export async function draftRequest(context: Context, draft: Draft): Promise<RequestRow> {
	const model = await findModel(context, draft.model)
	const history = await context.db
		.select()
		.from(deployments)
		.where(and(eq(deployments.model, draft.model), eq(deployments.environment, draft.environment)))
		.orderBy(desc(deployments.revision))
	const current = history[0]
	const from = current?.champion
	const to =
		draft.kind === 'retraining' ? undefined : (draft.to ?? history.find((d) => d.champion !== from)?.champion)
	if (draft.kind !== 'retraining') checkTarget(draft, from, to)
	const action = canonicalJson({
		kind: draft.kind,
		model: draft.model,
		environment: draft.environment,
		from,
		to,
	})
	const now = context.now()
	return {
		id: newId('req', now, context.random),
		kind: draft.kind,
		model: draft.model,
		environment: draft.environment,
		status: 'pending',
		action,
		actionDigest: `sha256:${await sha256Hex(action)}`,
		expectedVersion: from ?? null,
		expectedRevision: current?.revision ?? null,
		requester: draft.requester,
		requesterPerson: draft.requester,
		reason: draft.reason,
		// Never the requester alone; two people for a high-risk model.
		needs: model.riskTier === 'high' && draft.kind !== 'retraining' ? 2 : 1,
		policy: null,
		plan: null,
		incident: draft.incident ?? null,
		evidence: draft.evidence,
		createdAt: now,
		expiresAt: now + openForMs,
		decidedAt: null,
		executeAfter: null,
		revision: 1,
	}
}

function checkTarget(
	{ kind, model, environment }: Draft,
	from: string | undefined,
	to: string | undefined,
): void {
	const fault = (message: string, hint?: Hint) =>
		new AppError('invalid', message, { faults: [{ path: 'to', message }], hint })
	if (from === undefined)
		throw fault(`${model} is not deployed in ${environment}.`, { to: 'deploy', model, environment })
	if (to === undefined)
		throw fault(
			kind === 'rollback'
				? `${model} never had another champion in ${environment}. Name the version to go back to in \`to\`.`
				: 'Name the version to promote in `to`.',
		)
	if (to === from) throw fault(`${to} is already the champion.`)
}

/** The insert and the ledger entry of a request. Only one request per model, kind and incident can be open; a second one is ignored. */
export const requestChange = (context: Context, row: RequestRow): { change: Change; entry: EntryDraft } => ({
	change: { query: context.db.insert(requests).values(row).onConflictDoNothing() },
	entry: {
		action: 'create-request',
		object: `request:${row.id}`,
		model: row.model,
		why: row.reason.slice(0, 1000),
		after: row.actionDigest,
	},
})

export async function createRequest(
	context: Context,
	actor: Actor,
	input: z.output<typeof RequestInput>,
): Promise<ActionRequest> {
	authorise(actor, 'approver', input.model)
	const evidence = input.kind === 'promotion' ? await promotionEvidence(context, input) : {}
	const row = await draftRequest(context, { ...input, requester: actor.id, evidence })
	const open = and(
		eq(requests.model, row.model),
		eq(requests.environment, row.environment),
		eq(requests.kind, row.kind),
		eq(requests.status, 'pending'),
	)
	const known = (await context.db.select().from(requests).where(open)).find((r) => r.incident === null)
	if (known)
		throw new AppError(
			'conflict',
			`${known.id} already requests the same and is open. Vote on it, or cancel it first.`,
		)
	const { change, entry } = requestChange(context, row)
	await commit(context, actor, entry, [{ ...change, guarded: true }])
	return toRequest(row, context.now())
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

async function findRequest(context: Context, actor: Actor, id: string): Promise<RequestRow> {
	authorise(actor, readers)
	const [row] = await context.db.select().from(requests).where(eq(requests.id, id))
	if (!row || !inScope(actor, row.model))
		throw new AppError('not-found', `There is no request "${id.slice(0, 100)}".`, {
			hint: { to: 'list-requests' },
		})
	return row
}

export const getRequest = async (context: Context, actor: Actor, id: string): Promise<ActionRequest> =>
	toRequest(await findRequest(context, actor, id), context.now())

export async function listRequests(
	context: Context,
	actor: Actor,
	query: PageQuery & { model?: string | undefined },
): Promise<Page<ActionRequest>> {
	authorise(actor, readers, query.model)
	const after = cursorText(query.cursor)
	const wanted = and(
		await inReach(context, actor, requests.model),
		query.model === undefined ? undefined : eq(requests.model, query.model),
		after === undefined ? undefined : lt(requests.id, after),
	)
	const rows = await context.db
		.select()
		.from(requests)
		.where(wanted)
		.orderBy(desc(requests.id))
		.limit(query.limit + 1)
	return toPage(
		rows,
		query.limit,
		(row) => row.id,
		(row) => toRequest(row, context.now()),
	)
}

/** Cancels an open request. Cancelling again changes nothing. */
export async function cancelRequest(
	context: Context,
	actor: Actor,
	id: string,
	reason = '',
): Promise<ActionRequest> {
	authorise(actor, 'approver')
	const row = await findRequest(context, actor, id)
	if (row.status === 'pending') {
		const mine = and(eq(requests.id, id), eq(requests.revision, row.revision))
		const query = context.db
			.update(requests)
			.set({ status: 'cancelled', revision: row.revision + 1 })
			.where(mine)
		await commit(
			context,
			actor,
			{
				action: 'cancel-request',
				object: `request:${id}`,
				model: row.model,
				...(reason ? { why: reason.slice(0, 1000) } : {}),
			},
			[{ query, guarded: true }],
		)
		row.status = 'cancelled'
	}
	return toRequest(row, context.now())
}
