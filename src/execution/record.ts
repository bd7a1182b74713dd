import { and, eq, type SQL, sql } from 'drizzle-orm'
import { newIncident } from '../alerting/incident/incident-without-rule.ts'
import { requestNews } from '../approvals/request/request-news.ts'
import type { Change, ChangeSet } from '../db/changes.ts'
import { commit } from '../db/commit.ts'
import { executions, type RequestStatus, requests } from '../db/schema.ts'
import { type ExecutionRow, executor, type Work } from './claim.ts'

export type Step = { step: 'read' | 'act' | 'verify'; ok: boolean; detail: string }

/** One commit of an execution. */
export type Progress = {
	/** The status of the request afterwards; left out: the same. */
	status?: RequestStatus
	set?: { [K in keyof ExecutionRow]?: ExecutionRow[K] | SQL }
	steps?: readonly Step[]
	/** The action of the ledger entry. */
	entry?: string
	/** Why, for the entry. */
	why?: string
	/** What the timeline of the incident says of it. */
	line?: string
	changes?: ChangeSet | undefined
	/** Ends the hold on the execution, and makes it due at this time. */
	releaseUntil?: number
}

const maxDetail = 500

/**
 * Stores progress in one commit, with its steps, its entry and what the executor wants to be committed with it. Throws
 * `conflict` if another process holds the execution, or if the request has another status than when it was read.
 */
export async function record(work: Work, progress: Progress): Promise<void> {
	const { context, request, execution, token } = work
	const { status = request.status, set = {}, steps = [], entry, changes, line, releaseUntil } = progress
	const now = context.now()
	const release =
		releaseUntil === undefined
			? {}
			: { claim: null, claimedUntil: 0, notBefore: sql`iif(result IS NULL, ${releaseUntil}, ${now})` }
	const held = and(
		eq(executions.request, request.id),
		eq(executions.claim, token),
		sql`(SELECT status FROM request WHERE id = ${request.id}) = ${request.status}`,
	)
	const all: Change[] = [
		{
			query: context.db
				.update(executions)
				.set({ ...release, ...set })
				.where(held),
			guarded: true,
		},
	]
	// While the status and the claim hold, nobody else changes the request.
	const isNews = status !== request.status || line !== undefined
	const revision = request.revision + Number(isNews)
	if (isNews)
		all.push(
			{ query: context.db.update(requests).set({ status, revision }).where(eq(requests.id, request.id)) },
			...requestNews(context, request, revision, executor.id, line === undefined ? [] : [line]),
		)
	for (const step of steps) all.push(stepInsert(request.id, now, step))
	all.push(...(changes?.changes ?? []))
	const entries = [...(changes?.entries ?? [])]
	if (entry !== undefined)
		entries.unshift({
			action: entry,
			object: `request:${request.id}`,
			model: request.model,
			...(progress.why === undefined ? {} : { why: progress.why.slice(0, maxDetail) }),
			after: request.actionDigest,
			details: { executor: execution.executor },
		})
	await commit(context, executor, entries, all)
	Object.assign(request, { status, revision })
	Object.assign(execution, release, set)
}

const stepInsert = (request: string, at: number, { step, ok, detail }: Step): Change => ({
	query: {
		sql: `INSERT INTO execution_step (request, seq, at, step, ok, detail)
			SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5 FROM execution_step WHERE request = ?1`,
		params: [request, at, step, Number(ok), detail.slice(0, maxDetail)],
	},
})

/** Ends the execution: how, and why in words for people. What nobody can know opens an incident that asks a person. */
export async function conclude(
	work: Work,
	status: keyof typeof entryOf,
	detail: string,
	{ steps = [], changes = { changes: [], entries: [] } }: Pick<Progress, 'steps' | 'changes'> = {},
): Promise<void> {
	if (status === 'inconclusive') {
		const incident = inconclusiveIncident(work, detail)
		changes.changes.push(...incident.changes)
		changes.entries.push(...incident.entries)
	}
	await record(work, {
		status,
		steps,
		changes,
		entry: entryOf[status],
		why: detail,
		line: `request ${work.request.id} ${outcomes[status]}: ${detail}`,
		set: {
			finishedAt: work.context.now(),
			error: status === 'verified' ? null : detail.slice(0, maxDetail),
			claim: null,
			claimedUntil: 0,
		},
	})
}

const entryOf = {
	verified: 'verify-execution',
	failed: 'fail-execution',
	inconclusive: 'inconclusive-execution',
	stale: 'stale-execution',
	expired: 'expire-request',
} as const

const outcomes = {
	verified: 'is verified',
	failed: 'failed',
	inconclusive: 'is inconclusive',
	stale: 'is stale',
	expired: 'expired',
} as const

function inconclusiveIncident({ context, request }: Work, detail: string): ChangeSet {
	const { id, kind, model, environment } = request
	return newIncident(context, executor, {
		about: `execution:${id}`,
		model,
		environment,
		severity: 'critical',
		title: `${model} in ${environment}: unknown whether the ${kind} took effect`.slice(0, 150),
		notes: [`request ${id}: ${detail}`],
	})
}
