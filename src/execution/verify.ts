import { desc, eq } from 'drizzle-orm'
import { type AlertRow, readAlertsOf } from '../alerting/alert/alert-working-set.ts'
import { type Cleared, clearSince } from '../alerting/alert/clear-since.ts'
import { canonicalJson } from '../core/canonical-json.ts'
import { backoffMs } from '../core/retry.ts'
import { dayMs, minuteMs, windowMs } from '../core/time.ts'
import type { ChangeSet } from '../db/changes.ts'
import { executionSteps, versionFreezes } from '../db/schema.ts'
import { findDeployment } from '../registry/deployment/get-deployment.ts'
import { readTarget } from './call-executor.ts'
import type { Work } from './claim.ts'
import { moveDeployment, servingKinds } from './pointer/pointer.ts'
import { conclude, record, type Step } from './record.ts'

const maxReads = 12
/** How long the rule that fired has to become clear, besides the windows that are needed. */
const clearWithinMs = 7 * dayMs

/**
 * Verifies what was done. The target is read back; one that cannot be read has reported that it is done, which is all that
 * can be known of it. With an incident, the rule that fired must be clear too.
 */
export async function verify(work: Work): Promise<void> {
	const { context, execution } = work
	const seen = await readTarget(work)
	const isThere = ['to', 'unclear', 'unreadable'].includes(seen.at)
	const step: Step = { step: 'verify', ok: isThere, detail: seen.detail }
	if (!step.ok) {
		const failures = execution.failures + 1
		const detail = `It was done, but the target is not there: ${seen.detail}.`
		if (failures >= maxReads || seen.at === 'elsewhere')
			return conclude(work, 'inconclusive', detail, { steps: [step] })
		const pause = Math.max(seen.retryAfterMs ?? 0, backoffMs(failures, 250, 5 * minuteMs))
		return record(work, { steps: [step], set: { failures }, releaseUntil: context.now() + pause })
	}
	const changes: ChangeSet = { changes: [], entries: [] }
	const fault = await followTarget(work, changes)
	if (fault !== undefined) return conclude(work, 'inconclusive', fault, { steps: [step] })
	const fired = await alertsToClear(work)
	if (fired.length === 0) return verified(work, step.detail, changes)
	const cleared = await isCleared(work, fired)
	const detail = `${step.detail}; ${cleared.text}`
	if (cleared.isClear) return verified(work, detail, changes)
	const longest = Math.max(...fired.map((a) => (a.window === 'clock' ? 0 : windowMs[a.window])))
	const until = (execution.actedAt ?? 0) + clearWithinMs + (windowsOf(work) + 1) * longest
	if (context.now() >= until)
		return conclude(work, 'inconclusive', `It was done, but the alerts did not clear in time: ${detail}.`)
	// A look that finds nothing new leaves no trace.
	const steps = (await lastDetail(work)) === detail ? [] : [{ ...step, detail }]
	return record(work, { steps, changes, set: { failures: 0 }, releaseUntil: context.now() })
}

const windowsOf = ({ request }: Work): number => request.policy?.verify ?? 1

async function lastDetail({ context, request }: Work): Promise<string | undefined> {
	const [last] = await context.db
		.select({ detail: executionSteps.detail })
		.from(executionSteps)
		.where(eq(executionSteps.request, request.id))
		.orderBy(desc(executionSteps.seq))
		.limit(1)
	return last?.detail
}

/**
 * What must become clear: of the incident, the alerts by the rule that is the evidence, otherwise those that fire, otherwise
 * all. Nothing for what does not change the model.
 */
async function alertsToClear({ context, request, action }: Work): Promise<AlertRow[]> {
	const changesModel = servingKinds.includes(action.kind) || action.kind === 'retraining'
	if (request.incident === null || !changesModel) return []
	const alerts = (await readAlertsOf(context, [request.incident])).filter((a) => a.status !== 'undone')
	const named = alerts.filter((a) => a.rule === request.evidence.rule)
	if (named.length > 0) return named
	const firing = alerts.filter((a) => a.status === 'firing')
	return firing.length > 0 ? firing : alerts
}

async function isCleared(work: Work, fired: readonly AlertRow[]): Promise<Cleared> {
	const { context, action, execution } = work
	const version = action.to ?? (await findDeployment(context, action.model, action.environment))?.champion
	if (version === undefined) return { isClear: false, text: 'nothing is deployed' }
	return clearSince(context, fired, { version, since: execution.actedAt ?? 0, windows: windowsOf(work) })
}

async function verified(work: Work, detail: string, changes: ChangeSet): Promise<void> {
	const { kind, from } = work.action
	const steps: Step[] = [{ step: 'verify', ok: true, detail }]
	if (kind === 'rollback' && from !== undefined) freeze(work, from, changes)
	await conclude(work, 'verified', detail, { steps, changes })
}

/**
 * Moves the pointer to where the target of another executor is, as soon as that is seen, so that those who follow it serve
 * the same. Returns why it cannot.
 */
async function followTarget(
	{ context, action, request }: Work,
	{ changes, entries }: ChangeSet,
): Promise<string | undefined> {
	if (!servingKinds.includes(action.kind)) return undefined
	const deployment = await findDeployment(context, action.model, action.environment)
	const hasCanary =
		action.canary === undefined ||
		canonicalJson(deployment?.canary ?? null) === canonicalJson(action.canary ?? null)
	if (deployment && deployment.champion === action.to && hasCanary) {
		// Nobody else may change it between this read and the commit that rests on it.
		const newest = 'SELECT max(revision) = ? FROM deployment WHERE model = ? AND environment = ?'
		const params = [deployment.revision, action.model, action.environment]
		changes.push({ query: { sql: `INSERT INTO guard (ok) ${newest}`, params } })
		return undefined
	}
	if (deployment?.champion !== action.from && deployment?.champion !== action.to)
		return `The target is at ${action.to}, but the deployment is ${deployment?.champion} by now.`
	const move = moveDeployment(context, { action, idempotencyKey: request.id }, deployment)
	changes.push(...move.changes)
	entries.push(...move.entries)
	return undefined
}

/** The version that a rollback has left is not promoted again until an admin lifts the freeze. */
function freeze({ context, request }: Work, version: string, { changes }: ChangeSet): void {
	const row = { model: request.model, version, request: request.id, frozenAt: context.now() }
	changes.push({ query: context.db.insert(versionFreezes).values(row).onConflictDoNothing() })
}
