import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Plan } from '../../ports/executors.ts'
import type { AppliedPolicy, GateId, RequestKind } from '../../rules/approval-policies.ts'

export { type RequestKind, requestKinds } from '../../rules/approval-policies.ts'

export const requestStatuses = [
	'pending',
	'approved',
	'executing',
	'verifying',
	'verified',
	'failed',
	'inconclusive',
	'stale',
	'rejected',
	'cancelled',
	'expired',
] as const
export type RequestStatus = (typeof requestStatuses)[number]

export const requests = sqliteTable('request', {
	id: text().primaryKey(),
	kind: text().$type<RequestKind>().notNull(),
	model: text().notNull(),
	environment: text().notNull(),
	status: text().$type<RequestStatus>().notNull(),
	/** Canonical JSON: exactly what approvers see and what will be done. */
	action: text().notNull(),
	actionDigest: text('action_digest').notNull(),
	/** The champion and the revision of the deployment that the action starts from. */
	expectedVersion: text('expected_version'),
	expectedRevision: integer('expected_revision'),
	requester: text().notNull(),
	/** The person behind the requester; null in requests of old versions. */
	requesterPerson: text('requester_person'),
	reason: text().notNull(),
	needs: integer().notNull(),
	/** The policy in force when it was requested, and the executor's dry run; null in requests of old versions. */
	policy: text({ mode: 'json' }).$type<AppliedPolicy>(),
	plan: text({ mode: 'json' }).$type<Plan>(),
	incident: text(),
	evidence: text({ mode: 'json' }).$type<Record<string, unknown>>().notNull(),
	createdAt: integer('created_at').notNull(),
	expiresAt: integer('expires_at').notNull(),
	/** When it was approved, rejected, cancelled or expired. */
	decidedAt: integer('decided_at'),
	/** Cooling-off and business hours: an approved action starts no earlier. */
	executeAfter: integer('execute_after'),
	revision: integer().notNull(),
})

export const requestVotes = sqliteTable(
	'request_vote',
	{
		request: text().notNull(),
		person: text().notNull(),
		actor: text().notNull(),
		vote: text().$type<'approve' | 'reject'>().notNull(),
		reason: text().notNull(),
		/** The digest of the action that the person saw. */
		digest: text().notNull(),
		breakGlass: integer('break_glass', { mode: 'boolean' }).notNull(),
		at: integer().notNull(),
	},
	(t) => [primaryKey({ columns: [t.request, t.person] })],
)

/** How an approved request is carried out. */
export const executions = sqliteTable('execution', {
	request: text().primaryKey(),
	executor: text().notNull(),
	/** Calls that can have had an effect. */
	attempts: integer().notNull(),
	/** Before the first such call; from then on it cannot be cancelled. */
	actingAt: integer('acting_at'),
	/** When the target was seen, or reported, to be as it should. */
	actedAt: integer('acted_at'),
	startedAt: integer('started_at'),
	finishedAt: integer('finished_at'),
	notBefore: integer('not_before').notNull(),
	/** The fence: a worker without it changes nothing. */
	claim: text(),
	claimedUntil: integer('claimed_until').notNull().default(0),
	error: text(),
	/** Since the last progress: they set the pause before the next call, and bound the calls. */
	failures: integer().notNull().default(0),
	/** 0: no call can have had an effect. 1: those that may have are over, so that a read tells. 2: one may still have one. */
	doubt: integer().notNull().default(0),
	/** When the target accepted the action without being done; `result` is what it reported later. */
	acceptedAt: integer('accepted_at'),
	result: text({ mode: 'json' }).$type<{ status: 'done' | 'failed'; detail: string }>(),
})

export const executionSteps = sqliteTable(
	'execution_step',
	{
		request: text().notNull(),
		seq: integer().notNull(),
		at: integer().notNull(),
		step: text().$type<'read' | 'act' | 'verify'>().notNull(),
		ok: integer({ mode: 'boolean' }).notNull(),
		detail: text().notNull(),
	},
	(t) => [primaryKey({ columns: [t.request, t.seq] })],
)

/** Versions that a verified rollback has left. */
export const versionFreezes = sqliteTable(
	'version_freeze',
	{
		model: text().notNull(),
		version: text().notNull(),
		request: text().notNull(),
		frozenAt: integer('frozen_at').notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.version] })],
)

/** Gates that somebody has waived, by name and until a date. */
export const gateWaivers = sqliteTable('gate_waiver', {
	id: text().primaryKey(),
	model: text().notNull(),
	/** Null: every version. */
	version: text(),
	gate: text().$type<GateId>().notNull(),
	reason: text().notNull(),
	author: text().notNull(),
	authorPerson: text('author_person').notNull(),
	createdAt: integer('created_at').notNull(),
	until: integer().notNull(),
	endedAt: integer('ended_at'),
})
