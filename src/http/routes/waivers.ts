import { z } from 'zod'
import { Waiver, WaiverInput } from '../../approvals/gates/waivers.schema.ts'
import { createWaiver, endWaiver, listWaivers } from '../../approvals/gates/waivers.ts'
import { created, endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pageOf, pageParameters, pathText } from '../parameters.ts'

const example = {
	id: 'waiver_01kjx2y4v0',
	model: 'credit-default',
	version: '2',
	gate: 'bias-audit',
	reason: 'the audit of the new population is due in June',
	author: 'key:key_01',
	person: 'carla@bank.example',
	status: 'active',
	createdAt: '2026-03-02T00:00:00.000Z',
	until: '2026-04-01T00:00:00.000Z',
	endedAt: null,
}

const create = endpoint({
	method: 'post',
	path: '/v1/models/{model}/waivers',
	id: 'createWaiver',
	summary: 'Waive a gate',
	description:
		'Until it ends, requests are approved although a version has not passed the gate. It names you, and does not count for what you requested yourself.',
	access: 'admin',
	params: z.strictObject(modelPath),
	body: WaiverInput,
	bodyExample: { gate: 'bias-audit', version: '2', reason: example.reason, until: '30d' },
	answers: { 201: { description: 'The waiver', schema: Waiver, example } },
	errors: ['not-found'],
	handle: async ({ context, actor, params, body }) =>
		created(await createWaiver(context, actor, params.model, body)),
})

const list = endpoint({
	method: 'get',
	path: '/v1/models/{model}/waivers',
	id: 'listWaivers',
	summary: 'List waivers',
	access: ['viewer', 'analyst', 'approver', 'auditor'],
	params: z.strictObject(modelPath),
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'The latest first, ended ones included',
			schema: pageOf(Waiver),
			example: { items: [example], next: null },
		},
	},
	errors: ['not-found'],
	handle: async ({ context, actor, params, query }) =>
		ok(await listWaivers(context, actor, params.model, query)),
})

const end = endpoint({
	method: 'delete',
	path: '/v1/models/{model}/waivers/{id}',
	id: 'endWaiver',
	summary: 'End a waiver',
	description: 'Ending it again changes nothing.',
	access: 'admin',
	params: z.strictObject({ ...modelPath, id: pathText('The id of a waiver.', example.id) }),
	answers: {
		200: {
			description: 'The waiver, ended',
			schema: Waiver,
			example: { ...example, status: 'ended', endedAt: '2026-03-03T00:00:00.000Z' },
		},
	},
	errors: ['not-found', 'conflict'],
	handle: async ({ context, actor, params }) => ok(await endWaiver(context, actor, params.model, params.id)),
})

export const waivers = {
	about: 'Gates that somebody answers for, by name and until a date.',
	endpoints: [create, list, end],
} satisfies Resource
