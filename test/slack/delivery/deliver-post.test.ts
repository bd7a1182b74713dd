import { HttpResponse } from 'msw'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { acknowledgeIncident, resolveIncident } from '../../../src/alerting/incident/change-incident.ts'
import { listIncidents } from '../../../src/alerting/incident/read-incidents.ts'
import type { Context } from '../../../src/context.ts'
import { dayMs } from '../../../src/core/time.ts'
import { type Claim, claimMessages, type DueMessages, dueMessages } from '../../../src/db/outbox.ts'
import { deliver } from '../../../src/jobs/deliver.ts'
import { checkSlack } from '../../../src/slack/connection.ts'
import { MessageRecord } from '../../../src/slack/delivery/deliver-post.ts'
import { slackClient } from '../../../src/slack/web-api.ts'
import { admin } from '../../support/actors.ts'
import { startOfTest } from '../../support/context.ts'
import { driftRule, FactScript } from '../../support/facts.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { registerTestModel } from '../../support/model.ts'
import { FakeSlack, refused, tooMany } from '../../support/slack-api.ts'

let slack: FakeSlack
const it = withContextPerTest()
let id: string

beforeAll(() => {
	slack = new FakeSlack()
	slack.server.listen({ onUnhandledFrame: 'error' })
})
afterAll(() => slack.server.close())
it.beforeEach(async ({ context, clock }) => {
	slack.reset()
	context.slack = slackClient(context, {
		token: 'xoxb-test',
		channel: '#ml',
		pause: async (ms) => clock.advance(ms),
	})
	await registerTestModel(context)
	const script = new FactScript()
	script.set(startOfTest - 2 * dayMs, 'income', { 'drift.effect': 0.4 })
	await script.evaluate(context, driftRule)
	id = (await listIncidents(context, admin, { limit: 1 })).items[0]?.id as string
})

const run = (context: Context) => deliver.run(context)
const pending = async (context: Context) =>
	(await context.sql.values({
		sql: 'SELECT attempts, not_before FROM outbox WHERE done_at IS NULL',
	})) as unknown as [number, number][]

describe('announcing', () => {
	it('posts one message, edits it in place, and keeps the timeline in its thread', async ({ context }) => {
		await run(context)
		const [message] = slack.topLevel
		expect(message?.text).toContain('income has drifted')
		expect(JSON.stringify(message?.blocks)).toContain('Acknowledge')
		await acknowledgeIncident(context, admin, id)
		await run(context)
		await run(context)
		expect(slack.topLevel).toHaveLength(1)
		expect(JSON.stringify(message?.blocks)).toContain('acknowledged')
		expect(slack.repliesTo(message?.ts as string).at(-1)).toContain('key:a: acknowledged')
		expect(await pending(context)).toEqual([])
	})

	it('never announces an incident that was resolved before it was announced', async ({ context }) => {
		await resolveIncident(context, admin, id, { reason: 'gone' })
		await run(context)
		expect([slack.messages, await pending(context)]).toEqual([[], []])
	})

	it('shows a resolved incident without buttons', async ({ context }) => {
		await run(context)
		await resolveIncident(context, admin, id, { reason: 'mended' })
		await run(context)
		expect(slack.topLevel[0]?.text).toMatch(/^Resolved/)
		expect(JSON.stringify(slack.topLevel[0]?.blocks)).not.toContain('"actions"')
	})

	it('does not post twice when the response to the first post was lost', async ({ context, clock }) => {
		slack.planLostAnswer()
		await run(context)
		expect(await pending(context)).toHaveLength(1)
		clock.advance(60_000)
		await run(context)
		expect([slack.topLevel.length, await pending(context)]).toEqual([1, []])
	})

	it('posts after a crash before the post', async ({ context, clock }) => {
		slack.plan('chat.postMessage', () => HttpResponse.error())
		await run(context)
		clock.advance(60_000)
		await run(context)
		expect(slack.topLevel).toHaveLength(1)
	})

	it("waits as long as Slack's rate limit requires", async ({ context, clock }) => {
		slack.plan('chat.postMessage', tooMany(30))
		await run(context)
		expect(await pending(context)).toEqual([[0, startOfTest + 30_000]])
		clock.advance(29_000)
		await run(context)
		expect(slack.messages).toEqual([])
		clock.advance(2_000)
		await run(context)
		expect(slack.topLevel).toHaveLength(1)
	})

	it('announces again when somebody deleted the message', async ({ context }) => {
		await run(context)
		slack.messages.length = 0
		await acknowledgeIncident(context, admin, id)
		await run(context)
		expect([slack.topLevel.length, await pending(context)]).toEqual([1, []])
		expect(slack.repliesTo(slack.topLevel[0]?.ts as string).at(-1)).toContain('key:a: acknowledged')
	})

	it('deletes a reply that Slack posted to the channel because the parent was deleted, and starts again', async ({
		context,
		clock,
	}) => {
		await run(context)
		slack.messages.length = 0
		slack.plan('chat.update', () => HttpResponse.json({ ok: true }))
		await acknowledgeIncident(context, admin, id)
		await run(context)
		expect(slack.messages).toEqual([])
		clock.advance(60_000)
		await run(context)
		expect([slack.topLevel.length, await pending(context)]).toEqual([1, []])
	})

	it('does not reply twice when the response to a reply was lost, however long the thread is', async ({
		context,
		clock,
	}) => {
		slack.pageSize = 1
		await run(context)
		const [message] = slack.topLevel
		slack.planLostAnswer()
		await acknowledgeIncident(context, admin, id)
		await run(context)
		clock.advance(60_000)
		await run(context)
		const acknowledged = slack.repliesTo(message?.ts as string).filter((r) => r.includes('acknowledged'))
		expect([acknowledged.length, await pending(context)]).toEqual([1, []])
	})

	it('finds a message whose response was lost among many others', async ({ context, clock }) => {
		slack.pageSize = 2
		slack.planLostAnswer()
		await run(context)
		const ours = slack.topLevel[0] as (typeof slack.messages)[number]
		const { metadata: _, ...other } = ours
		slack.messages.unshift(
			...(Array.from({ length: 9 }, (_, i) => ({ ...other, ts: `${i}.1` })) as typeof slack.messages),
		)
		clock.advance(60_000)
		await run(context)
		expect(slack.topLevel).toHaveLength(10)
	})

	it('gives up immediately what Slack will never accept, and logs it', async ({ context }) => {
		const told: unknown[] = []
		context.logger = { ...context.logger, error: (message) => void told.push(message) }
		slack.plan('chat.postMessage', refused('invalid_blocks'))
		await run(context)
		expect([await pending(context), told]).toEqual([[], ['a message was given up']])
	})

	it('retries what a person can fix, such as a channel that the app is not in yet', async ({
		context,
		clock,
	}) => {
		const { ml } = slack.channels
		delete slack.channels.ml
		await run(context)
		expect(await pending(context)).toHaveLength(1)
		slack.channels.ml = ml as string
		clock.advance(60_000)
		await run(context)
		expect([slack.topLevel.length, await pending(context)]).toEqual([1, []])
	})

	it('posts once when two processes deliver at the same time', async ({ context }) => {
		await Promise.all([run(context), run(context), run(context)])
		expect([slack.topLevel.length, await pending(context)]).toEqual([1, []])
	})

	it('takes over after five minutes from a process that died while delivering', async ({
		context,
		clock,
	}) => {
		const [due] = await dueMessages(context)
		const expired = await claimMessages(context, due as DueMessages)
		await run(context)
		expect(slack.messages).toEqual([])
		clock.advance(5 * 60_000 + 1)
		await run(context)
		expect(slack.topLevel).toHaveLength(1)
		// The first process no longer holds the message.
		const record = new MessageRecord(context, expired as Claim, id, '#ml')
		await expect(record.beginPost()).rejects.toThrow()
	})

	it('writes to the log when Slack is not connected, and leaves nothing queued', async ({ context }) => {
		delete context.slack
		const told: unknown[] = []
		context.logger = {
			...context.logger,
			info: (message, fields) => void told.push([message, fields?.id]),
		}
		await run(context)
		expect([told, await pending(context)]).toEqual([[['incident', id]], []])
	})

	it('continues with the others when one cannot be delivered', async ({ context }) => {
		await context.sql.batch([
			{
				sql: `INSERT INTO outbox (key, kind, payload, created_at, not_before, attempts) VALUES ('x', 'incident', '{"incidentId":"inc_gone"}', 0, 0, 0)`,
			},
		])
		expect(await run(context)).toEqual({ delivered: 1, failed: ['inc_gone'], remaining: 0 })
		expect(slack.topLevel).toHaveLength(1)
	})

	it('leaves incidents to a service with Slack when it has none itself', async ({
		context,
		clock,
		instance,
	}) => {
		const { slack: connected, ...bare } = context
		await run(context)
		await acknowledgeIncident(context, admin, id)
		expect(await deliver.run(bare as typeof instance.context)).toMatchObject({
			delivered: 0,
			failed: [],
			remaining: 0,
		})
		expect(await pending(context)).toHaveLength(1)
		await run(context)
		expect(slack.repliesTo(slack.topLevel[0]?.ts as string).at(-1)).toContain('key:a: acknowledged')
		// A service that has not delivered for a long time counts as stopped.
		clock.advance(11 * 60_000)
		await resolveIncident(context, admin, id, { reason: 'fixed' })
		await deliver.run(bare as typeof instance.context)
		expect(await pending(context)).toEqual([])
		// What was not delivered is delivered once it is back.
		context.slack = connected as NonNullable<typeof connected>
		await run(context)
		expect(slack.topLevel.map((m) => m.text)).toEqual([expect.stringMatching(/^Resolved/)])
	})

	it('posts open incidents when Slack is connected later, and not those that were resolved before', async ({
		context,
		clock,
	}) => {
		const { slack: connected } = context
		delete context.slack
		await run(context)
		await run(context)
		expect(await pending(context)).toEqual([])
		clock.advance(40 * dayMs)
		await run(context)
		context.slack = connected as NonNullable<typeof connected>
		await run(context)
		await run(context)
		expect([slack.topLevel.length, await pending(context)]).toEqual([1, []])
	})

	it('waits for a valid token without giving up, and logs it', async ({ context, clock }) => {
		for (let n = 0; n < 20; n++) {
			slack.plan('chat.postMessage', refused('token_revoked'))
			expect((await run(context)).failed).toEqual([id])
			expect(context.slack?.trouble?.()).toBe('token_revoked')
			clock.advance(60 * 60_000)
		}
		await run(context)
		expect([slack.topLevel.length, await pending(context), context.slack?.trouble?.()]).toEqual([
			1,
			[],
			undefined,
		])
	})

	it('logs at start that Slack refuses the token', async ({ context, instance }) => {
		const told: string[] = []
		const logger = { ...context.logger, error: (message: string) => void told.push(message) }
		slack.plan('auth.test', refused('invalid_auth'))
		await checkSlack({ ...context, logger }, context.slack as NonNullable<typeof instance.context.slack>)
		expect(told).toEqual([
			'Slack refuses SLACK_BOT_TOKEN: invalid_auth. Messages wait until the token is valid; everything else works.',
		])
	})
})
