import type { Context } from '../context.ts'
import { getIncident } from '../services/incident/get-incident.ts'
import { dueMessages, markDone, markFailed, type OutboxRow, pruneOutbox } from '../services/outbox/due.ts'
import { deliverIncident } from '../services/slack/deliver-incident.ts'
import type { Job } from './job.ts'

const deliverer = { id: 'job:deliver', how: 'job', role: 'admin', models: ['*'] } as const

/** Delivers what is in the outbox: to Slack when it is connected, else to the log. One message that fails stops no other. */
export const deliver = {
	id: 'deliver',
	cron: '* * * * *',
	run: async (context: Context) => {
		const counts = { delivered: 0, failed: 0 }
		const limited = new Map<string, number>()
		for (const row of await dueMessages(context)) {
			const channel = row.payload.channel ?? context.slack?.channel ?? ''
			const wait = limited.get(channel)
			if (wait !== undefined) {
				await markFailed(context, row, 'rate limited by Slack', wait)
				continue
			}
			const failure = await deliverOne(context, row, channel)
			if (failure === undefined) {
				await markDone(context, row)
				counts.delivered++
				continue
			}
			counts.failed++
			if (failure.retryAfterMs !== undefined) limited.set(channel, failure.retryAfterMs)
			await markFailed(context, row, failure.message, failure.retryAfterMs)
		}
		await pruneOutbox(context)
		return counts
	},
} satisfies Job

type Failure = { message: string; retryAfterMs?: number }

async function deliverOne(context: Context, row: OutboxRow, channel: string): Promise<Failure | undefined> {
	try {
		const incident = await getIncident(context, deliverer, row.payload.incidentId)
		if (!context.slack || channel === '') {
			const { id, model, status, severity, title } = incident
			context.logger.info('incident', { id, model, status, severity, title })
			return undefined
		}
		const result = await deliverIncident(context, context.slack, {
			incidentId: incident.id,
			channel,
			resolved: incident.status === 'resolved',
			...context.slack.show(incident),
		})
		return result.ok ? undefined : result.error
	} catch (error) {
		return { message: String(error) }
	}
}
