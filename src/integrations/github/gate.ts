import { and, asc, eq, isNull, ne } from 'drizzle-orm'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { hmacSha256, sameText, toHex, utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { secondMs } from '../../core/time.ts'
import { githubGates, type RequestStatus, requests } from '../../db/schema.ts'
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
		const row = { callbackUrl, environment, run, installation: installation.id, askedAt: context.now() }
		await context.db.insert(githubGates).values(row).onConflictDoNothing()
		return { status: 'taken', ...(await answerGates(context, app)) }
	}

function parsed(body: Uint8Array): unknown {
	try {
		return JSON.parse(new TextDecoder().decode(body))
	} catch {
		return undefined
	}
}

type Gate = typeof githubGates.$inferSelect
type Answer = { state: 'approved' | 'rejected'; comment: string }
const maxAtOnce = 50

/** Answers the deployments whose requests are decided; the others go on waiting. */
export async function answerGates(
	context: Context,
	app: GithubApp,
): Promise<{ answered: number; waiting: number }> {
	const waiting = await context.db
		.select()
		.from(githubGates)
		.where(isNull(githubGates.answeredAt))
		.orderBy(asc(githubGates.askedAt))
		.limit(maxAtOnce)
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

const one = ({ callbackUrl, environment }: Gate) =>
	and(eq(githubGates.callbackUrl, callbackUrl), eq(githubGates.environment, environment))

async function answerGate(context: Context, app: GithubApp, gate: Gate): Promise<boolean> {
	const token = await installationToken(context, app, gate.installation)
	const request = gate.request ?? (await requestOf(context, gate, token))
	if (request !== null && gate.request === null)
		await context.db.update(githubGates).set({ request }).where(one(gate))
	const answer = await answerFor(context, gate, request)
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
	await context.db
		.update(githubGates)
		.set({ answeredAt: context.now(), answer: answer.state })
		.where(one(gate))
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

const underWay: ReadonlySet<string> = new Set<RequestStatus>(['approved', 'executing'])

/** What to answer; undefined while the request is pending. One run deploys a request: a second one is rejected. */
async function answerFor(context: Context, gate: Gate, id: string | null): Promise<Answer | undefined> {
	const rejected = (comment: string): Answer => ({ state: 'rejected', comment: `Plumbline: ${comment}` })
	if (id === null) return rejected('the name of this run shows no request.')
	const [request] = await context.db.select().from(requests).where(eq(requests.id, id))
	if (!request) return rejected(`there is no request ${id}.`)
	if (request.environment !== gate.environment)
		return rejected(`${id} is for the environment ${request.environment}.`)
	const [other] = await context.db
		.select({ run: githubGates.run })
		.from(githubGates)
		.where(
			and(eq(githubGates.request, id), eq(githubGates.answer, 'approved'), ne(githubGates.run, gate.run)),
		)
		.limit(1)
	if (other) return rejected(`${id} was already deployed by another run.`)
	if (request.status === 'pending') return undefined
	if (underWay.has(request.status)) return { state: 'approved', comment: `Plumbline: ${id} is approved.` }
	return rejected(`${id} is ${request.status}.`)
}
