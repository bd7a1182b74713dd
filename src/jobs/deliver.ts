import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { peerText } from '../core/peer-text.ts'
import type { Result } from '../core/result.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import {
	type Claim,
	claimMessages,
	complete,
	destinationOf,
	dueMessages,
	type ForPeople,
	isForPeople,
	kindsForPeople,
	type Message,
	markFailed,
	pruneOutbox,
	reschedule,
} from '../db/outbox.ts'
import { sendFact } from '../registry/lineage/facts.ts'
import { linkTrainingRun } from '../registry/lineage/training-run.ts'
import { findVersion } from '../registry/version/find-version.ts'
import { isTokenFault, leavesMessages, noteSlack } from '../slack/connection.ts'
import { deliverPost } from '../slack/delivery/deliver-post.ts'
import { checkpointPost, incidentPost, requestPost } from '../slack/delivery/posts.ts'
import type { Job } from './run/run-job.ts'

const budgetMs = 45 * secondMs

/** Destinations to leave alone for the rest of a run. */
type Skipped = { rateLimited: Set<string>; unreachable: Set<Message['kind']> }

/**
 * Delivers the messages of the outbox: incidents and requests to Slack (to the log without Slack, to nobody while another
 * process has it), facts to the lineage catalogue. The stages of one delivery, in order:
 *
 *   dueMessages     what is due, grouped by content
 *   claimMessages   holds messages, so that no other process delivers them
 *   send            posts the incident or request, sends the fact, or reads the training run
 *   settle          completes, reschedules or fails the messages, and releases them
 *
 * A message that fails stops no other.
 */
export const deliver = {
	id: 'deliver',
	cron: '* * * * *',
	// People wait for what is posted to Slack. What goes elsewhere, or only to the log, has time until the next minute.
	isDue: async (context: Context) => context.slack !== undefined && (await dueMessages(context)).length > 0,
	run: async (context: Context) => {
		const until = context.monotonic() + budgetMs
		const outcome = { delivered: 0, failed: [] as string[], remaining: 0 }
		const skipped: Skipped = { rateLimited: new Set(), unreachable: new Set() }
		if (context.slack) await noteSlack(context, context.slack.channel)
		else if (await leavesMessages(context)) for (const kind of kindsForPeople) skipped.unreachable.add(kind)
		const isSkipped = (message: Message) =>
			skipped.unreachable.has(message.kind) || skipped.rateLimited.has(destinationOf(message))
		for (;;) {
			const due = (await dueMessages(context, skipped.unreachable)).filter((d) => !isSkipped(d))
			outcome.remaining = due.length
			if (due.length === 0 || context.monotonic() >= until) break
			for (const messages of due) {
				if (context.monotonic() >= until) break
				if (isSkipped(messages)) continue
				const claim = await claimMessages(context, messages)
				if (!claim) continue
				const ended = await sendAndSettle(context, claim)
				if (ended === 'rateLimited') skipped.rateLimited.add(destinationOf(claim))
				if (ended === 'unreachable') skipped.unreachable.add(claim.kind)
				if (ended === 'failed' || ended === 'unreachable') outcome.failed.push(nameOf(claim))
				if (ended === 'done') outcome.delivered += claim.ids.length
			}
		}
		await pruneOutbox(context)
		return outcome
	},
} satisfies Job

const nameOf = (claim: Claim): string =>
	claim.kind === 'incident'
		? claim.payload.incidentId
		: claim.kind === 'request'
			? claim.payload.requestId
			: claim.kind === 'checkpoint'
				? `the checkpoint of ${claim.payload.size} entries`
				: `${claim.kind} of ${claim.payload.model}`

/** How a delivery ended. `more`: not everything is sent. `unreachable`: no other message can be sent either. */
type Ended = 'done' | 'more' | 'failed' | 'unreachable' | 'rateLimited' | 'claimLost'

async function sendAndSettle(context: Context, claim: Claim): Promise<Ended> {
	try {
		return await settle(context, claim, await send(context, claim))
	} catch (error) {
		// Another delivery has taken the messages over, and finishes them.
		if (error instanceof AppError && error.code === 'conflict') return 'claimLost'
		await markFailed(context, claim, { message: peerText(error), retryable: true })
		return 'failed'
	}
}

async function settle(context: Context, claim: Claim, result: Result<string>): Promise<Ended> {
	if (result.ok && result.value === 'more') {
		await reschedule(context, claim, 0)
		return 'more'
	}
	if (result.ok) {
		await complete(context, claim, result.value === 'logged' ? 'no Slack' : null)
		return 'done'
	}
	const { message, retryAfterMs, retryable } = result.error
	// Not an attempt: nothing can be delivered until the token is changed.
	if (isForPeople(claim) && isTokenFault(message)) {
		await reschedule(context, claim, minuteMs)
		return 'unreachable'
	}
	if (retryAfterMs !== undefined) {
		await reschedule(context, claim, retryAfterMs)
		return 'rateLimited'
	}
	await markFailed(context, claim, { ...result.error, message: channelHint(claim, message) })
	return retryable && !isForPeople(claim) ? 'unreachable' : 'failed'
}

const channelFaults = ['channel_not_found', 'not_in_channel', 'is_archived', 'restricted_action']

/** What Slack says, and what to do where it does not take messages for a channel. */
function channelHint(claim: Claim, message: string): string {
	if (!isForPeople(claim) || !channelFaults.includes(message)) return message
	const channel = claim.payload.channel ?? 'of its incident, or SLACK_CHANNEL'
	return `${message}: Slack does not take messages for the channel ${channel}. Invite the app there, or correct the name in SLACK_CHANNEL or the rule; it is tried again.`
}

async function send(context: Context, claim: Claim): Promise<Result<string>> {
	if (claim.kind === 'lineage') return sendFact(context, claim.payload)
	if (claim.kind === 'training-run') return readRun(context, claim.payload)
	const post = await postOf(context, claim)
	if (context.slack && post.channel !== '') return deliverPost(context, context.slack.call, post, claim)
	context.logger.info(claim.kind, post.summary)
	return { ok: true, value: 'logged' }
}

const postOf = (context: Context, message: ForPeople) =>
	message.kind === 'incident'
		? incidentPost(context, message.payload)
		: message.kind === 'request'
			? requestPost(context, message.payload)
			: checkpointPost(context, message.payload)

/** Gives up soon: a run that cannot be read now is read when somebody looks at it. */
async function readRun(
	context: Context,
	{ model, version }: { model: string; version: string },
): Promise<Result<string>> {
	const link = await linkTrainingRun(context, await findVersion(context, model, version))
	if (link?.status !== 'unreachable') return { ok: true, value: 'read' }
	return { ok: false, error: { message: link.reason ?? 'no answer', retryable: true } }
}
