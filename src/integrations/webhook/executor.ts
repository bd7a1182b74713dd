import { z } from 'zod'
import { canonicalJson } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { peerText } from '../../core/peer-text.ts'
import { formatTime, parseDuration } from '../../core/time.ts'
import type { Acted, Action, Executor, ExecutorCall, ExecutorKind } from '../../ports/executors.ts'
import {
	answered,
	callTarget,
	failedAct,
	failedRead,
	filledUrl,
	jsonOf,
	SecretReference,
	shownUrl,
	type TargetContext,
	Timeout,
	withUrls,
} from '../target.ts'
import { isSigned, type Secret, signedHeaders, signer } from './signature.ts'

const placeholders = ['model', 'environment']
const Settings = withUrls(
	z.strictObject({
		url: z.string(),
		/** Answers `{ version }`: what serves now. */
		read: z.string().optional(),
		secret: SecretReference,
		timeout: Timeout,
		/** Allows http:// to other hosts. The signature still protects the call, but anybody on the way can read it. */
		insecure: z.boolean().optional(),
	}),
	{ url: placeholders, read: placeholders },
)
type Settings = z.output<typeof Settings>

const detail = z
	.string()
	.max(64 * 1024)
	.optional()
const Answer = z.object({ status: z.enum(['done', 'failed']), detail })
const Result = z.strictObject({ status: z.enum(['done', 'failed']), detail })
const State = z.object({
	version: z.union([z.string(), z.number()]).nullable(),
	canary: z
		.object({ version: z.union([z.string(), z.number()]).transform(String), percent: z.number() })
		.nullish(),
})

/** Posts the action to a URL, signed as in Standard Webhooks. */
export const webhookExecutor = (context: TargetContext): ExecutorKind => ({
	name: 'webhook',
	settings: Settings,
	open: (settings) => openWebhook(context, Settings.parse(settings)),
})

function openWebhook(context: TargetContext, settings: Settings): Executor {
	const { read } = settings
	return {
		name: 'webhook',
		plan: (action) => ({ executor: 'webhook', calls: callsOf(settings, action) }),
		act: (call) => act(context, settings, call),
		...(read === undefined ? {} : { read: (call) => readState(context, settings, read, call) }),
		resultOf: (headers, body) => resultOf(context, settings, headers, body),
	}
}

const urlFor = (template: string, { model, environment }: Action) =>
	filledUrl(template, { model, environment })

function callsOf({ url, read }: Settings, action: Action): string[] {
	const post = `POST ${shownUrl(urlFor(url, action))} signed, with ${canonicalJson(action)}`
	if (read === undefined) return [post]
	return [`GET ${shownUrl(urlFor(read, action))} before and afterwards: which version serves`, post]
}

async function secretOf(context: TargetContext, { secret: reference }: Settings): Promise<Secret> {
	return { text: await context.readSecret(reference), reference }
}

/** The signed headers; as a text why there are none, since the secret is not there. */
async function headersFor(context: TargetContext, settings: Settings, id: string, body: string) {
	try {
		const secret = await secretOf(context, settings)
		return { headers: signedHeaders(secret, id, context.now(), body), secrets: [secret.text] }
	} catch (error) {
		if (error instanceof AppError) return error.message
		throw error
	}
}

async function act(context: TargetContext, settings: Settings, call: ExecutorCall): Promise<Acted> {
	const { action, actionDigest, idempotencyKey: id, signal } = call
	const body = JSON.stringify({
		type: 'plumbline.action',
		timestamp: formatTime(context.now()),
		data: { request: id, action, actionDigest },
	})
	const signed = await headersFor(context, settings, id, body)
	if (typeof signed === 'string') return { status: 'unsure', detail: signed, known: 'not-done' }
	const reply = await callTarget(context, {
		method: 'POST',
		url: urlFor(settings.url, action),
		headers: { ...signed.headers, 'content-type': 'application/json', accept: 'application/json' },
		body,
		timeoutMs: parseDuration(settings.timeout) as number,
		secrets: signed.secrets,
		signal,
	})
	const failed = failedAct(reply, context.now())
	if (failed || !reply.ok) return failed as Acted
	const answer = Answer.safeParse(jsonOf(reply))
	const words = answer.success ? peerText(answer.data.detail ?? '') : ''
	if (answer.success && answer.data.status === 'done')
		return { status: 'done', detail: words || `it answered ${reply.status} done` }
	if (answer.success) return { status: 'refused', detail: words || `it answered ${reply.status} failed` }
	if (reply.status === 202) return { status: 'accepted', detail: 'it answered 202: the result comes later' }
	return { status: 'unsure', known: 'over', detail: `${answered(reply)} (neither {"status":"done"} nor 202)` }
}

async function readState(
	context: TargetContext,
	settings: Settings,
	template: string,
	{ action, signal }: ExecutorCall,
): ReturnType<NonNullable<Executor['read']>> {
	// An id of its own: a target that remembers the ids it has seen must not take the action for a repetition.
	const signed = await headersFor(context, settings, newId('read', context.now(), context.random), '')
	if (typeof signed === 'string') return { ok: false, error: { message: signed, retryable: true } }
	const reply = await callTarget(context, {
		method: 'GET',
		url: urlFor(template, action),
		headers: { ...signed.headers, accept: 'application/json' },
		timeoutMs: parseDuration(settings.timeout) as number,
		secrets: signed.secrets,
		signal,
	})
	const failed = failedRead(reply, context.now())
	if (failed || !reply.ok) return { ok: false, error: failed as NonNullable<typeof failed> }
	const state = State.safeParse(jsonOf(reply))
	if (!state.success)
		return { ok: false, error: { message: `${answered(reply)} (not {"version": …})`, retryable: true } }
	const { version, canary } = state.data
	return {
		ok: true,
		value: {
			version: version === null ? null : String(version),
			...(canary === undefined ? {} : { canary }),
			detail: version === null ? 'nothing serves' : `version ${peerText(version)} serves`,
		},
	}
}

/** The result that the target reports later, signed with the same secret. Throws `invalid` if it has another shape. */
async function resultOf(
	context: TargetContext,
	settings: Settings,
	headers: Headers,
	body: Uint8Array,
): Promise<{ status: 'done' | 'failed'; detail: string } | undefined> {
	const key = await secretOf(context, settings)
		.then(signer)
		.catch((cause) => {
			throw new AppError(
				'unavailable',
				'The signature cannot be checked, since the secret cannot be read. Send it again later.',
				{ cause },
			)
		})
	if (!isSigned(key, headers, body, context.now())) return undefined
	const text = new TextDecoder().decode(body)
	const result = Result.safeParse(jsonOf({ ok: true, status: 200, headers, text, isCut: false }))
	if (!result.success)
		throw new AppError('invalid', 'The result must be {"status": "done" | "failed", "detail"?: "…"}.')
	return { status: result.data.status, detail: peerText(result.data.detail ?? '') }
}
