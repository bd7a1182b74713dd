import { beforeEach, describe, expect } from 'vitest'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { openSlack, type Slack } from '../../src/slack/open-slack.ts'
import { admin } from '../support/actors.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import { type Json, type TestServer, testServer } from '../support/server.ts'
import { handledBy, signingSecret, slackRequest } from '../support/slack-request.ts'

let slack: Slack | undefined
const sent: string[] = []
const logged: string[] = []
const log = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`)
const it = withServer(() =>
	testServer(
		{ slack: handledBy(() => slack) },
		{
			logger: { info: log, warn: log, error: log },
			fetch: async (input) => {
				const url = String(input instanceof Request ? input.url : input)
				if (!url.includes('/api/')) sent.push(url)
				return Response.json({ ok: true, team_id: 'T1' })
			},
		},
	),
)
it.beforeAll(async ({ server }) => {
	slack = await openSlack(server.context, {
		SLACK_BOT_TOKEN: 'xoxb-test',
		SLACK_SIGNING_SECRET: signingSecret,
		SLACK_API_URL: 'http://127.0.0.1:4999/api/',
	})
	// Payloads of other workspaces are not read.
	await mapSlackUser(server.context, admin, { team: 'T1', user: 'U1', role: 'approver', models: ['*'] })
})
beforeEach(() => {
	sent.length = 0
	logged.length = 0
})

let moment = 0
const post = (server: TestServer, body: object, json = false) =>
	fetch(
		slackRequest(`${server.url}/slack/events`, body, startOfTest, {
			json,
			// Each another second, so that none is a replay of another.
			timestamp: startOfTest / 1000 - (moment++ % 580) + 290,
		}),
	)
const interact = (server: TestServer, payload: unknown) => post(server, { payload: JSON.stringify(payload) })

const command = { command: '/plumb', text: 'help', team_id: 'T1', user_id: 'U1' }
const who = { user: { id: 'U1' }, team: { id: 'T1' } }
const press = {
	type: 'block_actions',
	...who,
	actions: [{ type: 'button', action_id: 'incident_why', value: 'x' }],
}
const submission = {
	type: 'view_submission',
	...who,
	view: { id: 'V1', callback_id: 'why_what_if', private_metadata: '', state: { values: {} } },
}
const event = { type: 'event_callback', team_id: 'T1', event_id: 'Ev0', event: { type: 'app_mention' } }

describe('a signed payload', () => {
	it.for<[string, (server: TestServer) => Promise<Response>]>([
		['whose JSON is broken', (server) => post(server, { payload: '{"type": ' })],
		['that is a list', (server) => interact(server, [press])],
		['that is null', (server) => interact(server, null)],
		['without a type', (server) => interact(server, { ...who })],
		['of an unknown type', (server) => interact(server, { ...press, type: 'block_explosion' })],
		['without a person', (server) => interact(server, { ...press, user: undefined })],
		['whose person is a number', (server) => interact(server, { ...press, user: { id: 7 } })],
		['without actions', (server) => interact(server, { ...press, actions: [] })],
		['whose action is a text', (server) => interact(server, { ...press, actions: ['incident_why'] })],
		['whose value is an object', (server) => interact(server, { ...press, actions: [{ ...press.actions[0], value: {} }] })],
		['without a view', (server) => interact(server, { ...submission, view: undefined })],
		['whose fields are null', (server) => interact(server, { ...submission, view: { ...submission.view, state: { values: { a: { b: null } } } } })],
		['with an event without an id', (server) => post(server, { ...event, event_id: undefined }, true)],
		['with an event that is a text', (server) => post(server, { ...event, event: 'app_mention' }, true)],
		['with a challenge that is an object', (server) => post(server, { type: 'url_verification', challenge: {} }, true)],
		['with a command without a person', (server) => post(server, { ...command, user_id: '' })],
		['with no command at all', (server) => post(server, { hello: 'world' })],
	])('%s is 400, and nothing is logged', async ([, send], { server }) => {
		const response = await send(server)
		expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(/^(This is not a payload|The body cannot)/)])
		expect(logged).toEqual([])
	}) // biome-ignore format: a table

	it('changed anywhere is answered with 200 or 400', async ({ server }) => {
		const values: unknown[] = [null, 0, -1, '', 'x', [], {}, [[]], true, '\u0000', 'x'.repeat(5000)]
		const paths = (value: Json, at: string[] = []): string[][] =>
			typeof value === 'object' && value !== null
				? Object.keys(value).flatMap((k) => [[...at, k], ...paths(value[k], [...at, k])])
				: []
		let n = 0
		for (const [whole, send] of [
			[press, interact],
			[submission, interact],
			[event, (server: TestServer, body: object) => post(server, body, true)],
			[command, post],
		] as const)
			for (const [path, value] of paths(whole).flatMap((p) => values.map((v) => [p, v] as const))) {
				n++
				const changed = structuredClone(whole) as Json
				const last = path.at(-1) as string
				const parent = path.slice(0, -1).reduce((at, name) => at[name], changed)
				parent[last] = value
				const { status } = await send(server, changed)
				expect([200, 400], JSON.stringify(changed)).toContain(status)
			}
		expect(n).toBeGreaterThan(300)
		expect(logged.filter((line) => line.includes('stack'))).toEqual([])
	})

	it.for([
		'http://169.254.169.254/latest/meta-data',
		'http://127.0.0.1:4998/reply',
		'https://127.0.0.1:4999/reply',
		'http://127.0.0.1:4999@evil.example/',
		'https://hooks.slack.com.evil.example/actions/1',
		'https://evilslack.com/actions/1',
		'http://hooks.slack.com/actions/1',
		'https://hooks.slack.com:8443/actions/1',
		'https://user:pass@hooks.slack.com/actions/1',
		'file:///etc/passwd',
		'not a URL',
	])('with the reply URL %s is 400, and nothing is sent', async (url, { server }) => {
		for (const response of [
			await post(server, { ...command, response_url: url }),
			await interact(server, { ...press, response_url: url }),
			await interact(server, { ...submission, response_urls: [{ response_url: url }] }),
		])
			expect(response.status).toBe(400)
		expect(sent).toEqual([])
	})

	it.for(['https://hooks.slack.com/actions/1', 'http://127.0.0.1:4999/actions/1'])(
		'with the reply URL %s is answered',
		async (url, { server }) => {
			expect((await interact(server, { ...press, response_url: url })).status).toBe(200)
			await expect.poll(() => sent.filter((to) => !to.includes('/api/'))).toEqual([url])
		},
	)
})

it('without Slack the address is a quiet 404', async () => {
	const lines: string[] = []
	const bare = await testServer(
		{},
		{ logger: { info: log, warn: log, error: (message) => void lines.push(message) } },
	)
	const { status, body } = await bare.post('/slack/events', command, { key: null })
	expect([status, body.code, lines]).toEqual([404, 'not-found', []])
	await bare.close()
})
