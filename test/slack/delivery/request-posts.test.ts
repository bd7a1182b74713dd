import { afterAll, beforeAll, expect } from 'vitest'
import { createRequest } from '../../../src/approvals/request/request.ts'
import { commit } from '../../../src/db/commit.ts'
import { deliverer, outboxInsert } from '../../../src/db/outbox.ts'
import { deployments, modelVersions } from '../../../src/db/schema.ts'
import { deliver } from '../../../src/jobs/deliver.ts'
import { slackClient } from '../../../src/slack/web-api.ts'
import { actorOf } from '../../support/actors.ts'
import { startOfTest, type TestInstance } from '../../support/context.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { registerTestModel } from '../../support/model.ts'
import { FakeSlack, refused, tooMany } from '../../support/slack-api.ts'

type Context = TestInstance['context']

const slack = new FakeSlack()
const it = withContextPerTest()
const asker = actorOf('approver', { id: 'slack:T1/U1' })

beforeAll(() => slack.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => slack.server.close())
it.beforeEach(async ({ context, clock }) => {
	slack.reset()
	context.slack = slackClient(context, {
		token: 'xoxb-test',
		channel: '#ml',
		pause: async (ms) => clock.advance(ms),
	})
	await registerTestModel(context)
	await context.db.insert(modelVersions).values({ model: 'm', version: '2', features: [], createdAt: 0 })
	for (const [revision, champion] of [
		[1, '1'],
		[2, '2'],
	] as const)
		await context.db.insert(deployments).values({
			model: 'm',
			environment: 'production',
			revision,
			champion,
			challenger: null,
			canary: null,
			since: startOfTest,
		})
})

const run = (context: Context) => deliver.run(context)
const pending = (context: Context) =>
	context.sql.all<{ attempts: number; not_before: number }>({
		sql: "SELECT attempts, not_before FROM outbox WHERE kind = 'request' AND done_at IS NULL",
		params: [],
	})
let revision = 0
const announce = (context: Context, requestId: string) =>
	commit(
		context,
		deliverer,
		[],
		[outboxInsert(context.now(), { key: `t:${++revision}`, kind: 'request', payload: { requestId } })],
	)
async function rollback(context: Context): Promise<string> {
	const input = { kind: 'rollback', model: 'm', environment: 'production', reason: 'it is <!channel> worse' }
	const { id } = await createRequest(context, asker, input as Parameters<typeof createRequest>[2])
	return id
}
const end = (context: Context, id: string, status: string) =>
	context.sql.batch([{ sql: 'UPDATE request SET status = ? WHERE id = ?', params: [status, id] }])

it('a request is one message with its id, action, reason and one button, edited in place', async ({
	context,
}) => {
	const id = await rollback(context)
	await run(context)
	const [message] = slack.topLevel
	const shown = JSON.stringify(message?.blocks)
	for (const text of [id, '*From* 2', '*To* 1', 'pending, 0 of 1 approvals', 'sha256:'])
		expect(shown).toContain(text)
	expect(shown).toContain('it is &lt;!channel&gt; worse')
	expect(message?.text).toContain(id)
	const blocks = (message?.blocks ?? []) as { type: string; elements: { value: string }[] }[]
	const buttons = blocks.filter((b) => b.type === 'actions').map((b) => b.elements.map((e) => e.value))
	expect(buttons).toEqual([[id]])
	await end(context, id, 'verified')
	await announce(context, id)
	await run(context)
	expect(slack.topLevel).toHaveLength(1)
	expect(JSON.stringify(slack.topLevel[0]?.blocks)).toContain('*verified*')
	expect(JSON.stringify(slack.topLevel[0]?.blocks)).not.toContain('"actions"')
})

it('a message whose response was lost is not posted twice', async ({ context, clock }) => {
	await rollback(context)
	slack.planLostAnswer()
	await run(context)
	expect(await pending(context)).toHaveLength(1)
	clock.advance(60_000)
	await run(context)
	expect([slack.topLevel.length, await pending(context)]).toEqual([1, []])
})

it('a deleted message is posted again while the request is open, and not afterwards', async ({ context }) => {
	const id = await rollback(context)
	await run(context)
	slack.messages.length = 0
	await announce(context, id)
	await run(context)
	expect(slack.topLevel).toHaveLength(1)
	slack.messages.length = 0
	await end(context, id, 'cancelled')
	await announce(context, id)
	await run(context)
	expect([slack.topLevel, await pending(context)]).toEqual([[], []])
})

it('a long Retry-After is honoured, and an archived channel or unknown channel is tried again', async ({
	context,
	clock,
}) => {
	await rollback(context)
	slack.plan('chat.postMessage', tooMany(1800))
	await run(context)
	expect(await pending(context)).toEqual([{ attempts: 0, not_before: startOfTest + 1_800_000 }])
	clock.advance(1_700_000)
	await run(context)
	expect(slack.calls.filter((c) => c === 'chat.postMessage')).toHaveLength(1)
	clock.advance(100_001)
	slack.plan('chat.postMessage', refused('is_archived'))
	await run(context)
	clock.advance(60_000)
	slack.plan('chat.postMessage', refused('channel_not_found'))
	await run(context)
	const [{ error } = { error: '' }] = await context.sql.all<{ error: string }>({
		sql: 'SELECT error FROM outbox WHERE done_at IS NULL',
	})
	expect(error).toContain('channel_not_found: Slack does not take messages for the channel')
	expect(error).toContain('Invite the app there')
	clock.advance(60_000)
	await run(context)
	expect([slack.topLevel.length, await pending(context)]).toEqual([1, []])
})

it('a request waits while the token is revoked, and for a service that has Slack', async ({
	context,
	clock,
}) => {
	const id = await rollback(context)
	slack.plan('chat.postMessage', refused('token_revoked'))
	expect((await run(context)).failed).toEqual([id])
	const { slack: connected, ...bare } = context
	clock.advance(5 * 60_000)
	await deliver.run(bare)
	expect(await pending(context)).toHaveLength(1)
	context.slack = connected as NonNullable<typeof connected>
	await run(context)
	expect([slack.topLevel.length, await pending(context)]).toEqual([1, []])
})

it('a request that nobody could be told of goes to the log, and to Slack once it is connected', async ({
	context,
}) => {
	const { slack: connected } = context
	delete context.slack
	const told: unknown[] = []
	context.logger = { ...context.logger, info: (message, fields) => void told.push([message, fields?.id]) }
	const id = await rollback(context)
	await run(context)
	expect([told, await pending(context)]).toEqual([[['request', id]], []])
	context.slack = connected as NonNullable<typeof connected>
	await run(context)
	expect(slack.topLevel).toHaveLength(1)
})
