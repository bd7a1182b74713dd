import { getIncident } from '../alerting/incident/read-incidents.ts'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { peerText } from '../core/peer-text.ts'
import type { Result } from '../core/result.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import {
	type Claim,
	claimMessages,
	complete,
	deliverer,
	destinationOf,
	dueMessages,
	markFailed,
	pruneOutbox,
	reschedule,
} from '../db/outbox.ts'
import { sendFact } from '../registry/lineage/facts.ts'
import { linkTrainingRun } from '../registry/lineage/training-run.ts'
import { findVersion } from '../registry/version/find-version.ts'
import { incidentMessage, timelineText } from '../slack/blocks/incident.ts'
import { isTokenFault, leavesIncidents, noteSlack } from '../slack/connection.ts'
import { deliverIncident } from '../slack/delivery/deliver-incident.ts'
import { incidentEvidence } from '../slack/delivery/incident-details.ts'
import type { Job } from './run/run-job.ts'

const reader = { ...deliverer, role: 'admin', models: ['*'] } as const
const budgetMs = 45 * secondMs

/**
 * Delivers what is in the outbox: incidents to Slack when it is connected, else to the log, unless another process has
 * Slack; facts to the lineage catalogue. One message that fails stops no other.
 */
export const deliver = {
	id: 'deliver',
	cron: '* * * * *',
	run: async (context: Context) => {
		const until = context.monotonic() + budgetMs
		const outcome = { delivered: 0, failed: [] as string[], remaining: 0 }
		const limited = new Set<string>()
		const away = new Set<Claim['kind']>()
		if (context.slack) await noteSlack(context, context.slack.channel)
		else if (await leavesIncidents(context)) away.add('incident')
		for (;;) {
			const due = (await dueMessages(context, away)).filter((d) => !limited.has(destinationOf(d)))
			outcome.remaining = due.length
			if (due.length === 0 || context.monotonic() >= until) break
			for (const messages of due) {
				if (context.monotonic() >= until) break
				if (away.has(messages.kind) || limited.has(destinationOf(messages))) continue
				const claim = await claimMessages(context, messages)
				if (!claim) continue
				const ended = await deliverClaim(context, claim)
				if (ended === 'limited') limited.add(destinationOf(claim))
				if (ended === 'away') away.add(claim.kind)
				if (ended === 'failed' || ended === 'away') outcome.failed.push(nameOf(claim))
				if (ended === 'done') outcome.delivered += claim.ids.length
			}
		}
		await pruneOutbox(context)
		return outcome
	},
} satisfies Job

const nameOf = (claim: Claim): string =>
	claim.kind === 'incident' ? claim.payload.incidentId : `${claim.kind} of ${claim.payload.model}`

/** `away`: a peer that did not take one message is not bothered with the others of this run. */
type Ended = 'done' | 'more' | 'failed' | 'away' | 'limited' | 'lost'

/** Delivers what a claim holds, and gives the claim back. */
async function deliverClaim(context: Context, claim: Claim): Promise<Ended> {
	try {
		const result = await deliverOne(context, claim)
		if (result.ok && result.value === 'more') {
			await reschedule(context, claim, 0)
			return 'more'
		}
		if (result.ok) {
			await complete(context, claim, result.value === 'logged' ? 'no Slack' : null)
			return 'done'
		}
		const { message, retryAfterMs, retryable } = result.error
		// No attempt: nothing can be delivered before the token is changed, and then all of it is.
		if (claim.kind === 'incident' && isTokenFault(message)) {
			await reschedule(context, claim, minuteMs)
			return 'away'
		}
		if (retryAfterMs !== undefined) {
			await reschedule(context, claim, retryAfterMs)
			return 'limited'
		}
		await markFailed(context, claim, result.error)
		return retryable && claim.kind !== 'incident' ? 'away' : 'failed'
	} catch (error) {
		// Another delivery has taken over, and ends what is left.
		if (error instanceof AppError && error.code === 'conflict') return 'lost'
		await markFailed(context, claim, { message: peerText(error), retryable: true })
		return 'failed'
	}
}

async function deliverOne(context: Context, claim: Claim): Promise<Result<string>> {
	if (claim.kind === 'lineage') return sendFact(context, claim.payload)
	if (claim.kind === 'training-run') return readRun(context, claim.payload)
	return tellIncident(context, claim, claim.payload)
}

/** A run that cannot be read now is read when somebody looks at it, so this gives up soon. */
async function readRun(
	context: Context,
	{ model, version }: { model: string; version: string },
): Promise<Result<string>> {
	const found = await linkTrainingRun(context, await findVersion(context, model, version))
	if (found?.status !== 'unreachable') return { ok: true, value: 'read' }
	return { ok: false, error: { message: found.reason ?? 'no answer', retryable: true } }
}

async function tellIncident(
	context: Context,
	claim: Claim,
	payload: { incidentId: string; channel?: string },
): Promise<Result<string>> {
	const incident = await getIncident(context, reader, payload.incidentId)
	const { slack } = context
	const channel = payload.channel ?? slack?.channel ?? ''
	if (!slack || channel === '') {
		const { id, model, environment, status, severity, title } = incident
		context.logger.info('incident', { id, model, environment, status, severity, title })
		return { ok: true, value: 'logged' }
	}
	const post = {
		incidentId: incident.id,
		channel,
		resolved: incident.status === 'resolved',
		message: incidentMessage(incident, context.publicUrl, await incidentEvidence(context, incident)),
		replies: incident.timeline.map(timelineText),
	}
	return deliverIncident(context, slack.call, post, claim)
}
