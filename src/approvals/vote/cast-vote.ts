import { and, eq, gt, type SQL, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { type Change, commit, type EntryDraft } from '../../db/commit.ts'
import { executions, type RequestStatus, reports, requests, requestVotes } from '../../db/schema.ts'
import type { Statement } from '../../db/sql.ts'
import { findTable } from '../../decisions/reasons/table-record.ts'
import type { Action } from '../../ports/executors.ts'
import { authorise, authoriseGlobs, hasRole } from '../../registry/key/authorise.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { personsNow } from '../../registry/person/persons-now.ts'
import { type AppliedPolicy, policyFor } from '../../rules/approval-policies.ts'
import { nextOpening } from '../../rules/business-hours.ts'
import { executorFor, targetOf } from '../executor-choice.ts'
import { checkGates } from '../gates/check-gates.ts'
import { isEligible } from '../policy/eligible.ts'
import { actionText } from '../request/action-text.ts'
import { expireRequest } from '../request/expire-requests.ts'
import { frozenSince } from '../request/frozen.ts'
import type { ActionRequest, VoteInput } from '../request/request.schema.ts'
import { findRequest } from '../request/request.ts'
import { requestNews } from '../request/request-news.ts'
import { digestNow, isOverdue, type RequestRow, toRequest } from '../request/request-record.ts'
import { targetGuard, targetHolds } from '../request/target-guard.ts'
import { recordRefusal } from './refusals.ts'
import { readVoter, type Voter } from './voter.ts'

type VoteRow = typeof requestVotes.$inferSelect
const maxTries = 20

/**
 * Votes on a request. Everything is read anew, decided, and stored in one commit that holds only if nothing that the
 * decision rests on has changed; otherwise it is read and decided again. `isNew` is false if the person has cast this very
 * vote before. The last vote that is needed approves the request and queues its execution in the same commit.
 */
export async function castVote(
	context: Context,
	actor: Actor,
	id: string,
	input: VoteInput,
): Promise<{ request: ActionRequest; isNew: boolean }> {
	for (let tries = 1; ; tries++) {
		try {
			const isNew = await decideOnce(context, actor, id, input)
			return { request: await toRequest(context, await findRequest(context, actor, id)), isNew }
		} catch (error) {
			if (!(error instanceof AppError && error.code === 'conflict') || tries === maxTries) throw error
		}
	}
}

async function decideOnce(context: Context, actor: Actor, id: string, input: VoteInput): Promise<boolean> {
	const row = await findRequest(context, actor, id).catch((error) => {
		authorise(actor, 'approver')
		throw error
	})
	try {
		const voter = await readVoter(context, actor)
		const votes = await context.db.select().from(requestVotes).where(eq(requestVotes.request, id))
		const askers = await askersOf(context, row)
		const personNow = await personsNow(
			context,
			[...askers, ...votes].map((each) => each.actor),
		)
		const excluded = askers.flatMap((asker) => [asker.actor, asker.person, personNow(asker.actor)])
		const policy = await policyOf(context, row)
		checkVoter(row, voter, input, policy, excluded)
		const digest = await digestNow(row)
		if (input.actionDigest !== digest) throw digestChanged(row)
		const known = votes.find((vote) => vote.digest === digest && isOf(vote, voter, personNow))
		if (known && !breaksGlassNow(known, voter, input)) {
			if (known.actor === voter.actor.id && known.vote === input.vote) return false
			throw alreadyVoted(row, known)
		}
		await checkOpen(context, voter, row)
		if (input.vote === 'approve') await checkApprovable(context, row, policy)
		const counted = votes.filter((vote) => vote.vote === 'approve' && vote.digest === digest)
		const approvals = countApprovals(counted, excluded, personNow)
		await store(context, { row, policy, voter, input, digest, approvals })
		return true
	} catch (error) {
		await recordRefusal(context, actor, row, error)
		throw error
	}
}

/** Throws if a version that would get traffic is frozen, or has not passed the gates of the policy. */
async function checkApprovable(context: Context, row: RequestRow, policy: AppliedPolicy): Promise<void> {
	const action = JSON.parse(row.action) as Action
	const frozen = await frozenSince(context, action)
	if (frozen) throw frozen
	const requester = row.requesterPerson ?? row.requester
	const gates = await checkGates(context, { policy, action, requester })
	const failed = gates.filter((gate) => gate.status === 'failed')
	if (failed.length > 0)
		throw new AppError(
			'gate-failed',
			`${row.id} cannot be approved yet. ${failed.map(({ gate, version, detail }) => `${gate} of version ${version}: ${detail}`).join(' ')}`,
		)
}

/** The policy of the request; for requests of old versions that of today, with as many approvals as it said. */
async function policyOf(context: Context, row: RequestRow): Promise<AppliedPolicy> {
	if (row.policy) return row.policy
	const target = targetOf(JSON.parse(row.action), await findModel(context, row.model))
	return { ...policyFor(context.policies.current(), target), needs: row.needs }
}

type PersonNow = (actorId: string) => string

/** Whether a stored vote is of the same person, as of the vote or as of now. */
const isOf = (vote: VoteRow, { actor, person }: Voter, personNow: PersonNow): boolean =>
	vote.actor === actor.id || vote.person === person || personNow(vote.actor) === person

/** An approval that its voter now turns into one that is enough alone. */
const breaksGlassNow = (known: VoteRow, { actor }: Voter, { breakGlass }: VoteInput): boolean =>
	breakGlass === true && known.actor === actor.id && known.vote === 'approve' && !known.breakGlass

/** Who asked for it: the requester, and who wrote the report or proposed the words of a reason table. */
async function askersOf(context: Context, row: RequestRow): Promise<{ actor: string; person: string }[]> {
	const requester = { actor: row.requester, person: row.requesterPerson ?? row.requester }
	if (row.kind === 'report') return [requester, ...(await authorOf(context, row))]
	if (row.kind !== 'reason-table') return [requester]
	const { to } = JSON.parse(row.action) as Action
	const { proposer, proposerPerson } = await findTable(context, row.model, Number(to))
	return [requester, { actor: proposer, person: proposerPerson ?? proposer }]
}

/** The author of a report, who may not be the one that asks for its approval. */
async function authorOf({ db }: Context, row: RequestRow): Promise<{ actor: string; person: string }[]> {
	const { to } = JSON.parse(row.action) as Action
	return db
		.select({ actor: reports.author, person: reports.authorPerson })
		.from(reports)
		.where(eq(reports.id, String(to)))
}

function checkVoter(
	row: RequestRow,
	voter: Voter,
	input: VoteInput,
	policy: AppliedPolicy,
	excluded: readonly string[],
): void {
	const { actor, person } = voter
	if (input.breakGlass) checkBreakGlass(voter, policy, input)
	else if (!isEligible(actor, policy, row.model)) throw notEligible(actor, policy, row)
	checkScope(actor, JSON.parse(row.action))
	if (excluded.includes(actor.id) || excluded.includes(person))
		throw new AppError(
			'own-request',
			`${person === actor.id ? person : `${person} (${actor.id})`} requested this, so other people vote on it.`,
		)
}

/** A silence can cover more models than the one that it is requested for. */
function checkScope(actor: Actor, { silence }: Action): void {
	const { models = ['*'] } = (silence ?? { models: [] }) as { models?: string[] }
	authoriseGlobs(actor, 'approver', models)
}

function checkBreakGlass({ actor }: Voter, { name, breakGlass }: AppliedPolicy, { vote }: VoteInput): void {
	if (vote === 'reject')
		throw new AppError('invalid', 'breakGlass: is for approvals; one reject ends a request anyway.', {
			faults: [{ path: 'breakGlass', message: 'is for approvals' }],
		})
	if (!breakGlass)
		throw new AppError('forbidden', `The policy ${name} does not allow break-glass. Vote without it.`)
	if (!hasRole(actor, breakGlass.role))
		throw new AppError(
			'forbidden',
			`Break-glass under the policy ${name} needs the role ${breakGlass.role}; ${actor.id} has the role ${actor.role}.`,
		)
}

function notEligible(actor: Actor, { name, roles, groups }: AppliedPolicy, { model }: RequestRow): AppError {
	if (!hasRole(actor, 'approver'))
		return new AppError(
			'forbidden',
			`Votes on ${model} need the role approver; ${actor.id} has the role ${actor.role}. Ask an admin for it.`,
		)
	const named = [
		...(roles.length > 0 ? [`the role ${roles.join(' or ')}`] : []),
		...(groups.length > 0 ? [`the Slack group ${groups.join(' or ')}`] : []),
	]
	return new AppError(
		'forbidden',
		`The policy ${name} needs ${named.join(', or ')}, which ${actor.id} does not have.`,
	)
}

const digestChanged = (row: RequestRow) =>
	new AppError(
		'digest-changed',
		`This is not the digest of the action of ${row.id}. Read the request again: it says what will be done now.`,
	)

const alreadyVoted = (row: RequestRow, { person, actor, vote, at }: VoteRow) =>
	new AppError(
		'already-voted',
		`${person} voted ${vote} on ${row.id} at ${formatTime(at)}${person === actor ? '' : ` through ${actor}`}. A vote is cast once; cancel the request to stop it.`,
	)

/** Throws when it is too late. A request whose time is up, or whose target has moved, ends here. */
async function checkOpen(context: Context, voter: Voter, row: RequestRow): Promise<void> {
	const now = context.now()
	if (isOverdue(row, now)) {
		await expireRequest(context, row)
		throw expired(row)
	}
	if (row.status === 'expired') throw expired(row)
	if (row.status === 'stale') throw stale(row)
	if (row.status !== 'pending')
		throw new AppError('not-open', `${row.id} takes no more votes: it is ${row.status}.`)
	if (await targetHolds(context, row)) return
	const line = `request ${row.id} is stale: the target has changed`
	await change(context, voter.actor, row, { status: 'stale', decidedAt: now }, [], {
		entries: [entryOf(row, 'stale-execution')],
		lines: [line],
	})
	throw stale(row)
}

const expired = (row: RequestRow) =>
	new AppError('expired', `${row.id} expired at ${formatTime(row.expiresAt)}. Request it again.`)

function stale(row: RequestRow): AppError {
	const { from } = JSON.parse(row.action) as Action
	return new AppError(
		'stale',
		`${row.model} in ${row.environment} is no longer as ${row.id} expects${from === undefined ? '' : `, which starts from ${from}`}. Request it again.`,
	)
}

/** The distinct people among the votes. Two that have become one person since count once; who asked never does. */
function countApprovals(
	votes: readonly VoteRow[],
	excluded: readonly string[],
	personNow: PersonNow,
): number {
	const seen = new Set(excluded)
	let count = 0
	for (const { person, actor } of votes) {
		const names = [person, actor, personNow(actor)]
		if (!names.some((name) => seen.has(name))) count++
		for (const name of names) seen.add(name)
	}
	return count
}

type Decision = {
	row: RequestRow
	policy: AppliedPolicy
	voter: Voter
	input: VoteInput
	digest: string
	approvals: number
}

async function store(context: Context, decision: Decision): Promise<void> {
	const { row, voter, input, digest, approvals } = decision
	const now = context.now()
	const { vote, reason, breakGlass = false } = input
	const values = { vote, reason, digest, breakGlass, at: now, actor: voter.actor.id }
	// A vote for an earlier form of the action is void: this one takes its place, as break-glass does.
	const cast = context.db
		.insert(requestVotes)
		.values({ request: row.id, person: voter.person, ...values })
		.onConflictDoUpdate({
			target: [requestVotes.request, requestVotes.person],
			set: values,
			setWhere: sql`${requestVotes.digest} <> ${digest} OR ${requestVotes.breakGlass} < excluded.break_glass`,
		})
	const isApproved = vote === 'approve' && (breakGlass || approvals + 1 >= row.needs)
	const entries = [
		{
			...entryOf(row, 'vote-request'),
			why: reason.slice(0, 1000),
			after: digest,
			details: { vote, person: voter.person, ...(breakGlass ? { breakGlass } : {}) },
		},
		...(isApproved ? [{ ...entryOf(row, 'approve-request'), after: digest }] : []),
		...(vote === 'reject' ? [entryOf(row, 'reject-request')] : []),
	]
	const lines = [
		`${vote === 'approve' ? 'approved' : 'rejected'} request ${row.id}${breakGlass ? ' with break-glass' : ''}: ${reason}`,
	]
	const guards = [voter.guard, targetGuard(row)]
	const changes: Change[] = [{ query: cast, guarded: true }]
	const more = { entries, lines, changes }
	if (!isApproved) {
		const set = vote === 'reject' ? { status: 'rejected' as const, decidedAt: now } : {}
		return change(context, voter.actor, row, set, guards, more)
	}
	const approval = approvalOf(decision.policy, breakGlass, now)
	lines.push(approvedLine(row, approval.executeAfter))
	changes.push(await executionInsert(context, row, approval.executeAfter ?? now))
	return change(context, voter.actor, row, approval, guards, more)
}

/** From an approval by break-glass on, `expiresAt` is when it ends unless its execution has begun. */
function approvalOf(policy: AppliedPolicy, breakGlass: boolean, now: number) {
	const approved = { status: 'approved' as const, decidedAt: now }
	if (breakGlass && policy.breakGlass)
		return { ...approved, executeAfter: null, expiresAt: now + policy.breakGlass.expiresMs }
	const cooled = now + policy.coolingOffMs
	const executeAfter = policy.hours ? nextOpening(policy.hours, cooled) : cooled
	return { ...approved, executeAfter: executeAfter > now ? executeAfter : null }
}

const approvedLine = (row: RequestRow, executeAfter: number | null): string =>
	`request ${row.id} is approved: ${actionText(JSON.parse(row.action))}${executeAfter === null ? '' : ` from ${formatTime(executeAfter)} on`}`

async function executionInsert(context: Context, row: RequestRow, notBefore: number): Promise<Change> {
	const action = JSON.parse(row.action) as Action
	const executor =
		row.plan?.executor ?? executorFor(context, action, await findModel(context, row.model)).name
	return {
		query: context.db.insert(executions).values({ request: row.id, executor, attempts: 0, notBefore }),
	}
}

const entryOf = (row: RequestRow, action: string): EntryDraft => ({
	action,
	object: `request:${row.id}`,
	model: row.model,
})

/** One commit: the change of a pending request, if it and what `guards` say still hold, and what goes with it. */
async function change(
	context: Context,
	actor: Actor,
	row: RequestRow,
	set: { status?: RequestStatus; decidedAt?: number; executeAfter?: number | null; expiresAt?: number },
	guards: readonly Required<Statement>[],
	{ entries, lines, changes = [] }: { entries: EntryDraft[]; lines: string[]; changes?: Change[] },
): Promise<void> {
	const revision = row.revision + 1
	const unchanged = and(
		eq(requests.id, row.id),
		eq(requests.revision, row.revision),
		eq(requests.status, 'pending'),
		gt(requests.expiresAt, context.now()),
		...guards.map(toSql),
	)
	const update = context.db
		.update(requests)
		.set({ ...set, revision })
		.where(unchanged)
	await commit(context, actor, entries, [
		{ query: update, guarded: true },
		...changes,
		...requestNews(context, row, revision, actor.id, lines),
	])
}

/** A condition with `?` for each parameter, as part of a query. */
function toSql({ sql: text, params }: Required<Statement>): SQL {
	const [first = '', ...rest] = text.split('?')
	return sql.join([sql.raw(first), ...rest.flatMap((part, i) => [sql`${params[i]}`, sql.raw(part)])])
}
