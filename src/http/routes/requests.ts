import { z } from 'zod'
import { ActionRequest, RequestInput } from '../../approvals/request/request.schema.ts'
import { cancelRequest, createRequest, getRequest, listRequests } from '../../approvals/request/request.ts'
import { readers } from '../../core/actor.ts'
import { created, endpoint, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, pathText } from '../parameters.ts'

const params = z.strictObject({ id: pathText('The id of a request.', 'req_01kjx2y4v0') })
const example = {
	id: 'req_01kjx2y4v0',
	kind: 'rollback',
	model: 'credit-default',
	environment: 'production',
	status: 'pending',
	action: { environment: 'production', from: '7', kind: 'rollback', model: 'credit-default', to: '6' },
	actionDigest: 'sha256:5d41402abc4b2a76b9719d911017c592ae5d1ba1c1f2b3ba2a3f1c7f0f2b9a10',
	requester: 'key:key_01',
	reason: 'LIMIT_BAL comes in another unit',
	needs: 2,
	votes: [],
	createdAt: '2026-03-02T00:00:00.000Z',
	expiresAt: '2026-03-09T00:00:00.000Z',
	evidence: {},
	execution: null,
}
const answers = { 200: { description: 'The request', schema: ActionRequest, example } }

const create = endpoint({
	method: 'post',
	path: '/v1/requests',
	id: 'createRequest',
	summary: 'Request a rollback, a retraining or a promotion',
	description:
		'The response has the exact action and its digest. Nothing happens until people have approved it.',
	access: 'approver',
	body: RequestInput,
	bodyExample: {
		kind: 'rollback',
		model: 'credit-default',
		environment: 'production',
		reason: 'LIMIT_BAL comes in another unit',
	},
	answers: { 201: { description: 'The request', schema: ActionRequest, example } },
	errors: ['conflict', 'not-found'],
	handle: async ({ context, actor, body: { to, ...rest } }) =>
		created(await createRequest(context, actor, { ...rest, ...(to === undefined ? {} : { to }) })),
})

const list = endpoint({
	method: 'get',
	path: '/v1/requests',
	id: 'listRequests',
	summary: 'List requests',
	access: readers,
	query: z.strictObject({
		model: z
			.string()
			.min(1)
			.max(256)
			.optional()
			.meta({ description: 'Only requests of this model.', example: 'credit-default' }),
		...pageParameters,
	}),
	answers: {
		200: {
			description: 'The latest first',
			schema: pageOf(ActionRequest),
			example: { items: [example], next: null },
		},
	},
	handle: async ({ context, actor, query }) => ok(await listRequests(context, actor, query)),
})

const get = endpoint({
	method: 'get',
	path: '/v1/requests/{id}',
	id: 'getRequest',
	summary: 'Read a request',
	access: readers,
	params,
	answers,
	handle: async ({ context, actor, params: { id } }) => ok(await getRequest(context, actor, id)),
})

const cancel = endpoint({
	method: 'post',
	path: '/v1/requests/{id}/cancel',
	id: 'cancelRequest',
	summary: 'Withdraw a request',
	access: 'approver',
	params,
	body: z.strictObject({ reason: z.string().max(1000).default('') }),
	bodyOptional: true,
	answers,
	errors: ['conflict'],
	handle: async ({ context, actor, params: { id }, body }) =>
		ok(await cancelRequest(context, actor, id, body.reason)),
})

export const requests = {
	about: 'Actions that need approval.',
	endpoints: [create, list, get, cancel],
} satisfies Resource
