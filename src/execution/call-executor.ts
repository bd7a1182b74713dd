import { canonicalJson } from '../core/canonical-json.ts'
import { peerText } from '../core/peer-text.ts'
import { secondMs } from '../core/time.ts'
import type { ChangeSet } from '../db/changes.ts'
import type { Acted, Action, ExecutorCall, TargetState } from '../ports/executors.ts'
import type { Work } from './claim.ts'

/** No call of an executor lasts longer. */
const callMs = 30 * secondMs

/**
 * Where the target is: at what the action asks for, at what it starts from, elsewhere; or why that is unknown. `unclear`: only
 * the traffic is to change, and the target does not say what it is.
 */
export type Seen = {
	at: 'to' | 'from' | 'elsewhere' | 'unclear' | 'unreadable' | 'failed'
	detail: string
	retryable?: boolean
	retryAfterMs?: number | undefined
}

/** Reads the target. */
export async function readTarget(work: Work): Promise<Seen> {
	const { action, executor } = work
	const { read } = executor
	// A retraining replaces nothing by itself.
	if (!read || action.kind === 'retraining') return { at: 'unreadable', detail: unreadable(executor) }
	const seen = await bounded(work, (call) => read(call))
	if (!seen.ok) return { at: 'failed', detail: seen.error, retryable: true }
	if (!seen.value.ok) {
		const { message, retryable, retryAfterMs } = seen.value.error
		return { at: 'failed', detail: message, retryable, retryAfterMs }
	}
	const { value } = seen.value
	const at = positionOf(action, value)
	return {
		at,
		detail: at === 'unclear' ? `${value.detail}; it does not say what its canary is` : value.detail,
	}
}

const unreadable = ({ name, isLocal }: Work['executor']): string =>
	isLocal ? 'stored together with this record' : `as ${name} reports, which cannot be read back`

/** A target that does not say what its canary is counts as done if the version had to change. */
function positionOf({ from, to, canary }: Action, state: TargetState): Seen['at'] {
	const isAtTo = state.version === (to ?? null)
	const isCanaryKnown = canary === undefined || state.canary !== undefined
	if (isAtTo && !isCanaryKnown) return from === to ? 'unclear' : 'to'
	if (isAtTo && (canary === undefined || canonicalJson(state.canary) === canonicalJson(canary))) return 'to'
	// With the canary still to change, `to` with another canary is on the way.
	if (state.version === (from ?? null) || isAtTo) return 'from'
	return 'elsewhere'
}

/** Calls the executor to act. */
export const act = (work: Work): Promise<Acted<ChangeSet>> => settled(work, (call) => work.executor.act(call))

/** Asks how an accepted action goes on; undefined if the target cannot be asked. */
export const poll = async (work: Work): Promise<Acted<ChangeSet> | undefined> => {
	const { executor } = work
	return executor.poll && settled(work, executor.poll)
}

async function settled(
	work: Work,
	call: (call: ExecutorCall) => Promise<Acted<ChangeSet>>,
): Promise<Acted<ChangeSet>> {
	const acted = await bounded(work, call)
	return acted.ok ? acted.value : { status: 'unsure', detail: acted.error }
}

/** A call that throws or never returns is one whose result is unknown. */
async function bounded<T>(
	{ request, action, executor }: Work,
	call: (call: ExecutorCall) => Promise<T>,
): Promise<{ ok: true; value: T } | { ok: false; error: string }> {
	const stop = new AbortController()
	let timer: ReturnType<typeof setTimeout> | undefined
	const tooLate = new Promise<never>((_, reject) => {
		timer = setTimeout(() => {
			reject(new Error(`${executor.name} has not answered within ${callMs / secondMs} s`))
			stop.abort()
		}, callMs)
	})
	const { id, actionDigest, incident, reason } = request
	try {
		const value = await Promise.race([
			tooLate,
			call({
				action,
				actionDigest,
				idempotencyKey: id,
				incident: incident ?? undefined,
				reason,
				signal: stop.signal,
			}),
		])
		return { ok: true, value }
	} catch (error) {
		return { ok: false, error: peerText(error) }
	} finally {
		clearTimeout(timer)
	}
}
