import { z } from 'zod'
import {
	listSlackUsers,
	mapSlackUser,
	SlackUserInput,
	unmapSlackUser,
} from '../../registry/key/map-slack-user.ts'
import { endpoint, noContent, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, pathText } from '../parameters.ts'
import { SlackUserRecord } from '../../registry/key/key.schema.ts'

const params = z.strictObject({
	team: pathText('The id of the workspace.', 'T024BE7LD'),
	user: pathText('The id of the person in it.', 'U2147483697'),
})

const example = {
	team: 'T024BE7LD',
	user: 'U2147483697',
	role: 'approver',
	models: ['credit-*'],
	status: 'active',
	createdAt: '2026-03-02T00:00:00.000Z',
	expiresAt: '2026-05-31T00:00:00.000Z',
}

const map = endpoint({
	method: 'put',
	path: '/v1/slack/users/{team}/{user}',
	id: 'mapSlackUser',
	summary: 'Give a Slack user a role',
	description: 'Replaces what the person had. Nobody can give a wider scope than their own.',
	access: 'admin',
	params,
	body: SlackUserInput,
	bodyExample: { role: 'approver', models: ['credit-*'], expires: '90d' },
	answers: { 200: { description: 'The mapping', schema: SlackUserRecord, example } },
	handle: async ({ context, actor, params: name, body }) =>
		ok(await mapSlackUser(context, actor, { ...name, ...body })),
})

const list = endpoint({
	method: 'get',
	path: '/v1/slack/users',
	id: 'listSlackUsers',
	summary: 'List which Slack users have a role',
	access: 'admin',
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'Mappings, also those that have expired',
			schema: pageOf(SlackUserRecord),
			example: { items: [example], next: null },
		},
	},
	handle: async ({ context, actor, query }) => ok(await listSlackUsers(context, actor, query)),
})

const unmap = endpoint({
	method: 'delete',
	path: '/v1/slack/users/{team}/{user}',
	id: 'unmapSlackUser',
	summary: 'Take the role of a Slack user away',
	description: 'It stops at once.',
	access: 'admin',
	params,
	answers: { 204: { description: 'Taken away' } },
	errors: ['conflict'],
	handle: async ({ context, actor, params: name }) => {
		await unmapSlackUser(context, actor, name)
		return noContent
	},
})

export const slack = {
	about: 'What people may do from Slack.',
	endpoints: [map, list, unmap],
} satisfies Resource
