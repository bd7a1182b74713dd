import { describe, expect } from 'vitest'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { type Delivery, handleOnce, resumeEvents, slackReceiver } from '../../src/slack/receiver.ts'
import { admin } from '../support/actors.ts'
import { startOfTest } from '../support/context.ts'
import { withContextPerTest } from '../support/fixtures.ts'
import { signingSecret, slackRequest } from '../support/slack-request.ts'

const url = 'http://127.0.0.1/slack/events'
const it = withContextPerTest()
let seen: Delivery['body'][]
let receive: (request: Request) => Promise<Response>
it.beforeEach(async ({ context }) => {
	seen = []
	await mapSlackUser(context, admin, { team: 'T1', user: 'U9', role: 'viewer' })
	receive = slackReceiver(context, signingSecret, async ({ body, ack }) => {
		seen.push(body)
		await ack({ text: 'heard' })
	})
})

const command = { command: '/plumb', text: 'help', team_id: 'T1', user_id: 'U1' }
const send = (options = {}, body: object = command) => receive(slackRequest(url, body, startOfTest, options))

describe('what Slack posts', () => {
	it('is handed on when it is signed, and answered with what was acknowledged', async () => {
		const response = await send()
		expect([response.status, await response.json()]).toEqual([200, { text: 'heard' }])
		expect(seen).toEqual([command])
	})

	it('is parsed from a payload member, as buttons are', async () => {
		const team = { id: 'T1' }
		const press = {
			type: 'block_actions',
			team,
			user: { id: 'U1' },
			actions: [{ type: 'button', action_id: 'a' }],
		}
		await send({}, { payload: JSON.stringify(press) })
		expect(seen).toEqual([press])
	})

	it.each([
		['a timestamp ten minutes old', { timestamp: startOfTest / 1000 - 600 }],
		['a timestamp a year ahead', { timestamp: startOfTest / 1000 + 31_536_000 }],
		['a timestamp just over five minutes ahead', { timestamp: startOfTest / 1000 + 301 }],
		['another secret', { secret: 'not-the-secret' }],
		['no signature', { headers: { 'x-slack-signature': '' } }],
		['no timestamp', { headers: { 'x-slack-request-timestamp': '' } }],
		['a cut signature', { headers: { 'x-slack-signature': 'v0=abc' } }],
	])('is refused with %s', async (_, options) => {
		expect((await send(options)).status).toBe(401)
		expect(seen).toEqual([])
	})

	it('is refused when the body was changed after signing', async () => {
		const signed = slackRequest(url, command, startOfTest)
		const changed = new Request(url, {
			method: 'POST',
			headers: signed.headers,
			body: (await signed.text()).replace('help', 'status'),
		})
		expect((await receive(changed)).status).toBe(401)
	})

	it('acts once on a replay, and answers it', async () => {
		await send()
		const again = await send()
		expect([again.status, seen.length]).toEqual([200, 1])
	})

	it('acts once on an event that is delivered again with another signature', async () => {
		const event = { type: 'event_callback', team_id: 'T1', event_id: 'Ev1', event: { type: 'app_mention' } }
		await send({ json: true }, event)
		await send(
			{ json: true, timestamp: startOfTest / 1000 + 60, headers: { 'x-slack-retry-num': '1' } },
			event,
		)
		expect(seen).toHaveLength(1)
	})

	it('acts once on an event by Socket Mode, and again if that failed', async ({ context }) => {
		const done: string[] = []
		const handle = async () => void done.push('handled')
		const fails = () => handleOnce(context, { event_id: 'Ev9' }, () => Promise.reject(new Error('no')))
		await expect(fails()).rejects.toThrow('no')
		await handleOnce(context, { event_id: 'Ev9' }, handle)
		await handleOnce(context, { event_id: 'Ev9' }, handle)
		expect(done).toEqual(['handled'])
	})

	it('answers the two checks of Slack itself', async () => {
		expect(
			await (await send({ json: true }, { type: 'url_verification', challenge: 'c-123' })).json(),
		).toEqual({ challenge: 'c-123' })
		expect((await send({}, { ssl_check: '1' })).status).toBe(200)
		expect(seen).toEqual([])
	})

	it('is refused when it cannot be parsed or is too large', async () => {
		expect((await receive(new Request(url, { method: 'GET' }))).status).toBe(405)
		expect((await send({}, { text: 'x'.repeat(1_100_000) })).status).toBe(413)
		expect((await send({}, { payload: '{"broken": ' })).status).toBe(400)
	})

	it('may come again when the work fails: nothing was done', async ({ context }) => {
		let broken = true
		const failing = slackReceiver(context, signingSecret, async ({ ack }) => {
			if (broken) throw new Error('no')
			await ack({ text: 'heard' })
		})
		const post = async () => (await failing(slackRequest(url, command, startOfTest))).status
		expect(await post()).toBe(500)
		broken = false
		expect(await post()).toBe(200)
	})

	it('is accepted within three seconds if it is an event, and handled once even if that fails or the process dies', async ({
		context,
	}) => {
		const event = { type: 'event_callback', team_id: 'T1', event_id: 'Ev7', event: { type: 'app_mention' } }
		let fail = (_error: Error): void => undefined
		const ended = new Promise<void>((_, reject) => {
			fail = reject
		})
		const work: Promise<unknown>[] = []
		const own = { ...context, background: (promise: Promise<unknown>) => void work.push(promise) }
		const slow = slackReceiver(own, signingSecret, () => ended)
		const post = async (receiver: typeof slow, timestamp: number) =>
			(await receiver(slackRequest(url, event, startOfTest, { json: true, timestamp }))).status
		const from = performance.now()
		expect(await post(slow, startOfTest / 1000)).toBe(200)
		expect(performance.now() - from).toBeLessThan(3000)
		expect(await post(receive, startOfTest / 1000 + 1)).toBe(200)
		expect(seen).toEqual([])
		fail(new Error('Slack is slow'))
		await Promise.all(work)
		const again = { ...context, now: () => startOfTest + 31_000 }
		for (let i = 0; i < 2; i++) await resumeEvents(again, async ({ body }) => void seen.push(body))
		expect(seen).toEqual([event])
	})

	it('of a workspace that is not connected does nothing, and is told so without a mention', async () => {
		const answer = await send({}, { ...command, team_id: 'T<!here>' })
		expect([answer.status, seen]).toEqual([200, []])
		expect(await answer.text()).toContain('workspace (T&lt;!here&gt;) is not connected')
	})
})
