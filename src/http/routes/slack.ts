import { z } from 'zod'
import { authoriseGlobs } from '../../registry/key/authorise.ts'
import { SlackUserRecord } from '../../registry/key/key.schema.ts'
import {
	listSlackUsers,
	mapSlackUser,
	SlackUserInput,
	unmapSlackUser,
} from '../../registry/key/map-slack-user.ts'
import { createInstallLink, InstallLink, slackApp } from '../../slack/install/install-app.ts'
import { listInstalls, removeInstall, SlackInstall } from '../../slack/install/installs.ts'
import { created, endpoint, noContent, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, pathText } from '../parameters.ts'

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
	owner: 'ana@bank.example',
	createdAt: '2026-03-02T00:00:00.000Z',
	expiresAt: '2026-05-31T00:00:00.000Z',
}

const map = endpoint({
	method: 'put',
	path: '/v1/slack/users/{team}/{user}',
	id: 'mapSlackUser',
	summary: 'Give a Slack user a role',
	description:
		'Replaces the current role of the person. A key cannot grant a wider scope than its own. Without `owner`, the current one stays.',
	access: 'admin',
	params,
	body: SlackUserInput,
	bodyExample: { role: 'approver', models: ['credit-*'], expires: '90d', owner: 'ana@bank.example' },
	answers: { 200: { description: 'The mapping', schema: SlackUserRecord, example } },
	handle: async ({ context, actor, params: name, body }) =>
		ok(await mapSlackUser(context, actor, { ...name, ...body })),
})

const list = endpoint({
	method: 'get',
	path: '/v1/slack/users',
	id: 'listSlackUsers',
	summary: 'List Slack users with a role',
	access: 'admin',
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'The mappings, including expired ones',
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
	summary: 'Remove the role of a Slack user',
	description: 'Takes effect at once.',
	access: 'admin',
	params,
	answers: { 204: { description: 'Removed' } },
	errors: ['conflict'],
	handle: async ({ context, actor, params: name }) => {
		await unmapSlackUser(context, actor, name)
		return noContent
	},
})

const install = {
	team: 'T024BE7LD',
	name: 'Bank',
	enterprise: null,
	botUser: 'U0LAN0Z89',
	scopes: ['chat:write', 'commands'],
	installedAt: '2026-03-02T00:00:00.000Z',
	installedBy: 'key:key_01jn8k0000',
}

const createInstall = endpoint({
	method: 'post',
	path: '/v1/slack/installs',
	id: 'createSlackInstallLink',
	summary: 'Make a link to install the app in another workspace',
	description:
		'The link works once, for an hour. Whoever opens it chooses the workspace at Slack. Needs a key with access to every model.',
	access: 'admin',
	answers: {
		201: {
			description: 'The link',
			schema: InstallLink,
			example: {
				url: 'https://plumbline.example.com/slack/install?link=…',
				expiresAt: '2026-03-02T01:00:00.000Z',
			},
		},
	},
	errors: ['not-found'],
	handle: async ({ context, actor }) => {
		authoriseGlobs(actor, 'admin', ['*'])
		slackApp(context)
		return created(await createInstallLink(context, actor))
	},
})

const listInstalled = endpoint({
	method: 'get',
	path: '/v1/slack/installs',
	id: 'listSlackInstalls',
	summary: 'List workspaces that installed the app',
	description: 'Without their tokens. Needs a key with access to every model.',
	access: 'admin',
	answers: {
		200: {
			description: 'The workspaces',
			schema: z.strictObject({ items: z.array(SlackInstall) }),
			example: { items: [install] },
		},
	},
	handle: async ({ context, actor }) => ok(await listInstalls(context, actor)),
})

const removeInstalled = endpoint({
	method: 'delete',
	path: '/v1/slack/installs/{team}',
	id: 'removeSlackInstall',
	summary: 'Forget the token of a workspace',
	description:
		'Takes effect at once. The app stays in the workspace until it is removed at Slack. Needs a key with access to every model.',
	access: 'admin',
	params: z.strictObject({ team: params.shape.team }),
	answers: { 204: { description: 'Removed' } },
	handle: async ({ context, actor, params: { team } }) => {
		await removeInstall(context, actor, team)
		return noContent
	},
})

export const slack = {
	about: 'What people may do in Slack, and in which workspaces.',
	endpoints: [map, list, unmap, createInstall, listInstalled, removeInstalled],
} satisfies Resource
