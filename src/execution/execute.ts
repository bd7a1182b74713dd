import { and, eq } from 'drizzle-orm'
import { frozenSince } from '../approvals/request/frozen.ts'
import type { Context } from '../context.ts'
import { canonicalJson, digestOf } from '../core/canonical-json.ts'
import { backoffMs } from '../core/retry.ts'
import { dayMs, minuteMs, secondMs } from '../core/time.ts'
import type { ChangeSet } from '../db/changes.ts'
import { commit } from '../db/commit.ts'
import { executions, requests, requestVotes } from '../db/schema.ts'
import { nextOpening } from '../rules/business-hours.ts'
import { act as callAct, poll, readTarget, type Seen } from './call-executor.ts'
import { claimExecution, executor, isConflict, keepClaim, maxPauseMs, type Work } from './claim.ts'
import { conclude, record, type Step } from './record.ts'
import { verify } from './verify.ts'

const firstPauseMs = 250
const longestPauseMs = 5 * minuteMs
const maxAttempts = 8
/** How long a target may work on what it has accepted. */
const acceptedForMs = dayMs

/**
 * Carries out an approved request, as far as it can go now. The stages, in order:
 *
 *   claim    holds the execution: of all processes, one goes on, and writes only while it holds it
 *   start    begins, unless an approval by break-glass is too old
 *   read     checks that it is still what was approved, and looks at the target: there already is done, elsewhere is stale
 *   act      records that it acts, then calls the executor
 *   record   stores how that ended: done, accepted, refused, or unknown and to be repeated after a pause
 *   verify   reads back, and waits for the rule that fired
 *
 * Each stage begins from what is stored, so that a crash anywhere only repeats what can be repeated.
 */
export async function executeRequest(context: Context, id: string): Promise<void> {
	const work = await claimExecution(context, id)
	if (!work) return
	const stopRenewing = keepClaim(work)
	try {
		if (work.request.status === 'approved') await start(work)
		if (work.request.status === 'executing') await bring(work)
		if (work.request.status === 'verifying') await verify(work)
	} catch (error) {
		await letGo(work, error)
	} finally {
		stopRenewing()
	}
}

/** After an error of ours, or when the claim is lost: another try later reads again what is true. */
async function letGo({ context, request, execution, token }: Work, error: unknown): Promise<void> {
	if (!isConflict(error))
		context.logger.error('an execution was interrupted', {
			request: request.id,
			error: String(error),
			stack: error instanceof Error ? error.stack : undefined,
		})
	const failures = execution.failures + 1
	const query = context.db
		.update(executions)
		.set({ claim: null, claimedUntil: 0, failures, notBefore: context.now() + pauseMs(failures) })
		.where(and(eq(executions.request, request.id), eq(executions.claim, token)))
	try {
		await commit(context, executor, [], [{ query }])
	} catch (cause) {
		// The claim expires by itself.
		context.logger.warn('a claim could not be given back', { request: request.id, error: String(cause) })
	}
}

const pauseMs = (failures: number, retryAfterMs = 0): number =>
	Math.min(maxPauseMs, Math.max(retryAfterMs, backoffMs(failures, firstPauseMs, longestPauseMs)))

/** An approval by break-glass has a short life. Any other begins within business hours, after a standstill too. */
async function start(work: Work): Promise<void> {
	const { context, request, executor: target } = work
	const now = context.now()
	const isUrgent = await isBreakGlass(work)
	if (isUrgent && now >= request.expiresAt)
		return conclude(work, 'expired', 'The emergency approval was not carried out in time. Request it again.')
	const hours = request.policy?.hours
	const opens = hours && !isUrgent ? nextOpening(hours, now) : now
	if (opens > now) return record(work, { releaseUntil: opens, changes: executeAfter(work, opens) })
	return record(work, {
		status: 'executing',
		entry: 'start-execution',
		set: { startedAt: now, executor: target.name },
	})
}

async function isBreakGlass({ context, request }: Work): Promise<boolean> {
	const [vote] = await context.db
		.select({ person: requestVotes.person })
		.from(requestVotes)
		.where(and(eq(requestVotes.request, request.id), eq(requestVotes.breakGlass, true)))
	return vote !== undefined
}

const executeAfter = ({ context, request }: Work, at: number): ChangeSet => ({
	changes: [
		{ query: context.db.update(requests).set({ executeAfter: at }).where(eq(requests.id, request.id)) },
	],
	entries: [],
})

/** Brings the target to where it should be, as far as that can be done now. */
async function bring(work: Work): Promise<void> {
	const { execution } = work
	const change = await changeSince(work)
	if (change) return conclude(work, execution.doubt === 0 ? change.status : 'inconclusive', change.why)
	const seen = await readTarget(work)
	const read: Step = { step: 'read', ok: seen.at !== 'failed', detail: seen.detail }
	const steps = seen.at === 'unreadable' ? [] : [read]
	if (seen.at === 'to') return reached(work, seen.detail, steps)
	const { result } = execution
	// What is under way may pass through other states.
	const isUnderWay = execution.acceptedAt !== null && !result
	if (seen.at === 'elsewhere' && !isUnderWay) return conclude(work, 'stale', staleText(work, seen), { steps })
	if (result?.status === 'failed') return conclude(work, 'failed', result.detail, { steps })
	if (result?.status === 'done') return reached(work, result.detail, steps)
	if (execution.acceptedAt !== null) return follow(work, execution.acceptedAt)
	if (seen.at === 'failed') return again(work, seen, steps)
	if (isExhausted(work)) return giveUp(work, seen)
	return act(work, steps)
}

/** Why what would be done now is not what was approved. */
async function changeSince({
	context,
	request,
	execution,
	action,
	executor: target,
	missing,
}: Work): Promise<{ status: 'stale' | 'failed'; why: string } | undefined> {
	if ((await digestOf(action)) !== request.actionDigest)
		return { status: 'stale', why: 'The stored action is not the one that was approved.' }
	if (missing !== undefined) return { status: 'failed', why: missing }
	const frozen = execution.actingAt === null ? await frozenSince(context, action) : undefined
	if (frozen) return { status: 'failed', why: frozen.message }
	if (request.plan === null || canonicalJson(target.plan(action)) === canonicalJson(request.plan))
		return undefined
	const why = `${target.name} would now do something else than what was approved. Request it again.`
	return { status: 'stale', why }
}

const staleText = ({ action }: Work, { detail }: Seen): string =>
	`The target is neither at ${action.from} nor at ${action.to}: ${detail}.`

const limitOf = ({ executor: target }: Work): number => target.maxAttempts ?? maxAttempts
const isExhausted = (work: Work): boolean =>
	Math.max(work.execution.attempts, work.execution.failures) >= limitOf(work)

async function act(work: Work, steps: readonly Step[]): Promise<void> {
	const { context, execution, executor: target } = work
	const doubtBefore = execution.doubt
	const mark = { actingAt: execution.actingAt ?? context.now(), attempts: execution.attempts + 1 }
	if (!target.isLocal) await record(work, { steps, set: { ...mark, doubt: 2 } })
	const acted = await callAct(work)
	const step: Step = {
		step: 'act',
		ok: acted.status === 'done' || acted.status === 'accepted',
		detail: acted.detail,
	}
	const all = target.isLocal ? [...steps, step] : [step]
	if (target.isLocal) Object.assign(execution, mark)
	switch (acted.status) {
		case 'done':
			return reached(work, acted.detail, all, acted.changes)
		case 'accepted': {
			const acceptedAt = context.now()
			return record(work, { steps: all, set: { acceptedAt }, releaseUntil: acceptedAt + secondMs })
		}
		case 'refused':
			return refused(work, doubtBefore, acted.detail, all)
		case 'unsure': {
			const known = acted.known === 'not-done' ? 0 : acted.known === 'over' ? 1 : 2
			execution.doubt = Math.max(doubtBefore, known)
			return again(work, { at: 'failed', retryable: true, ...acted }, all)
		}
	}
}

/** Repeats after a pause, up to the limit. */
async function again(
	work: Work,
	{ retryable, retryAfterMs, detail }: Seen,
	steps: readonly Step[],
): Promise<void> {
	const { context, execution } = work
	const failures = retryable ? execution.failures + 1 : limitOf(work)
	const { doubt } = execution
	if (failures < limitOf(work) && execution.attempts < limitOf(work)) {
		const releaseUntil = context.now() + pauseMs(failures, retryAfterMs)
		return record(work, { steps, set: { failures, doubt, error: detail }, releaseUntil })
	}
	await record(work, { steps, set: { failures, doubt, error: detail } })
	return giveUp(work, await readTarget(work), detail)
}

/** The last word: what is known not to have happened has failed; what nobody can know is inconclusive. */
async function giveUp(work: Work, seen: Seen, detail = work.execution.error ?? 'no answer'): Promise<void> {
	const steps: Step[] =
		seen.at === 'unreadable' ? [] : [{ step: 'read', ok: seen.at !== 'failed', detail: seen.detail }]
	if (seen.at === 'to') return reached(work, seen.detail, steps)
	if (seen.at === 'elsewhere') return conclude(work, 'stale', staleText(work, seen), { steps })
	const { attempts, doubt } = work.execution
	const isKnown = doubt === 0 || (doubt === 1 && seen.at === 'from')
	const tried = attempts === 0 ? 'It was never carried out' : `It was tried ${attempts} times`
	return isKnown
		? conclude(work, 'failed', `${tried}, and the target has not changed: ${detail}`, { steps })
		: conclude(work, 'inconclusive', `${tried}, and nobody can know whether it happened: ${detail}`, {
				steps,
			})
}

/** The target will not do it. An earlier call may have done it, or may still. */
async function refused(work: Work, doubt: number, detail: string, steps: readonly Step[]): Promise<void> {
	if (doubt === 0) return conclude(work, 'failed', detail, { steps })
	await record(work, { steps, set: { error: detail, doubt } })
	return giveUp(work, await readTarget(work), detail)
}

/** Asks how an accepted action goes on, or waits for the report of the target. */
async function follow(work: Work, acceptedAt: number): Promise<void> {
	const { context } = work
	const polled = await poll(work)
	const step: Step = { step: 'act', ok: polled?.status === 'done', detail: polled?.detail ?? '' }
	if (polled?.status === 'done') return reached(work, polled.detail, [step], polled.changes)
	if (polled?.status === 'refused') return conclude(work, 'failed', polled.detail, { steps: [step] })
	const waited = context.now() - acceptedAt
	if (waited >= acceptedForMs)
		return giveUp(work, await readTarget(work), 'the target has not reported a result')
	// The longer it lasts, the less often it is asked.
	const pause = Math.min(minuteMs, Math.max(secondMs, waited / 10))
	return record(work, { releaseUntil: context.now() + pause })
}

/** The target is as it should be, or says so. What the executor changes here is stored in the same commit. */
async function reached(
	work: Work,
	detail: string,
	steps: readonly Step[],
	changes?: ChangeSet,
): Promise<void> {
	const { context, execution } = work
	const { actingAt, attempts } = execution
	const set = { actingAt, attempts, actedAt: context.now(), failures: 0, error: null }
	const line = `request ${work.request.id}: ${detail}`
	await record(work, { status: 'verifying', steps, changes, entry: 'act-execution', why: detail, line, set })
}
