import type { Context } from '../../context.ts'
import { peerText } from '../../core/peer-text.ts'
import { sleep } from '../../core/retry.ts'
import { secondMs } from '../../core/time.ts'
import type { SlackMessage } from '../blocks/text.ts'
import type { Reply } from '../reply.ts'

// Slack refuses messages with a file until it has scanned the file. A response URL can be used five times.
const followAfterMs = [500, secondMs, 3 * secondMs]

/** Sends what follows a reply. The reply is complete without it, so a failure is only logged. */
export async function follow(
	context: Context,
	send: (message: SlackMessage) => Promise<unknown>,
	{ later }: Reply,
): Promise<void> {
	if (!later) return
	try {
		const message = await later()
		if (message) await sendWithRetries(send, message)
	} catch (error) {
		context.logger.warn('a picture could not follow an answer', { error: peerText(error) })
	}
}

async function sendWithRetries(
	send: (message: SlackMessage) => Promise<unknown>,
	message: SlackMessage,
): Promise<void> {
	let refused: unknown
	for (const ms of followAfterMs) {
		await sleep(ms)
		try {
			await send(message)
			return
		} catch (error) {
			refused = error
		}
	}
	throw refused
}
