import { HttpResponse } from 'msw'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { acknowledgeIncident, resolveIncident } from '../../src/alerting/incident/change-incident.ts'
import { listIncidents } from '../../src/alerting/incident/read-incidents.ts'
import type { Actor } from '../../src/core/actor.ts'
import { dayMs } from '../../src/core/time.ts'
import { type Claim, claimMessages, type DueMessages, dueMessages } from '../../src/db/outbox.ts'
import { deliver } from '../../src/jobs/deliver.ts'
import { checkSlack } from '../../src/slack/connection.ts'
import { MessageRecord } from '../../src/slack/delivery/deliver-incident.ts'
import { slackClient } from '../../src/slack/web-api.ts'
import { startOfTest, testContext } from '../support/context.ts'
import { driftRule, FactScript } from '../support/facts.ts'
import { registerTestModel } from '../support/model.ts'
import { FakeSlack, refused, tooMany } from '../support/slack-api.ts'

const admin: Actor = { id: 'key:a', how: 'key', role: 'admin', models: ['*'] }
let slack: FakeSlack
let test: Awaited<ReturnType<typeof testContext>>
let id: string

beforeAll(() => {
	slack = new FakeSlack()
	slack.server.listen({ onUnhandledFrame: 'error' })
})
afterAll(() => slack.server.close())
beforeEach(async () => {
	slack.reset()
	test = await testContext()
	const { context } = test
	context.slack = slackClient(context, {
		token: 'xoxb-test',
		channel: '#ml',
		pause: async (ms) => test.clock.advance(ms),
	})
	await registerTestModel(context)
	const script = new FactScript()
	script.set(startOfTest - 2 * dayMs, 'income', { 'drift.effect': 0.4 })
	await script.evaluate(context, driftRule)
	id = (await listIncidents(context, admin, { limit: 1 })).items[0]?.id as string
})
afterEach(() => test.close())

const run = () => deliver.run(test.context)
const pending = async () =>
	(await test.context.sql.values({
		sql: 'SELECT attempts, not_before FROM outbox WHERE done_at IS NULL',
	})) as unknown as [number, number][]

describe('announcing', () => {
	it('posts one message, edits it in place, and keeps the timeline in its thread', async () => {
		await run()
		const [message] = slack.topLevel
		expect(message?.text).toContain('income has drifted')
		expect(JSON.stringify(message?.blocks)).toContain('Acknowledge')
		await acknowledgeIncident(test.context, admin, id)
		await run()
		await run()
		expect(slack.topLevel).toHaveLength(1)
		expect(JSON.stringify(message?.blocks)).toContain('acknowledged')
		expect(slack.repliesTo(message?.ts as string).at(-1)).toContain('key:a: acknowledged')
		expect(await pending()).toEqual([])
	})

	it('never announces an incident that was resolved before it was announced', async () => {
		await resolveIncident(test.context, admin, id, { reason: 'gone' })
		await run()
		expect([slack.messages, await pending()]).toEqual([[], []])
	})

	it('shows a resolved incident without buttons', async () => {
		await run()
		await resolveIncident(test.context, admin, id, { reason: 'mended' })
		await run()
		expect(slack.topLevel[0]?.text).toMatch(/^Resolved/)
		expect(JSON.stringify(slack.topLevel[0]?.blocks)).not.toContain('"actions"')
	})

	it('does not post twice when the response to the first post was lost', async () => {
		slack.planLostAnswer()
		await run()
		expect(await pending()).toHaveLength(1)
		test.clock.advance(60_000)
		await run()
		expect([slack.topLevel.length, await pending()]).toEqual([1, []])
	})

	it('posts after a crash before the post', async () => {
		slack.plan('chat.postMessage', () => HttpResponse.error())
		await run()
		test.clock.advance(60_000)
		await run()
		expect(slack.topLevel).toHaveLength(1)
	})

	it("waits as long as Slack's rate limit requires", async () => {
		slack.plan('chat.postMessage', tooMany(30))
		await run()
		expect(await pending()).toEqual([[0, startOfTest + 30_000]])
		test.clock.advance(29_000)
		await run()
		expect(slack.messages).toEqual([])
		test.clock.advance(2_000)
		await run()
		expect(slack.topLevel).toHaveLength(1)
	})

	it('announces again when somebody deleted the message', async () => {
		await run()
		slack.messages.length = 0
		await acknowledgeIncident(test.context, admin, id)
		await run()
		expect([slack.topLevel.length, await pending()]).toEqual([1, []])
		expect(slack.repliesTo(slack.topLevel[0]?.ts as string).at(-1)).toContain('key:a: acknowledged')
	})

	it('deletes a reply that Slack posted to the channel because the parent was deleted, and starts again', async () => {
		await run()
		slack.messages.length = 0
		slack.plan('chat.update', () => HttpResponse.json({ ok: true }))
		await acknowledgeIncident(test.context, admin, id)
		await run()
		expect(slack.messages).toEqual([])
		test.clock.advance(60_000)
		await run()
		expect([slack.topLevel.length, await pending()]).toEqual([1, []])
	})

	it('does not reply twice when the response to a reply was lost, however long the thread is', async () => {
		slack.pageSize = 1
		await run()
		const [message] = slack.topLevel
		slack.planLostAnswer()
		await acknowledgeIncident(test.context, admin, id)
		await run()
		test.clock.advance(60_000)
		await run()
		const acknowledged = slack.repliesTo(message?.ts as string).filter((r) => r.includes('acknowledged'))
		expect([acknowledged.length, await pending()]).toEqual([1, []])
	})

	it('finds a message whose response was lost among many others', async () => {
		slack.pageSize = 2
		slack.planLostAnswer()
		await run()
		const ours = slack.topLevel[0] as (typeof slack.messages)[number]
		const { metadata: _, ...other } = ours
		slack.messages.unshift(
			...(Array.from({ length: 9 }, (_, i) => ({ ...other, ts: `${i}.1` })) as typeof slack.messages),
		)
		test.clock.advance(60_000)
		await run()
		expect(slack.topLevel).toHaveLength(10)
	})

	it('gives up immediately what Slack will never accept, and logs it', async () => {
		const told: unknown[] = []
		test.context.logger = { ...test.context.logger, error: (message) => void told.push(message) }
		slack.plan('chat.postMessage', refused('invalid_blocks'))
		await run()
		expect([await pending(), told]).toEqual([[], ['a message was given up']])
	})

	it('retries what a person can fix, such as a channel that the app is not in yet', async () => {
		const { ml } = slack.channels
		delete slack.channels.ml
		await run()
		expect(await pending()).toHaveLength(1)
		slack.channels.ml = ml as string
		test.clock.advance(60_000)
		await run()
		expect([slack.topLevel.length, await pending()]).toEqual([1, []])
	})

	it('posts once when two processes deliver at the same time', async () => {
		await Promise.all([run(), run(), run()])
		expect([slack.topLevel.length, await pending()]).toEqual([1, []])
	})

	it('takes over after five minutes from a process that died while delivering', async () => {
		const [due] = await dueMessages(test.context)
		const expired = await claimMessages(test.context, due as DueMessages)
		await run()
		expect(slack.messages).toEqual([])
		test.clock.advance(5 * 60_000 + 1)
		await run()
		expect(slack.topLevel).toHaveLength(1)
		// The first process no longer holds the message.
		const record = new MessageRecord(test.context, expired as Claim, id, '#ml')
		await expect(record.beginPost()).rejects.toThrow()
	})

	it('writes to the log when Slack is not connected, and leaves nothing queued', async () => {
		delete test.context.slack
		const told: unknown[] = []
		test.context.logger = {
			...test.context.logger,
			info: (message, fields) => void told.push([message, fields?.id]),
		}
		await run()
		expect([told, await pending()]).toEqual([[['incident', id]], []])
	})

	it('continues with the others when one cannot be delivered', async () => {
		await test.context.sql.batch([
			{
				sql: `INSERT INTO outbox (key, kind, payload, created_at, not_before, attempts) VALUES ('x', 'incident', '{"incidentId":"inc_gone"}', 0, 0, 0)`,
			},
		])
		expect(await run()).toEqual({ delivered: 1, failed: ['inc_gone'], remaining: 0 })
		expect(slack.topLevel).toHaveLength(1)
	})

	it('leaves incidents to a service with Slack when it has none itself', async () => {
		const { slack: connected, ...bare } = test.context
		await run()
		await acknowledgeIncident(test.context, admin, id)
		expect(await deliver.run(bare as typeof test.context)).toMatchObject({
			delivered: 0,
			failed: [],
			remaining: 0,
		})
		expect(await pending()).toHaveLength(1)
		await run()
		expect(slack.repliesTo(slack.topLevel[0]?.ts as string).at(-1)).toContain('key:a: acknowledged')
		// A service that has not delivered for a long time counts as stopped.
		test.clock.advance(11 * 60_000)
		await resolveIncident(test.context, admin, id, { reason: 'fixed' })
		await deliver.run(bare as typeof test.context)
		expect(await pending()).toEqual([])
		// What was not delivered is delivered once it is back.
		test.context.slack = connected as NonNullable<typeof connected>
		await run()
		expect(slack.topLevel.map((m) => m.text)).toEqual([expect.stringMatching(/^Resolved/)])
	})

	it('posts open incidents when Slack is connected later, and not those that were resolved before', async () => {
		const { slack: connected } = test.context
		delete test.context.slack
		await run()
		await run()
		expect(await pending()).toEqual([])
		test.clock.advance(40 * dayMs)
		await run()
		test.context.slack = connected as NonNullable<typeof connected>
		await run()
		await run()
		expect([slack.topLevel.length, await pending()]).toEqual([1, []])
	})

	it('waits for a valid token without giving up, and logs it', async () => {
		for (let n = 0; n < 20; n++) {
			slack.plan('chat.postMessage', refused('token_revoked'))
			expect((await run()).failed).toEqual([id])
			expect(test.context.slack?.trouble?.()).toBe('token_revoked')
			test.clock.advance(60 * 60_000)
		}
		await run()
		expect([slack.topLevel.length, await pending(), test.context.slack?.trouble?.()]).toEqual([
			1,
			[],
			undefined,
		])
	})

	it('logs at start that Slack refuses the token', async () => {
		const told: string[] = []
		const logger = { ...test.context.logger, error: (message: string) => void told.push(message) }
		slack.plan('auth.test', refused('invalid_auth'))
		await checkSlack(
			{ ...test.context, logger },
			test.context.slack as NonNullable<typeof test.context.slack>,
		)
		expect(told).toEqual([
			'Slack refuses SLACK_BOT_TOKEN: invalid_auth. Incident messages wait until the token is valid; everything else works.',
		])
	})
})
