import { z } from 'zod'
import { collectBytes } from '../../core/collect-bytes.ts'
import { AppError } from '../../core/errors.ts'
import { takeResult } from '../../execution/take-result.ts'
import { hookSources } from '../../ports/hooks.ts'
import type { RequestBody } from '../body.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { pathText } from '../parameters.ts'

const maxBytes = 64 * 1024

/** The bytes that are signed. */
async function signedBody(stream: RequestBody): Promise<Uint8Array<ArrayBuffer>> {
	const body = stream.within('openBytes')
	const bytes = await collectBytes(body, maxBytes, body.declaredBytes, body.hold)
	if (bytes) return bytes
	throw new AppError('too-large', `The body is over the limit of ${maxBytes} bytes.`)
}

const Taken = z
	.strictObject({ request: z.string(), status: z.enum(['done', 'failed']) })
	.meta({ id: 'TakenResult' })

const result = endpoint({
	method: 'post',
	path: '/v1/requests/{id}/result',
	id: 'reportResult',
	summary: 'Report how an action ended',
	description:
		'For targets that answered the webhook executor with 202. Instead of a key, the body `{"status": "done" | "failed", "detail"?}` has the headers of Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`), signed with the secret of the executor at most five minutes ago. Use the id of the request as `webhook-id`. The same result again changes nothing; another one is a conflict.',
	access: 'open',
	params: z.strictObject({ id: pathText('The id of a request.', 'req_01kjx2y4v0') }),
	rows: {
		description: 'The result, at most 64 KB',
		types: { 'application/json': { example: { status: 'done', detail: 'serving version 6' } } },
	},
	answers: {
		200: {
			description: 'The result is recorded',
			schema: Taken,
			example: { request: 'req_01kjx2y4v0', status: 'done' },
		},
	},
	errors: ['unauthenticated', 'not-found', 'conflict', 'not-open', 'too-large', 'invalid', 'unavailable'],
	handle: async ({ context, params: { id }, request, stream }) => {
		const { status } = await takeResult(context, id, request.headers, await signedBody(stream))
		return ok({ request: id, status })
	},
})

const hook = endpoint({
	method: 'post',
	path: '/ingest/{source}/webhook',
	id: 'receiveWebhook',
	summary: 'Receive a message of another system',
	description:
		'Authenticated by the signature of that system instead of a key. `mlflow`: a change of an alias that an executor moves is compared with the deployment.',
	access: 'open',
	params: z.strictObject({
		source: z.enum(hookSources).meta({ description: 'The system.', example: 'mlflow' }),
	}),
	rows: {
		description: 'The message, at most 64 KB',
		types: {
			'application/json': {
				example: {
					entity: 'model_version_alias',
					action: 'created',
					timestamp: '2026-03-02T09:30:00+00:00',
					data: { name: 'credit-default', alias: 'champion', version: '7' },
				},
			},
		},
	},
	answers: {
		200: {
			description: 'The message was taken',
			schema: z.looseObject({ status: z.string() }).meta({ id: 'TakenMessage' }),
			example: { status: 'checked', read: 1, moved: 0, unreadable: 0 },
		},
	},
	errors: ['unauthenticated', 'not-found', 'too-large', 'invalid'],
	handle: async ({ context, params: { source }, request, stream }) => {
		const take = context.hooks?.[source]
		if (!take)
			throw new AppError(
				'not-found',
				`Messages of ${source} are not configured. Set PLUMBLINE_${source.toUpperCase()}_WEBHOOK_SECRET.`,
			)
		return ok(await take(request.headers, await signedBody(stream)))
	},
})

export const deliveries = {
	about: 'Messages of other systems, authenticated by their signatures.',
	endpoints: [result, hook],
} satisfies Resource
