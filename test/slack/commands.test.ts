import fc from 'fast-check'
import { HttpResponse, http } from 'msw'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Incident } from '../../src/alerting/incident/incident.schema.ts'
import { listIncidents } from '../../src/alerting/incident/read-incidents.ts'
import { dayMs } from '../../src/core/time.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { incidentMessage, whyMessage } from '../../src/slack/blocks/incident.ts'
import { slackCommands } from '../../src/slack/commands.ts'
import { openSlack, type Slack } from '../../src/slack/open-slack.ts'
import { admin } from '../support/actors.ts'
import { checkMessage } from '../support/block-kit.ts'
import { startOfTest } from '../support/context.ts'
import { driftRule, FactScript } from '../support/facts.ts'
import { withServerPerTest } from '../support/fixtures.ts'
import { registerTestModel } from '../support/model.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { FakeSlack } from '../support/slack-api.ts'
import { handledBy, signingSecret, slackRequest } from '../support/slack-request.ts'

const fake = new FakeSlack()
const responses: { text: string }[] = []
const it = withServerPerTest(() => testServer({ slack: handledBy(() => slack) }))
let slack: Slack | undefined
let id: string

beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())
it.beforeEach(async ({ server }) => {
	responses.length = 0
	fake.server.use(
		http.post('https://hooks.slack.com/actions/1', async ({ request }) => {
			responses.push((await request.json()) as { text: string })
			return HttpResponse.text('ok')
		}),
	)
	slack = await openSlack(server.context, {
		SLACK_BOT_TOKEN: 'xoxb-test',
		SLACK_SIGNING_SECRET: signingSecret,
		SLACK_CHANNEL: '#ml',
	})
	await registerTestModel(server.context)
	await mapSlackUser(server.context, admin, { team: 'T1', user: 'U1', role: 'analyst', models: ['*'] })
	const script = new FactScript()
	script.set(startOfTest - 2 * dayMs, 'income', { 'drift.effect': 0.4 })
	await script.evaluate(server.context, driftRule)
	id = (await listIncidents(server.context, admin, { limit: 1 })).items[0]?.id as string
})

let moment = 0
/** Over real HTTP, signed; each request has a time of its own, as real ones do. */
async function post(
	server: TestServer,
	body: Record<string, string>,
): Promise<{ status: number; body: { text?: string; response_type?: string } }> {
	const request = slackRequest(`${server.url}/slack/events`, body, startOfTest - (++moment % 200) * 1000)
	const response = await fetch(request)
	const text = await response.text()
	return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : { text } }
}
const plumb = (server: TestServer, text: string, user = 'U1') =>
	post(server, {
		command: '/plumb',
		text,
		team_id: 'T1',
		user_id: user,
		channel_id: 'C1',
		trigger_id: 't',
		response_url: 'https://hooks.slack.com/actions/1',
	})
const press = (server: TestServer, action: string, value: string, user = 'U1') => {
	const payload = {
		type: 'block_actions',
		team: { id: 'T1' },
		user: { id: user },
		channel: { id: 'C1' },
		response_url: 'https://hooks.slack.com/actions/1',
		actions: [{ type: 'button', action_id: action, block_id: 'b', value }],
	}
	return post(server, { payload: JSON.stringify(payload) })
}

describe('/plumb', () => {
	it('answers help, status, incidents and incident, to the person alone', async ({ server }) => {
		for (const [text, expected] of [
			['help', 'incident'],
			['', 'incident'],
			['status', 'm: '],
			['status m', 'm: '],
			['incidents', 'income has drifted'],
			[`incident ${id}`, 'income has drifted'],
		] as const) {
			const { status, body } = await plumb(server, text)
			expect([status, body.response_type]).toEqual([200, 'ephemeral'])
			expect(body.text).toContain(expected)
		}
	})

	it('names the nearest command, and what is missing or unknown', async ({ server }) => {
		expect((await plumb(server, 'incidnts')).body.text).toContain('/plumb incidents')
		expect((await plumb(server, 'incident')).body.text).toContain('Add the id')
		expect((await plumb(server, 'incident inc_none')).body.text).toContain('no incident')
		expect((await plumb(server, 'status mm')).body.text).toContain('m')
	})

	it('shows a stranger only how to get a role', async ({ server }) => {
		const { body } = await plumb(server, 'incidents', 'U-stranger')
		expect(body.text).toContain('plumbline slack map T1/U-stranger')
		expect(body.text).not.toContain('income')
	})

	it('is refused without a valid signature', async ({ server }) => {
		const response = await fetch(
			slackRequest(`${server.url}/slack/events`, { command: '/plumb' }, startOfTest, { secret: 'wrong' }),
		)
		expect(response.status).toBe(401)
	})
})

describe('the buttons', () => {
	it('acknowledge once, in the name of the person, and explain', async ({ server }) => {
		expect((await press(server, 'incident_acknowledge', id)).status).toBe(200)
		await press(server, 'incident_acknowledge', id)
		await press(server, 'incident_why', id)
		await expect.poll(() => responses.length).toBe(3)
		expect(responses.map((r) => r.text).join(' ')).toContain('drift.effect')
		const entries = await server.context.sql.values({
			sql: "SELECT actor FROM ledger_entry WHERE action = 'acknowledge-incident'",
		})
		expect(entries).toEqual([['slack:T1/U1']])
	})

	it('do nothing for those without the role', async ({ server }) => {
		await mapSlackUser(server.context, admin, { team: 'T1', user: 'U2', role: 'viewer', models: ['*'] })
		await press(server, 'incident_acknowledge', id, 'U2')
		await press(server, 'incident_acknowledge', id, 'U3')
		await expect.poll(() => responses.length).toBe(2)
		expect((await listIncidents(server.context, admin, { limit: 1 })).items[0]?.status).toBe('open')
	})
})

describe('an incident outside the scope of a person', () => {
	it.beforeEach(({ server }) =>
		mapSlackUser(server.context, admin, { team: 'T1', user: 'U-other', role: 'approver', models: ['x*'] }),
	)

	it('reads as one that does not exist', async ({ server }) => {
		const { body: hidden } = await plumb(server, `incident ${id}`, 'U-other')
		const { body: absent } = await plumb(server, 'incident inc_none', 'U-other')
		expect(hidden.text?.replaceAll(id, 'inc_none')).toBe(absent.text)
		expect((await plumb(server, 'incidents', 'U-other')).body.text).not.toContain(id)
	})

	it('is not acknowledged and not explained by its buttons', async ({ server }) => {
		for (const action of ['incident_acknowledge', 'incident_why'])
			for (const value of [id, 'inc_none']) await press(server, action, value, 'U-other')
		await expect.poll(() => responses.length).toBe(4)
		const texts = responses.map((r) => r.text?.replaceAll(id, 'inc_none'))
		expect(new Set(texts)).toEqual(new Set([expect.stringContaining('There is no incident')]))
		expect((await listIncidents(server.context, admin, { limit: 1 })).items[0]?.status).toBe('open')
	})
})

describe('what is sent', () => {
	const text = fc.oneof(
		fc.string({ maxLength: 400 }),
		fc.constant('<!channel> & <@U1>'),
		fc.constant('x'.repeat(5000)),
	)
	const incident: fc.Arbitrary<Incident> = fc.record({
		id: fc.string({ minLength: 1, maxLength: 40 }),
		model: text,
		environment: text,
		status: fc.constantFrom('open', 'acknowledged', 'resolved'),
		severity: fc.constantFrom('info', 'warning', 'critical'),
		title: text,
		beganAt: fc.constant('2026-03-02T00:00:00.000Z'),
		openedAt: fc.constant('2026-03-02T00:00:00.000Z'),
		resolvedAt: fc.constant(null),
		cause: fc.option(text),
		alerts: fc.array(
			fc.record({
				rule: text,
				severity: fc.constant('warning'),
				status: fc.constant('firing'),
				subject: fc.record({ version: fc.constant('1'), feature: text }),
				metric: fc.constant('drift.psi'),
				value: fc.option(fc.double({ noNaN: true })),
				before: fc.constant(null),
				restated: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
				window: fc.constant({ from: '2026-03-02T00:00:00.000Z', to: '2026-03-03T00:00:00.000Z' }),
				rulesDigest: fc.constant('d'),
			}),
			{ maxLength: 30 },
		),
		changes: fc.array(
			fc.record({
				feature: fc.option(text),
				kind: fc.constant('unit'),
				before: fc.option(fc.double({ noNaN: true })),
				after: fc.constant(null),
				since: fc.constant('2026-03-02T00:00:00.000Z'),
				text,
			}),
			{ maxLength: 30 },
		),
		nextStep: text,
		related: fc.array(text, { maxLength: 10 }),
		timeline: fc.constant([]),
	})

	it('keeps to the limits of Slack and mentions nobody, whatever the names are', () => {
		fc.assert(
			fc.property(incident, (i) => {
				for (const message of [incidentMessage(i, 'http://127.0.0.1'), whyMessage(i)]) {
					expect(checkMessage(message)).toEqual([])
					// Plain text, as in a header or on a button, is shown as it is; markup is not.
					const markup = message.blocks.filter((b) => b.type !== 'header' && b.type !== 'actions')
					expect(JSON.stringify([message.text, markup])).not.toMatch(/<[!@]/)
				}
			}),
			{ numRuns: 300 },
		)
	})

	it('has each command once, with a usage that begins with its name', () => {
		const names = slackCommands.map((c) => c.name)
		expect([...new Set(names)]).toEqual(names)
		expect(slackCommands.map((c) => c.usage.split(' ')[0])).toEqual(names)
	})
})
