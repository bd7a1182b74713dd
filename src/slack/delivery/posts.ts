import { and, asc, desc, eq, gte, isNotNull } from 'drizzle-orm'
import { getIncident } from '../../alerting/incident/read-incidents.ts'
import type { ActionRequest } from '../../approvals/request/request.schema.ts'
import { getRequest } from '../../approvals/request/request.ts'
import { toRequests } from '../../approvals/request/request-record.ts'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { deliverer } from '../../db/outbox.ts'
import { incidents, ledgerCheckpoints, requests, slackMessages } from '../../db/schema.ts'
import { incidentMessage, timelineText } from '../blocks/incident.ts'
import { isOpen, type RequestAbout, requestLine, requestMessage } from '../blocks/request.ts'
import { escapeText, section } from '../blocks/text.ts'
import type { Post } from './deliver-post.ts'
import { incidentEvidence } from './incident-details.ts'

/** What is posted, and the same in short for the log, where there is no Slack. */
type Prepared = Post & { summary: Record<string, unknown> }

const reader = { ...deliverer, role: 'admin', models: ['*'] } as const

/** An incident as it is now. */
export async function incidentPost(
	context: Context,
	{ incidentId, channel }: { incidentId: string; channel?: string },
): Promise<Prepared> {
	const incident = await getIncident(context, reader, incidentId)
	const { id, model, environment, status, severity, title } = incident
	return {
		object: id,
		channel: channel ?? context.slack?.channel ?? '',
		isOver: status === 'resolved',
		message: incidentMessage(
			incident,
			context.publicUrl,
			await incidentEvidence(context, incident),
			await requestLines(context, id),
		),
		replies: incident.timeline.map(timelineText),
		summary: { id, model, environment, status, severity, title },
	}
}

const maxRequests = 5

/** The state of the latest requests for an incident, oldest first. */
async function requestLines(context: Context, incident: string): Promise<string[]> {
	const rows = await context.db
		.select()
		.from(requests)
		.where(eq(requests.incident, incident))
		.orderBy(desc(requests.id))
		.limit(maxRequests)
	const all = await toRequests(context, rows.reverse())
	return all.map((request) => requestLine(request, context.publicUrl))
}

/** A request as it is now, in the channel of its incident. */
export async function requestPost(
	context: Context,
	{ requestId, channel }: { requestId: string; channel?: string },
): Promise<Prepared> {
	const request = await getRequest(context, reader, requestId)
	const { id, kind, model, environment, status, reason } = request
	const about = await requestAbout(context, request)
	return {
		object: id,
		channel: channel ?? (await channelOf(context, id, about.incident?.id)),
		isOver: !isOpen(request),
		message: requestMessage(request, about),
		replies: [],
		summary: { id, kind, model, environment, status, reason },
	}
}

/** The checkpoint of the day, or the one that has taken its place: nobody can take back what many have read. */
export async function checkpointPost(
	context: Context,
	{ size, channel }: { size: number; channel?: string },
): Promise<Prepared> {
	const [row] = await context.db
		.select()
		.from(ledgerCheckpoints)
		.where(gte(ledgerCheckpoints.size, size))
		.orderBy(asc(ledgerCheckpoints.size))
		.limit(1)
	const text = `The ledger has ${size.toLocaleString('en')} entries`
	return {
		object: `checkpoint:${size}`,
		channel: channel ?? context.slack?.channel ?? '',
		isOver: row === undefined,
		message: {
			text,
			blocks: [section(`*${text}.* Its signed checkpoint:\n\`\`\`${escapeText(row?.note ?? '')}\`\`\``)],
		},
		replies: [],
		summary: { size, checkpoint: row?.note },
	}
}

/** What is shown of a request besides the request: the incident that it is for, if there is one. */
export async function requestAbout(context: Context, { evidence }: ActionRequest): Promise<RequestAbout> {
	const { publicUrl } = context
	if (typeof evidence.incident !== 'string') return { publicUrl }
	try {
		return { publicUrl, incident: await getIncident(context, reader, evidence.incident) }
	} catch (error) {
		if (error instanceof AppError && error.code === 'not-found') return { publicUrl }
		throw error
	}
}

/** Where the message of a request is, or will be: it stays there, whatever becomes of the channels of its incident. */
async function channelOf(context: Context, id: string, incident: string | undefined): Promise<string> {
	const posted = and(eq(slackMessages.object, id), isNotNull(slackMessages.ts))
	const [known] = await context.db.select().from(slackMessages).where(posted)
	if (known) return known.channel
	const [row] = await context.db
		.select({ channels: incidents.channels })
		.from(incidents)
		.where(eq(incidents.id, incident ?? ''))
	return row?.channels[0] ?? context.slack?.channel ?? ''
}
