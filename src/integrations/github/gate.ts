import { z } from 'zod'
import type { Context } from '../../context.ts'
import { hmacSha256, sameText, toHex, utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { secondMs } from '../../core/time.ts'
import {
	closeGate,
	type Gate,
	gateAnswer,
	nameRequest,
	openGate,
	waitingGates,
} from '../../execution/gates.ts'
import type { Hook } from '../../ports/hooks.ts'
import { answered, callTarget, jsonOf } from '../target.ts'
import { type GithubApp, githubHeaders, installationToken } from './app.ts'

// A deployment protection rule: GitHub asks whether a job may deploy to an environment, and waits up to 30 days.

const Asked = z.object({
	action: z.literal('requested'),
	environment: z.string(),
	deployment_callback_url: z.string(),
	repository: z.object({ full_name: z.string() }),
	installation: z.object({ id: z.number().int() }),
})

/** Takes what GitHub sends to a webhook of the app. What it asks is answered when the request is decided. */
export const githubHook =
	(context: Context, app: GithubApp, secret: string): Hook =>
	async (headers, body) => {
		const expected = `sha256=${toHex(await hmacSha256(utf8(secret), body))}`
		if (!sameText(headers.get('x-hub-signature-256') ?? '', expected))
			throw new AppError('unauthenticated', 'The signature is missing or wrong.')
		if (headers.get('x-github-event') !== 'deployment_protection_rule') return { status: 'ignored' }
		const asked = Asked.safeParse(parsed(body))
		if (!asked.success)
			throw new AppError('invalid', 'The message is no deployment protection rule as GitHub sends it.')
		const { environment, deployment_callback_url: callbackUrl, repository, installation } = asked.data
		// The answer goes there with a token: it must be GitHub's own.
		const run = callbackUrl.replace(/\/deployment_protection_rule$/, '')
		const isOfRun =
			run.startsWith(`${app.api}/repos/${repository.full_name}/actions/runs/`) && /\/\d+$/.test(run)
		if (!isOfRun || run === callbackUrl)
			throw new AppError('invalid', 'The callback URL is not that of a run.')
		await openGate(context, { callbackUrl, environment, run, installation: installation.id })
		return { status: 'taken', ...(await answerGates(context, app)) }
	}

function parsed(body: Uint8Array): unknown {
	try {
		return JSON.parse(new TextDecoder().decode(body))
	} catch {
		return undefined
	}
}

const maxAtOnce = 200

/** Answers the deployments whose requests are decided; the others go on waiting. */
export async function answerGates(
	context: Context,
	app: GithubApp,
): Promise<{ answered: number; waiting: number }> {
	const waiting = await waitingGates(context, maxAtOnce)
	let count = 0
	for (const gate of waiting) {
		try {
			if (await answerGate(context, app, gate)) count++
		} catch (error) {
			// The others are not held up; this one is tried again.
			context.logger.warn('a deployment on GitHub could not be answered', {
				run: gate.run,
				error: String(error),
			})
		}
	}
	return { answered: count, waiting: waiting.length - count }
}

async function answerGate(context: Context, app: GithubApp, gate: Gate): Promise<boolean> {
	const token = await installationToken(context, app, gate.installation)
	const request = gate.request ?? (await requestOf(context, gate, token))
	if (request !== null && gate.request === null) await nameRequest(context, gate, request)
	const answer = await gateAnswer(context, gate, request)
	if (!answer) return false
	const reply = await callTarget(context, {
		method: 'POST',
		url: gate.callbackUrl,
		headers: githubHeaders(token),
		body: JSON.stringify({ environment_name: gate.environment, ...answer }),
		timeoutMs: 10 * secondMs,
		secrets: [token],
	})
	if (!reply.ok) throw new AppError('unavailable', reply.message)
	// GitHub refuses a second answer, and one for a run that is over: there is nothing left to say.
	if (reply.status >= 300 && reply.status !== 422 && reply.status !== 404)
		throw new AppError('unavailable', answered(reply))
	await closeGate(context, gate, answer.state)
	return true
}

/** The request that the title of the run shows; null if it shows none. */
async function requestOf(context: Context, gate: Gate, token: string): Promise<string | null> {
	const reply = await callTarget(context, {
		method: 'GET',
		url: gate.run,
		headers: githubHeaders(token),
		timeoutMs: 10 * secondMs,
		maxBytes: 2 ** 20,
		secrets: [token],
	})
	const run = z.object({ display_title: z.string() }).safeParse(reply.ok ? jsonOf(reply) : undefined)
	if (!run.success) throw new AppError('unavailable', reply.ok ? answered(reply) : reply.message)
	return /\breq_[0-9a-z]+/.exec(run.data.display_title)?.[0] ?? null
}
