import { z } from 'zod'
import { collectBytes } from '../../core/collect-bytes.ts'
import { AppError } from '../../core/errors.ts'
import { takeResult } from '../../execution/take-result.ts'
import type { RequestBody } from '../body.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { pathText } from '../parameters.ts'

const maxBytes = 64 * 1024

/** The bytes that are signed. */
async function signedBody(stream: RequestBody): Promise<Uint8Array> {
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

export const deliveries = {
	about: 'Messages of other systems, authenticated by their signatures.',
	endpoints: [result],
} satisfies Resource
