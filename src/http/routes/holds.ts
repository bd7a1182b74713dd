import { z } from 'zod'
import { Hold, HoldInput } from '../../evidence/erasure/erasure.schema.ts'
import { createHold, liftHold, listHolds } from '../../evidence/erasure/holds.ts'
import { created, endpoint, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, pathText } from '../parameters.ts'

const example = {
	id: 'hold_01kjx2y4v0',
	subject: 'applicant-4711',
	model: null,
	reason: 'litigation 12-345',
	author: 'key:key_01',
	status: 'active',
	createdAt: '2026-03-02T00:00:00.000Z',
	until: null,
	liftedAt: null,
}

const create = endpoint({
	method: 'post',
	path: '/v1/holds',
	id: 'createHold',
	summary: 'Put a subject or a model on hold',
	description:
		'Until the hold ends, erasing what it covers is 409 `on-hold`, and retention skips it. A hold on a subject covers the models in the scope of your key. The ledger names the subject by a keyed digest.',
	access: 'auditor',
	body: HoldInput,
	bodyExample: { subject: 'applicant-4711', reason: 'litigation 12-345' },
	answers: { 201: { description: 'The hold', schema: Hold, example } },
	errors: ['not-found'],
	handle: async ({ context, actor, body }) => created(await createHold(context, actor, body)),
})

const list = endpoint({
	method: 'get',
	path: '/v1/holds',
	id: 'listHolds',
	summary: 'List holds',
	description: 'Only holds whose models are all in the scope of your key.',
	access: 'auditor',
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'The latest first',
			schema: pageOf(Hold),
			example: { items: [example], next: null },
		},
	},
	handle: async ({ context, actor, query }) => ok(await listHolds(context, actor, query)),
})

const lift = endpoint({
	method: 'delete',
	path: '/v1/holds/{id}',
	id: 'liftHold',
	summary: 'Lift a hold',
	access: 'auditor',
	params: z.strictObject({ id: pathText('The id of a hold.', 'hold_01kjx2y4v0') }),
	answers: {
		200: {
			description: 'The hold, ended',
			schema: Hold,
			example: { ...example, subject: null, status: 'ended', liftedAt: '2026-03-03T00:00:00.000Z' },
		},
	},
	errors: ['conflict'],
	handle: async ({ context, actor, params }) => ok(await liftHold(context, actor, params.id)),
})

export const holds = {
	about: 'Legal holds: what must not be erased or deleted.',
	endpoints: [create, list, lift],
} satisfies Resource
