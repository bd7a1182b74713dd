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

/** The workspace of a token, its organisation if it has one, and whether the whole organisation installed the app. */
export type SlackHome = { team: string; enterprise: string | undefined; isOrgWide: boolean }

/** Slack's Web API with the token of one workspace, and the channel to post to. */
export type SlackClient = {
	/** Absent: the workspace of SLACK_BOT_TOKEN. */
	team?: string
	call: SlackCall
	/** The answer of a method that only reads, at most `maxAgeMs` old. With 0, Slack is asked anew. */
	read(
		method: string,
		body: Record<string, string>,
		maxAgeMs: number,
	): Promise<Result<SlackBody, SlackFailure>>
	/** Forgets what was read with these parameters. */
	forget(method: string, body: Record<string, string>): void
	channel: string
	/** The workspace has Slack's own charts. */
	drawsCharts?: boolean
	/** Why Slack rejects the token or cannot be reached; undefined after a successful call. */
	trouble?: () => string | undefined
	/**
	 * The client of a workspace: with the token of its installation, otherwise with SLACK_BOT_TOKEN. `organisation`: whose
	 * token it has, where the whole of it installed the app; that is remembered.
	 */
	forTeam(team: string, organisation?: string): SlackClient
	/** The workspace of SLACK_BOT_TOKEN; undefined while Slack cannot be asked. */
	home(): Promise<SlackHome | undefined>
}

/** Keys for tokens at rest, 32 bytes each, the newest first. */
export type TokenKeys = readonly Uint8Array[]

/** What other workspaces need to install the app. */
export type SlackApp = { clientId: string; clientSecret: string; apiUrl: string; keys: TokenKeys }
