import type { Result } from '../core/result.ts'

export type SlackBody = Record<string, unknown> & { ok: boolean; error?: string; ts?: string }

export type SlackFailure = {
	message: string
	retryable: boolean
	/** How long Slack asks to wait. */
	retryAfterMs?: number
	/** Slack rejected the call, so nothing was done. Otherwise it is unknown whether it was done. */
	refused: boolean
}

export type SlackCall = (
	method: string,
	body: Record<string, unknown>,
) => Promise<Result<SlackBody, SlackFailure>>

/** Slack's Web API, and the channel to post to. */
export type SlackClient = {
	call: SlackCall
	channel: string
	/** The workspace has Slack's own charts. */
	drawsCharts?: boolean
	/** Why Slack rejects the token or cannot be reached; undefined after a successful call. */
	trouble?: () => string | undefined
}
