import { z } from 'zod'
import { ActionRequest, RequestInput, VoteInput } from '../../approvals/request/request.schema.ts'
import { cancelRequest, createRequest, getRequest, listRequests } from '../../approvals/request/request.ts'
import { readers } from '../../core/actor.ts'
import { requestStatuses } from '../../db/schema.ts'
import { decide } from '../../execution/decide.ts'
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
	requesterPerson: 'ana@bank.example',
	plan: { executor: 'pointer', calls: ['set the deployment of credit-default in production: champion 6'] },
	reason: 'LIMIT_BAL comes in another unit',
	needs: 2,
	policy: {
		name: 'high-risk',
		roles: ['approver'],
		groups: [],
		coolingOff: null,
		hours: null,
		verify: 1,
		breakGlass: null,
	},
	votes: [],
	createdAt: '2026-03-02T00:00:00.000Z',
	expiresAt: '2026-03-09T00:00:00.000Z',
	executeAfter: null,
	evidence: {},
	execution: null,
}
const voted = {
	...example,
	votes: [
		{
			person: 'ana@bank.example',
			actor: 'key:key_02',
			vote: 'approve',
			reason: 'The unit of LIMIT_BAL changed',
			at: '2026-03-02T01:00:00.000Z',
			breakGlass: false,
		},
	],
}
const answers = { 200: { description: 'The request', schema: ActionRequest, example } }

const create = endpoint({
	method: 'post',
	path: '/v1/requests',
	id: 'createRequest',
	summary: 'Request an action that needs approval',
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
	errors: ['conflict', 'not-found', 'frozen', 'unsatisfiable'],
	handle: async ({ context, actor, body }) => {
		const request = await createRequest(context, actor, body)
		return created(request, { location: `/v1/requests/${request.id}` })
	},
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
		status: z
			.enum(requestStatuses)
			.optional()
			.meta({ description: 'Only requests with this status.', example: 'pending' }),
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
	errors: ['conflict', 'not-open'],
	handle: async ({ context, actor, params: { id }, body }) =>
		ok(await cancelRequest(context, actor, id, body.reason)),
})

const vote = endpoint({
	method: 'post',
	path: '/v1/requests/{id}/votes',
	id: 'voteOnRequest',
	summary: 'Approve or reject a request',
	description:
		'Needs the role approver. Role, scope and everything else are read again at this moment, and a refusal is recorded. `actionDigest` is that of the action that you read: another one is refused. The last approval that is needed approves the request and queues its execution; one reject ends it.',
	access: readers,
	params,
	body: VoteInput,
	bodyExample: {
		vote: 'approve',
		actionDigest: example.actionDigest,
		reason: 'The unit of LIMIT_BAL changed',
	},
	answers: {
		201: { description: 'The request with the vote', schema: ActionRequest, example: voted },
		200: { description: 'You have cast this very vote before', schema: ActionRequest, example: voted },
	},
	errors: [
		'own-request',
		'digest-changed',
		'expired',
		'not-open',
		'already-voted',
		'stale',
		'frozen',
		'gate-failed',
	],
	handle: async ({ context, actor, params: { id }, body }) => {
		const { request, isNew } = await decide(context, actor, id, body)
		return isNew ? created(request) : ok(request)
	},
})

export const requests = {
	about: 'Actions that need approval.',
	endpoints: [create, list, get, cancel, vote],
} satisfies Resource
