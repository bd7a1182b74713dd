import type { Context } from '../context.ts'
import { BoundedCache } from '../core/bounded-cache.ts'
import { AppError } from '../core/errors.ts'
import { peerText } from '../core/peer-text.ts'
import { secondMs } from '../core/time.ts'
import type {
	SlackBody,
	SlackCall,
	SlackClient,
	SlackFailure,
	SlackHome,
	TokenKeys,
} from '../ports/slack-client.ts'
import { isTokenFault } from './connection.ts'
import { tokenOf } from './install/installs.ts'

const timeoutMs = 10 * secondMs
// Slack allows about one message per second and channel.
const paceMs = secondMs
// Errors of the message itself: retrying does not help. All other errors can be fixed in time.
const final = new Set([
	'invalid_blocks',
	'invalid_blocks_format',
	'invalid_arguments',
	'invalid_metadata_format',
	'msg_too_long',
	'msg_blocks_too_long',
	'no_text',
	'cant_update_message',
	'edit_window_closed',
])

export type SlackClientOptions = {
	token: string
	channel: string
	apiUrl?: string | undefined
	/** For the tokens of other workspaces. */
	keys?: TokenKeys | undefined
	/** Workspaces have Slack's own charts. */
	drawsCharts?: boolean
	/** How to wait; replaced in tests. */
	pause?: (ms: number) => Promise<void>
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

type Answer = Awaited<ReturnType<SlackCall>>
/** What the clients of all workspaces share. */
type Shared = {
	base: string
	turn: (channel: string) => Promise<void>
	answers: BoundedCache<string, { at: number; answer: Answer }>
}

export const slackApiUrl = (url: string | undefined): string =>
	(url ?? 'https://slack.com/api/').replace(/\/*$/, '/')

/** Slack's Web API over `fetch`, for Node and workers. Paced by channel. Never throws. */
export function slackClient(context: Context, options: SlackClientOptions): SlackClient {
	const shared: Shared = {
		base: slackApiUrl(options.apiUrl),
		turn: pacer(context, options.pause ?? sleep),
		answers: new BoundedCache({ max: 10_000 }),
	}
	const { token, channel, keys = [], drawsCharts = false } = options
	const own = oneClient(context, shared, '', async () => token)
	const others = new BoundedCache<string, SlackClient>({ max: 1000 })
	const open = (team: string): SlackClient => ({
		...oneClient(context, shared, team, async () => (await tokenOf(context, keys, team)) ?? token),
		team,
		channel,
		get drawsCharts() {
			return root.drawsCharts === true
		},
		forTeam,
		home,
	})
	const organisations = new BoundedCache<string, string>({ max: 1000 })
	const forTeam = (team: string, organisation?: string) => {
		if (organisation !== undefined) organisations.set(team, organisation)
		return others.getOrInsert(organisations.get(team) ?? team, open)
	}
	const home = async () => homeOf(await own.read('auth.test', {}, Number.POSITIVE_INFINITY))
	const root: SlackClient = { ...own, channel, drawsCharts, forTeam, home }
	return root
}

/** The workspace that `auth.test` names. */
function homeOf(answer: Answer): SlackHome | undefined {
	if (!answer.ok || typeof answer.value.team_id !== 'string') return undefined
	const { team_id: team, enterprise_id: enterprise, is_enterprise_install: isOrgWide } = answer.value
	return {
		team,
		enterprise: typeof enterprise === 'string' ? enterprise : undefined,
		isOrgWide: isOrgWide === true,
	}
}

// While Slack fails, it is not asked again for every command.
const failedForMs = 15 * secondMs

type OneClient = Pick<SlackClient, 'call' | 'read' | 'forget' | 'trouble'>

/** Calls with the token of one workspace. */
function oneClient(
	context: Context,
	{ base, turn, answers }: Shared,
	team: string,
	tokenFor: () => Promise<string>,
): OneClient {
	let trouble: string | undefined
	const call: SlackCall = async (method, body) => {
		const answer = await send(method, body)
		if (answer.ok) trouble = undefined
		else if (isTokenFault(answer.error.message) || !answer.error.refused) trouble = answer.error.message
		return answer
	}
	const send: SlackCall = async (method, body) => {
		try {
			const token = await tokenFor()
			if (method.startsWith('chat.')) await turn(String(body.channel))
			const response = await context.fetch(base + method, {
				method: 'POST',
				headers: { authorization: `Bearer ${token}` },
				body: formOf(body),
				signal: AbortSignal.timeout(timeoutMs),
			})
			return await readAnswer(response)
		} catch (error) {
			// Without the token of the workspace nothing was sent.
			return failure(peerText(error), { refused: error instanceof AppError })
		}
	}
	const keyOf = (method: string, body: Record<string, string>) => JSON.stringify([team, method, body])
	return {
		call,
		async read(method, body, maxAgeMs) {
			const key = keyOf(method, body)
			const known = answers.get(key)
			const ageMs = context.now() - (known?.at ?? 0)
			const keptMs = known?.answer.ok ? maxAgeMs : Math.min(maxAgeMs, failedForMs)
			if (known && ageMs >= 0 && ageMs < keptMs) return known.answer
			const answer = await call(method, body)
			answers.set(key, { at: context.now(), answer })
			return answer
		},
		forget: (method, body) => answers.delete(keyOf(method, body)),
		trouble: () => trouble,
	}
}

/** Spaces the messages of each channel a second apart. */
function pacer(context: Context, pause: (ms: number) => Promise<void>): (channel: string) => Promise<void> {
	const next = new Map<string, number>()
	return async (channel) => {
		const now = context.now()
		const at = Math.max(now, next.get(channel) ?? 0)
		next.set(channel, at + paceMs)
		if (at > now) await pause(at - now)
	}
}

/** As a form: methods that read do not accept JSON. */
function formOf(body: Record<string, unknown>): URLSearchParams {
	const form = new URLSearchParams()
	for (const [name, value] of Object.entries(body))
		if (value !== undefined) form.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
	return form
}

const failure = (message: string, more: Partial<SlackFailure> = {}) => ({
	ok: false as const,
	error: { message, retryable: true, refused: false, ...more },
})

async function readAnswer(response: Response): ReturnType<SlackCall> {
	const retryAfterMs = Math.max(1, Number(response.headers.get('retry-after')) || 1) * secondMs
	if (response.status === 429) return failure('ratelimited', { refused: true, retryAfterMs })
	if (!response.ok) return failure(`Slack returned status ${response.status}`)
	const answer = (await response.json()) as SlackBody
	if (answer.ok) return { ok: true, value: answer }
	const error = peerText(answer.error ?? 'unknown_error')
	if (error === 'ratelimited') return failure(error, { refused: true, retryAfterMs })
	// With these two errors the call may have taken effect.
	const unsure = error === 'internal_error' || error === 'fatal_error'
	return failure(error, { refused: !unsure, retryable: !final.has(error) })
}
