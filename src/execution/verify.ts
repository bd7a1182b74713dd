import { backoffMs } from '../core/retry.ts'
import { minuteMs } from '../core/time.ts'
import type { ChangeSet } from '../db/changes.ts'
import { versionFreezes } from '../db/schema.ts'
import { findDeployment } from '../registry/deployment/get-deployment.ts'
import { readTarget } from './call-executor.ts'
import type { Work } from './claim.ts'
import { moveDeployment, servingKinds } from './pointer/pointer.ts'
import { conclude, record, type Step } from './record.ts'

const maxReads = 12

/**
 * Verifies what was done: the target is read back. A target that cannot be read has reported that it is done, which is
 * all that can be known.
 */
export async function verify(work: Work): Promise<void> {
	const { context, execution } = work
	const seen = await readTarget(work)
	const isThere = seen.at === 'to' || seen.at === 'unreadable'
	const step: Step = { step: 'verify', ok: isThere, detail: seen.detail }
	if (isThere) return verified(work, step)
	const failures = execution.failures + 1
	if (failures >= maxReads)
		return conclude(work, 'inconclusive', `It was done, but the target does not show it: ${seen.detail}.`, {
			steps: [step],
		})
	const pause = Math.max(seen.retryAfterMs ?? 0, backoffMs(failures, 250, 5 * minuteMs))
	return record(work, { steps: [step], set: { failures }, releaseUntil: context.now() + pause })
}

async function verified(work: Work, step: Step): Promise<void> {
	const { request, action } = work
	const changes: ChangeSet = { changes: [], entries: [] }
	if (servingKinds.includes(action.kind) && action.to !== undefined) {
		const moved = await followTarget(work, changes)
		if (moved !== undefined) return conclude(work, 'inconclusive', moved, { steps: [step] })
		if (action.kind === 'rollback' && action.from !== undefined) freeze(work, action.from, changes)
	}
	await conclude(work, 'verified', step.detail, { steps: [step], changes })
	work.context.logger.info('a request was carried out', { request: request.id, kind: request.kind })
}

/** Moves the pointer to where the target of another executor is. Returns why it cannot. */
async function followTarget(
	{ context, action, request }: Work,
	changes: ChangeSet,
): Promise<string | undefined> {
	const deployment = await findDeployment(context, action.model, action.environment)
	const isThere =
		deployment?.champion === action.to &&
		(action.canary === undefined || JSON.stringify(deployment?.canary) === JSON.stringify(action.canary))
	if (isThere) return undefined
	if (deployment?.champion !== action.from && deployment?.champion !== action.to)
		return `The target is at ${action.to}, but Plumbline's deployment is at ${deployment?.champion} by now.`
	const move = moveDeployment(context, { action, idempotencyKey: request.id }, deployment)
	changes.changes.push(...move.changes)
	changes.entries.push(...move.entries)
	return undefined
}

/** The version that a rollback has left is not promoted again until an admin lifts the freeze. */
function freeze({ context, request }: Work, version: string, { changes }: ChangeSet): void {
	const row = { model: request.model, version, request: request.id, frozenAt: context.now() }
	changes.push({ query: context.db.insert(versionFreezes).values(row).onConflictDoNothing() })
}
