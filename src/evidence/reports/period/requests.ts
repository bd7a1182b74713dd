import { and, asc, eq, lte } from 'drizzle-orm'
import { actionText } from '../../../approvals/request/action-text.ts'
import type { Context } from '../../../context.ts'
import { groupBy } from '../../../core/maps.ts'
import { formatTime } from '../../../core/time.ts'
import { inList } from '../../../db/database.ts'
import { executionSteps, executions, type RequestStatus, requests, requestVotes } from '../../../db/schema.ts'
import type { ReportCut, ReportTable } from '../template.ts'
import type { PastEntry } from './entries.ts'
import type { PeriodScope } from './scope.ts'
import { tableOf } from './section.ts'

/** A request as it was at the cut. */
export type PastRequest = {
	id: string
	kind: string
	environment: string
	status: RequestStatus
	action: string
	actionDigest: string
	requester: string
	reason: string
	incident: string | null
	needs: number
	policy: string | null
	createdAt: string
	/** When it was decided, failed, or was verified: its last entry. */
	changedAt: string
	votes: { at: string; person: string; vote: string; reason: string; breakGlass: boolean }[]
	executor: string | null
	steps: { at: string; step: string; ok: boolean; detail: string }[]
	entries: number[]
}

/** The status that each entry of a request leaves it in. */
const statusAfter: Record<string, RequestStatus> = {
	'create-request': 'pending',
	'approve-request': 'approved',
	'reject-request': 'rejected',
	'expire-request': 'expired',
	'cancel-request': 'cancelled',
	'start-execution': 'executing',
	'act-execution': 'verifying',
	'verify-execution': 'verified',
	'fail-execution': 'failed',
	'stale-execution': 'stale',
	'inconclusive-execution': 'inconclusive',
}

export const openStatuses: readonly RequestStatus[] = ['pending', 'approved', 'executing', 'verifying']

/** The requests about a model up to the cut, oldest first. */
export async function requestsAt(
	context: Context,
	model: string,
	entries: ReadonlyMap<string, readonly PastEntry[]>,
	cut: ReportCut,
): Promise<PastRequest[]> {
	const { db } = context
	const rows = await db
		.select()
		.from(requests)
		.where(and(eq(requests.model, model), lte(requests.createdAt, cut.at)))
		.orderBy(asc(requests.createdAt), asc(requests.id))
	const known = rows.filter(({ id }) => entries.has(`request:${id}`))
	const ids = known.map(({ id }) => id)
	const votes = await db
		.select()
		.from(requestVotes)
		.where(and(inList(requestVotes.request, ids), lte(requestVotes.at, cut.at)))
		.orderBy(asc(requestVotes.at), asc(requestVotes.person))
	const steps = await db
		.select()
		.from(executionSteps)
		.where(and(inList(executionSteps.request, ids), lte(executionSteps.at, cut.at)))
		.orderBy(asc(executionSteps.seq))
	const executors = await db
		.select({ request: executions.request, executor: executions.executor })
		.from(executions)
		.where(inList(executions.request, ids))
	const votesOf = groupBy(votes, ({ request }) => request)
	const stepsOf = groupBy(steps, ({ request }) => request)
	const executorOf = new Map(executors.map(({ request, executor }) => [request, executor]))
	return known.map((row) => {
		const own = entries.get(`request:${row.id}`) ?? []
		const deciding = own.filter(({ action }) => action in statusAfter)
		const last = deciding.at(-1)
		const isStarted = own.some(({ action }) => action === 'approve-request')
		return {
			id: row.id,
			kind: row.kind,
			environment: row.environment,
			status: statusAfter[last?.action ?? 'create-request'] as RequestStatus,
			action: actionText(JSON.parse(row.action)),
			actionDigest: row.actionDigest,
			requester: row.requesterPerson ?? row.requester,
			reason: row.reason,
			incident: row.incident,
			needs: row.needs,
			policy: row.policy?.name ?? null,
			createdAt: formatTime(row.createdAt),
			changedAt: last?.at ?? formatTime(row.createdAt),
			votes: (votesOf.get(row.id) ?? []).map(({ at, person, vote, reason, breakGlass }) => ({
				at: formatTime(at),
				...{ person, vote, reason, breakGlass },
			})),
			executor: isStarted ? (executorOf.get(row.id) ?? null) : null,
			steps: (stepsOf.get(row.id) ?? []).map(({ at, step, ok, detail }) => ({
				at: formatTime(at),
				...{ step, ok, detail },
			})),
			entries: own.map(({ index }) => index),
		}
	})
}

/** The requests that were open at some time of the period. */
export async function requestsOf(
	context: Context,
	{ model, entries, cut, ...scope }: PeriodScope,
): Promise<PastRequest[]> {
	const [from, to] = [formatTime(scope.from), formatTime(scope.to)]
	const all = await requestsAt(context, model.name, entries, cut)
	return all.filter(
		({ createdAt, changedAt, status }) =>
			createdAt < to && (openStatuses.includes(status) || changedAt >= from),
	)
}

export const requestTables = (items: readonly PastRequest[]): ReportTable[] => [
	tableOf('requests', 'Requests', items, {
		request: ({ id }) => id,
		kind: ({ kind }) => kind,
		environment: ({ environment }) => environment,
		action: ({ action }) => action,
		status: ({ status }) => status,
		requester: ({ requester }) => requester,
		reason: ({ reason }) => reason,
		created: ({ createdAt }) => createdAt,
		changed: ({ changedAt }) => changedAt,
		needs: ({ needs }) => needs,
		policy: ({ policy }) => policy,
		executor: ({ executor }) => executor,
		incident: ({ incident }) => incident,
	}),
	tableOf(
		'votes',
		'Votes',
		items.flatMap((request) => request.votes.map((vote) => ({ request: request.id, ...vote }))),
		{
			request: ({ request }) => request,
			at: ({ at }) => at,
			person: ({ person }) => person,
			vote: ({ vote }) => vote,
			reason: ({ reason }) => reason,
			breakGlass: ({ breakGlass }) => breakGlass,
		},
	),
	tableOf(
		'executions',
		'Executions',
		items.flatMap((request) => request.steps.map((step) => ({ request: request.id, ...step }))),
		{
			request: ({ request }) => request,
			at: ({ at }) => at,
			step: ({ step }) => step,
			ok: ({ ok }) => ok,
			detail: ({ detail }) => detail,
		},
	),
]
