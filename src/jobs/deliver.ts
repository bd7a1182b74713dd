import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { secondMs } from '../core/time.ts'
import { getIncident } from '../services/incident/get-incident.ts'
import { type Claim, claimMessages, deliverer, dueMessages } from '../services/outbox/claim.ts'
import { markDone, markFailed, pruneOutbox, putOff } from '../services/outbox/settle.ts'
import { deliverIncident } from '../services/slack/deliver-incident.ts'
import { incidentEvidence } from '../services/slack/incident-evidence.ts'
import type { Job } from './job.ts'

const reader = { ...deliverer, role: 'admin', models: ['*'] } as const
const budgetMs = 45 * secondMs

/** Delivers what is in the outbox: to Slack when it is connected, else to the log. One message that fails stops no other. */
export const deliver = {
	id: 'deliver',
	cron: '* * * * *',
	run: async (context: Context) => {
		const until = context.now() + budgetMs
		const outcome = { delivered: 0, failed: [] as string[], remaining: 0 }
		const limited = new Set<string | undefined>()
		for (;;) {
			const due = (await dueMessages(context)).filter((d) => !limited.has(d.payload.channel))
			outcome.remaining = due.length
			if (due.length === 0 || context.now() >= until) break
			for (const messages of due) {
				const { incidentId, channel } = messages.payload
				if (context.now() >= until) break
				if (limited.has(channel)) continue
				const claim = await claimMessages(context, messages)
				if (!claim) continue
				const ended = await deliverClaim(context, claim)
				if (ended === 'limited') limited.add(channel)
				if (ended === 'failed') outcome.failed.push(incidentId)
				if (ended === 'done') outcome.delivered += claim.ids.length
			}
		}
		await pruneOutbox(context)
		return outcome
	},
} satisfies Job

type Ended = 'done' | 'more' | 'failed' | 'limited' | 'lost'

/** Delivers what a claim holds, and gives the claim back. */
async function deliverClaim(context: Context, claim: Claim): Promise<Ended> {
	try {
		const result = await deliverOne(context, claim)
		if (result.ok && result.value === 'more') {
			await putOff(context, claim, 0)
			return 'more'
		}
		if (result.ok) {
			await markDone(context, claim)
			return 'done'
		}
		const { retryAfterMs } = result.error
		if (retryAfterMs === undefined) await markFailed(context, claim, result.error)
		else await putOff(context, claim, retryAfterMs)
		return retryAfterMs === undefined ? 'failed' : 'limited'
	} catch (error) {
		// Another delivery has taken over, and ends what is left.
		if (error instanceof AppError && error.code === 'conflict') return 'lost'
		await markFailed(context, claim, { message: String(error), retryable: true })
		return 'failed'
	}
}

async function deliverOne(context: Context, claim: Claim) {
	const incident = await getIncident(context, reader, claim.payload.incidentId)
	const { slack } = context
	const channel = claim.payload.channel ?? slack?.channel ?? ''
	if (!slack || channel === '') {
		const { id, model, environment, status, severity, title } = incident
		context.logger.info('incident', { id, model, environment, status, severity, title })
		return { ok: true, value: 'posted' } as const
	}
	const post = {
		incidentId: incident.id,
		channel,
		resolved: incident.status === 'resolved',
		...slack.show(incident, await incidentEvidence(context, incident)),
	}
	return deliverIncident(context, slack.call, post, claim)
}
