import { asc, eq } from 'drizzle-orm'
import type { Context } from '../../src/context.ts'
import { canonicalJson, digestOf } from '../../src/core/canonical-json.ts'
import { newId } from '../../src/core/ids.ts'
import { dayMs } from '../../src/core/time.ts'
import { executionSteps, executions, type RequestKind, requests } from '../../src/db/schema.ts'
import type { Action } from '../../src/ports/executors.ts'
import { defaultPolicies } from './policies.ts'

type RequestRow = typeof requests.$inferSelect

/** A request that was approved just now, with its execution, as the last vote stores them. */
export async function approvedRequest(
	context: Context,
	action: Action,
	more: Partial<RequestRow> = {},
): Promise<RequestRow> {
	const now = context.now()
	const [policy] = defaultPolicies.policies
	const row: RequestRow = {
		id: newId('req', now, context.random),
		kind: action.kind as RequestKind,
		model: action.model,
		environment: action.environment,
		status: 'approved',
		action: canonicalJson(action),
		actionDigest: await digestOf(action),
		expectedVersion: action.from ?? null,
		expectedRevision: 1,
		requester: 'key:r',
		requesterPerson: 'key:r',
		reason: 'it went wrong',
		needs: 1,
		policy: policy ?? null,
		plan: null,
		incident: null,
		evidence: {},
		createdAt: now,
		expiresAt: now + 7 * dayMs,
		decidedAt: now,
		executeAfter: null,
		revision: 2,
		...more,
	}
	await context.db.insert(requests).values(row)
	await context.db
		.insert(executions)
		.values({ request: row.id, executor: 'pointer', attempts: 0, notBefore: row.executeAfter ?? now })
	return row
}

/** How a request stands: its status, its execution, its steps and the actions in its ledger, in order. */
export async function storyOf(context: Context, id: string) {
	const [request] = await context.db.select().from(requests).where(eq(requests.id, id))
	const [execution] = await context.db.select().from(executions).where(eq(executions.request, id))
	const steps = await context.db
		.select()
		.from(executionSteps)
		.where(eq(executionSteps.request, id))
		.orderBy(asc(executionSteps.seq))
	const ledger = await context.sql.all<{ action: string }>({
		sql: 'SELECT action FROM ledger_entry WHERE object = ? ORDER BY idx',
		params: [`request:${id}`],
	})
	return {
		status: request?.status,
		error: execution?.error ?? null,
		execution,
		steps: steps.map((s) => `${s.step} ${s.ok ? 'ok' : 'not ok'}: ${s.detail}`),
		ledger: ledger.map((e) => e.action),
	}
}
