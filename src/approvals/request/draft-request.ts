import { and, eq, inArray } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, personOf } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { type Change, commit, type EntryDraft } from '../../db/commit.ts'
import { type RequestStatus, requests } from '../../db/schema.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { type AppliedPolicy, type ApprovalPolicy, policyFor } from '../../rules/approval-policies.ts'
import { executorFor, targetOf } from '../executor-choice.ts'
import { checkGates } from '../gates/check-gates.ts'
import { whyUnsatisfiable } from '../policy/unsatisfiable.ts'
import { actionText } from './action-text.ts'
import { type Asked, draftAction } from './draft-action.ts'
import { expireRequests } from './expire-requests.ts'
import { incidentNotes, requestMessage } from './request-news.ts'
import type { RequestRow } from './request-record.ts'

export type Draft = Asked & {
	requester: Pick<Actor, 'id' | 'owner'>
	reason: string
	incident?: string | undefined
	evidence: Record<string, unknown>
}

/** Before the action is carried out or given up. */
export const openStatuses: RequestStatus[] = ['pending', 'approved', 'executing', 'verifying']

/**
 * A request with the exact action that approvers see, its digest, the policy in force and the dry run of the executor.
 * Throws `invalid` for what cannot be done, `frozen`, and `unsatisfiable` under a policy of your own.
 */
export async function draftRequest(context: Context, draft: Draft): Promise<RequestRow> {
	const model = await findModel(context, draft.model)
	const { action: exact, ...expected } = await draftAction(context, draft, model)
	const action = canonicalJson(exact)
	const set = context.policies.current()
	const found = policyFor(set, targetOf(exact, model))
	const policy = appliedOf(found)
	const note = await whyUnsatisfiable(context, policy, model.name)
	if (note !== undefined && !found.isPackaged) throw new AppError('unsatisfiable', note)
	const { executor } = executorFor(context, exact, model)
	const requester = personOf(draft.requester)
	const gates = await checkGates(context, { policy, action: exact, requester })
	const now = context.now()
	return {
		id: newId('req', now, context.random),
		kind: draft.kind,
		model: model.name,
		environment: draft.environment,
		status: 'pending',
		action,
		actionDigest: `sha256:${await sha256Hex(action)}`,
		...expected,
		requester: draft.requester.id,
		requesterPerson: requester,
		reason: draft.reason,
		needs: policy.needs,
		policy,
		plan: executor?.plan(exact) ?? null,
		incident: draft.incident ?? null,
		evidence: {
			...draft.evidence,
			...(note === undefined ? {} : { note }),
			...(gates.length === 0 ? {} : { gates }),
		},
		createdAt: now,
		expiresAt: now + policy.expiresMs,
		decidedAt: null,
		executeAfter: null,
		revision: 1,
	}
}

/** The part of a policy that applies to a request from then on. */
function appliedOf(policy: ApprovalPolicy): AppliedPolicy {
	const { name, needs, roles, groups, expiresMs, hours, coolingOffMs, verify, breakGlass, gates } = policy
	return {
		...{ name, needs, roles, groups, expiresMs, coolingOffMs, verify },
		...(hours ? { hours } : {}),
		...(breakGlass ? { breakGlass } : {}),
		...(gates ? { gates } : {}),
	}
}

/** The open request for exactly the same, if any. */
export async function openRequest(
	context: Context,
	{ model, environment, kind, actionDigest }: RequestRow,
): Promise<RequestRow | undefined> {
	const same = and(
		eq(requests.model, model),
		eq(requests.environment, environment),
		eq(requests.kind, kind),
		eq(requests.actionDigest, actionDigest),
		inArray(requests.status, openStatuses),
	)
	const rows = await context.db.select().from(requests).where(same)
	return rows.find((row) => row.status !== 'pending' || row.expiresAt > context.now())
}

/** What stores and announces a drafted request, and its ledger entry. */
export const requestChanges = (
	context: Context,
	row: RequestRow,
): { changes: Change[]; entry: EntryDraft } => ({
	changes: [
		{ query: context.db.insert(requests).values(row).onConflictDoNothing(), guarded: true },
		requestMessage(context, row, row.revision),
	],
	entry: {
		action: 'create-request',
		object: `request:${row.id}`,
		model: row.model,
		why: row.reason.slice(0, 1000),
		after: row.actionDigest,
		...(row.incident === null ? {} : { details: { incident: row.incident } }),
	},
})

/** Stores a drafted request. `isNew` is false if the same is already open, and then it is that one. */
export async function submitRequest(
	context: Context,
	actor: Actor,
	row: RequestRow,
): Promise<{ row: RequestRow; isNew: boolean }> {
	const known = await openRequest(context, row)
	if (known) return { row: known, isNew: false }
	await expireRequests(context, { model: row.model })
	const { changes, entry } = requestChanges(context, row)
	const line = `requested: ${actionText(JSON.parse(row.action))} (${row.id}). ${row.reason}`
	try {
		await commit(context, actor, entry, [
			...changes,
			...incidentNotes(context, row.incident, actor.id, [line]),
		])
	} catch (error) {
		// Somebody has requested the same at the same time.
		const other = await openRequest(context, row)
		if (other && error instanceof AppError && error.code === 'conflict') return { row: other, isNew: false }
		throw error
	}
	return { row, isNew: true }
}
