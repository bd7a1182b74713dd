import { HttpResponse } from 'msw'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { withServer } from '../support/fixtures.ts'
import { FakeSlack, refused } from '../support/slack-api.ts'
import { slackRequest } from '../support/slack-request.ts'
import { type SlackServer, slackServer } from '../support/slack-server.ts'

const fake = new FakeSlack()
const it = withServer(() => slackServer(fake))
const channel = 'C0000000ML'

beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())
it.beforeEach(({ server }) => {
	fake.reset()
	server.clock.advance(1000)
})

const mention = (server: SlackServer, text: string, more: object = {}, user = 'U1') => {
	const { ts } = server.write(text)
	return server.event({ type: 'app_mention', user, text, channel, ts, ...more })
}
const direct = (server: SlackServer, text: string, more: object = {}, user = 'U1') => {
	const event = { type: 'message', channel_type: 'im', user, text, channel: 'D0000000U1', ts: '1.2', ...more }
	return server.event(event)
}
const answers = () => fake.messages.filter((m) => m.blocks !== undefined)

describe('a mention', () => {
	it('is answered in the thread of its message, or in the thread that it is in', async ({ server }) => {
		expect(await mention(server, '<@U0PLUMB> status credit')).toBe(200)
		const [asked] = fake.messages
		expect(answers().map((m) => [m.thread_ts, m.text])).toEqual([
			[asked?.ts, expect.stringContaining('credit: unknown')],
		])
		const parent = server.write('a thread')
		await mention(server, 'what about <@U0PLUMB> status', { thread_ts: parent.ts })
		await mention(server, '<@U0PLUMB>', { thread_ts: parent.ts })
		expect(fake.repliesTo(parent.ts)).toHaveLength(2)
		expect(fake.repliesTo(parent.ts).at(-1)).toContain('Commands:')
	})

	it('of a stranger is answered to the stranger alone, with how to get a role', async ({ server }) => {
		await mention(server, '<@U0PLUMB> status', {}, 'U-stranger')
		expect(answers()).toEqual([])
		expect(fake.ephemeral.map((m) => [m.user, m.text])).toEqual([
			['U-stranger', expect.stringContaining('plumbline slack map T1/U-stranger')],
		])
	})

	it('whose answer names people is answered to the person alone, in the thread; directly it is a message', async ({
		server,
	}) => {
		await server.map('U-audit', 'auditor')
		await mention(server, '<@U0PLUMB> audit credit', {}, 'U-audit')
		expect(answers()).toEqual([])
		expect(fake.ephemeral.map((m) => [m.user, m.thread_ts])).toEqual([['U-audit', fake.messages[0]?.ts]])
		expect(fake.ephemeral[0]?.text).toContain('credit')
		await direct(server, 'audit credit', {}, 'U-audit')
		expect(answers().map((m) => m.channel)).toEqual(['D0000000U1'])
	})

	it('is answered once, however often Slack sends it', async ({ server }) => {
		const { ts } = server.write('x')
		const event = { type: 'app_mention', user: 'U1', text: '<@U0PLUMB> status', channel, ts }
		const now = server.clock.now
		for (const at of [now, now + 1000, now + 60_000]) await server.event(event, { id: 'EvTwice', at })
		expect(answers()).toHaveLength(1)
	})

	it('that Slack did not let us answer is answered when it comes again', async ({ server }) => {
		const { ts } = server.write('x')
		const event = { type: 'app_mention', user: 'U1', text: '<@U0PLUMB> status', channel, ts }
		fake.plan('chat.postMessage', () => HttpResponse.error())
		expect(await server.event(event, { id: 'EvFailed' })).toBe(500)
		expect(await server.event(event, { id: 'EvFailed', at: server.clock.now + 60_000 })).toBe(200)
		expect(answers()).toHaveLength(1)
	})

	it('whose process died is answered when it comes again, and not while it is being handled', async ({
		server,
	}) => {
		const { ts } = server.write('x')
		const event = { type: 'app_mention', user: 'U1', text: '<@U0PLUMB> status', channel, ts }
		await server.context.sql.batch([
			{
				sql: "INSERT INTO slack_replay (token, seen_at, body) VALUES ('event:EvDied', ?, '{}')",
				params: [server.clock.now],
			},
		])
		expect(await server.event(event, { id: 'EvDied' })).toBe(200)
		expect(answers()).toEqual([])
		server.clock.advance(60_000)
		expect(await server.event(event, { id: 'EvDied' })).toBe(200)
		expect(answers()).toHaveLength(1)
	})

	it('under a message that is gone leaves no answer in the channel', async ({ server }) => {
		await mention(server, '<@U0PLUMB> status', { thread_ts: '1.000001' })
		expect(answers()).toEqual([])
		expect(fake.ephemeral.map((m) => m.text)).toEqual([expect.stringContaining('is gone')])
	})

	it('in an archived channel is not lost: Slack sends it again', async ({ server }) => {
		fake.plan('chat.postMessage', refused('is_archived'))
		expect(await mention(server, '<@U0PLUMB> status')).toBe(500)
	})
})

describe('a direct message', () => {
	it('is answered, in its thread if it is in one', async ({ server }) => {
		await direct(server, 'status')
		await direct(server, '/plumb incidents')
		expect(answers().map((m) => [m.channel, m.thread_ts, m.text])).toEqual([
			['D0000000U1', undefined, expect.stringContaining('credit: unknown')],
			['D0000000U1', undefined, 'No incident is open.'],
		])
	})

	it.for([
		['of an app', { bot_id: 'B1' }],
		['that was edited', { subtype: 'message_changed' }],
		['that was deleted', { subtype: 'message_deleted', user: undefined }],
		['of nobody', { user: undefined }],
		['in a channel', { channel_type: 'channel' }],
	] as const)('%s is not answered', async ([, more], { server }) => {
		expect(await direct(server, 'status', more)).toBe(200)
		expect(answers()).toEqual([])
		expect(fake.ephemeral).toEqual([])
	})

	it('of the app itself is not answered', async ({ server }) => {
		const event = {
			type: 'message',
			channel_type: 'im',
			user: 'U0PLUMB',
			text: 'status',
			channel: 'D0000000U1',
		}
		const body = {
			type: 'event_callback',
			team_id: 'T1',
			event_id: 'EvSelf',
			event: { ...event, ts: '1.4' },
			authorizations: [{ user_id: 'U0PLUMB', team_id: 'T1' }],
		}
		const url = `${server.url}/slack/events`
		const request = slackRequest(url, body, server.clock.now, { json: true })
		expect((await fetch(request)).status).toBe(200)
		expect(fake.messages).toEqual([])
	})
})

describe('the shortcut', () => {
	const shortcut = async (server: SlackServer, payload: object, user = 'U1') => {
		const trigger = `t-${Math.random()}`
		fake.triggers.add(trigger)
		const answer = await server.interact({ callback_id: 'plumb_ask', trigger_id: trigger, ...payload }, user)
		await server.settled()
		return { ...answer, view: [...fake.views.values()].at(-1) }
	}
	const onMessage = (server: SlackServer, text: string, user?: string) => {
		const message = server.write(text)
		const payload = { type: 'message_action', channel: { id: channel }, message: { text, ts: message.ts } }
		return { message, answered: shortcut(server, payload, user) }
	}

	it('on a message that is a command answers in its thread', async ({ server }) => {
		const { message, answered } = onMessage(server, 'status credit')
		expect((await answered).status).toBe(200)
		expect(fake.repliesTo(message.ts)).toEqual([expect.stringContaining('credit: unknown')])
	})

	it('on any other message opens a form for the words, and answers in the thread', async ({ server }) => {
		const { message, answered } = onMessage(server, 'hm, strange')
		const { view } = await answered
		expect(JSON.stringify(view)).toContain('hm, strange')
		expect((await server.submit(view, { words: '' }, 'U1')).errors).toEqual({
			words: 'Write a question or a command.',
		})
		const { shown } = await server.submit(view, { words: 'status credit' }, 'U1')
		expect(shown).toContain('in the thread')
		expect(fake.repliesTo(message.ts)).toEqual([expect.stringContaining('credit: unknown')])
		const again = await server.submit(view, { words: 'status credit' }, 'U1')
		expect(again.shown).toContain('already submitted')
		expect(fake.repliesTo(message.ts)).toHaveLength(1)
	})

	it('without a message answers in the form', async ({ server }) => {
		const { view } = await shortcut(server, { type: 'shortcut' })
		const { shown } = await server.submit(view, { words: '/plumb status credit' }, 'U1')
		expect(shown).toContain('*credit* unknown')
		expect(fake.messages).toEqual([])
	})

	it('of a stranger opens how to get a role', async ({ server }) => {
		const { view } = await shortcut(server, { type: 'shortcut' }, 'U-stranger')
		expect(JSON.stringify(view)).toContain('plumbline slack map T1/U-stranger')
	})

	it('form of somebody else is refused', async ({ server }) => {
		const { view } = await shortcut(server, { type: 'shortcut' })
		const { shown } = await server.submit(view, { words: 'status' }, 'U-one')
		expect(shown).toContain('opened by somebody else')
	})
})
