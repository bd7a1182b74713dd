import { afterAll, beforeAll, describe, expect } from 'vitest'
import { hourMs } from '../../src/core/time.ts'
import { slackClient } from '../../src/slack/web-api.ts'
import { withServerPerTest } from '../support/fixtures.ts'
import type { Json } from '../support/server.ts'
import { FakeSlack } from '../support/slack-api.ts'
import { type SlackServer, slackServer } from '../support/slack-server.ts'

const fake = new FakeSlack()
const it = withServerPerTest(() => slackServer(fake))

beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())
it.beforeEach(() => fake.reset())

const yes = { decision: 'approve', reason: 'the new one is worse' }
const ask = async (server: SlackServer): Promise<string> => {
	const input = {
		kind: 'rollback',
		model: 'credit',
		environment: 'production',
		reason: 'it <!channel> drifts',
	}
	const { body } = await server.post('/v1/requests', input)
	return body.id
}
const read = async (server: SlackServer, id: string): Promise<Json> =>
	(await server.fetch(`/v1/requests/${id}`)).body
const review = (server: SlackServer, id: string, user = 'U-one') => server.press('request_review', id, user)
const ledger = async (server: SlackServer, id: string) =>
	server.context.sql.all<{ action: string; actor: string }>({
		sql: 'SELECT action, actor FROM ledger_entry WHERE object = ? ORDER BY idx',
		params: [`request:${id}`],
	})

describe('Review', () => {
	it('is the one button of the message in the channel, and opens the exact action with its digest', async ({
		server,
	}) => {
		const id = await ask(server)
		await server.deliver()
		const [message] = fake.topLevel
		const actions = ((message?.blocks ?? []) as Json[])
			.filter((b) => b.type === 'actions')
			.flatMap((b) => b.elements)
		expect(actions.map((e) => [e.text.text, e.value])).toEqual([['Review', id]])
		const view = await review(server, actions[0].value)
		const { actionDigest, plan } = await read(server, id)
		const shown = JSON.stringify(view.blocks)
		for (const text of [
			id,
			'*Model* credit',
			'*Environment* production',
			'*From* 2',
			'*To* 1',
			'100% to 1',
			actionDigest,
		])
			expect(shown).toContain(text)
		expect(shown).toContain(plan.calls[0].slice(0, 20))
		expect(shown).toContain('it &lt;!channel&gt; drifts')
		expect(view.private_metadata).toMatch(/^frm_[0-9a-z]{26}$/)
		expect(JSON.stringify(fake.ephemeral) + JSON.stringify(fake.toOne)).not.toContain(id)
	})

	it('votes, edits the message, and is not done twice', async ({ server }) => {
		const id = await ask(server)
		await server.deliver()
		const view = await review(server, id)
		const first = await server.submit(view, yes, 'U-one')
		expect(first.shown).toContain('Your vote is stored')
		const again = await server.submit(view, yes, 'U-one')
		expect(again.shown).toContain('already submitted')
		const { votes } = await read(server, id)
		expect(votes).toMatchObject([{ actor: 'slack:T1/U-one', vote: 'approve', reason: yes.reason }])
		await server.deliver()
		expect(fake.topLevel).toHaveLength(1)
		expect(JSON.stringify(fake.topLevel[0]?.blocks)).toContain('approved by slack:T1/U-one')
		await expect.poll(async () => (await read(server, id)).status).toBe('verified')
		const { body } = await server.fetch('/v1/models/credit/deployments/production')
		expect(body.champion).toBe('1')
		await server.deliver()
		const blocks = JSON.stringify(fake.topLevel[0]?.blocks)
		expect(blocks).toContain('*verified*')
		expect(blocks).not.toContain('"actions"')
	})

	it('rejects, after which nothing is left to decide', async ({ server }) => {
		const id = await ask(server)
		const [one, two] = [await review(server, id), await review(server, id, 'U-two')]
		await server.submit(one, { decision: 'reject', reason: 'no' }, 'U-one')
		const { shown } = await server.submit(two, yes, 'U-two')
		expect(shown).toContain('Your vote was not counted')
		expect((await read(server, id)).status).toBe('rejected')
		const late = await review(server, id, 'U-two')
		expect(late.blocks.some((b: Json) => b.type === 'input')).toBe(false)
	})

	it('says in the form what is missing', async ({ server }) => {
		const view = await review(server, await ask(server))
		expect((await server.submit(view, { reason: 'x' }, 'U-one')).errors).toHaveProperty('decision')
		for (const reason of ['', '  \n ', '\u200b\u2060', 'x'.repeat(1001)])
			expect((await server.submit(view, { decision: 'approve', reason }, 'U-one')).errors).toHaveProperty(
				'reason',
			)
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('stored')
	})

	it.for([
		['an edited id', { metadata: 'frm_00000000000000000000000000' }, 'U-one', 'not known any more'],
		['the id of the request', { metadata: 'req' }, 'U-one', 'not known any more'],
		['the form of another person', {}, 'U-two', 'opened by somebody else'],
		['a person of another workspace', { team: 'T2' }, 'U-one', 'opened by somebody else'],
	] as const)('with %s counts for nothing', async ([, more, user, expected], { server }) => {
		await server.map('U-one', 'approver', 'T2')
		const id = await ask(server)
		const view = await review(server, id)
		const metadata = 'metadata' in more && more.metadata === 'req' ? id : undefined
		const { shown } = await server.submit(view, yes, user, { ...more, ...(metadata ? { metadata } : {}) })
		expect(shown).toContain(expected)
		expect((await read(server, id)).votes).toEqual([])
	})

	it('of a workspace that is not connected does nothing', async ({ server }) => {
		const id = await ask(server)
		const view = await review(server, id)
		const { status } = await server.submit(view, yes, 'U-one', { team: 'T9' })
		expect([status, (await read(server, id)).votes]).toEqual([200, []])
	})

	it('form is too old after an hour', async ({ server }) => {
		const id = await ask(server)
		const view = await review(server, id)
		server.clock.advance(hourMs)
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('more than an hour')
		expect((await read(server, id)).votes).toEqual([])
	})

	it.for(['viewer', 'analyst'] as const)(
		'counts for nothing once the role was changed to %s after the form was opened',
		async (role, { server }) => {
			const id = await ask(server)
			const view = await review(server, id)
			await server.map('U-one', role)
			const { shown } = await server.submit(view, yes, 'U-one')
			expect(shown).toContain('Your vote was not counted')
			expect((await read(server, id)).votes).toEqual([])
			expect((await ledger(server, id)).at(-1)).toEqual({ action: 'refuse-vote', actor: 'slack:T1/U-one' })
		},
	)

	it('counts for nothing once the mapping is gone', async ({ server }) => {
		const id = await ask(server)
		const view = await review(server, id)
		await server.fetch('/v1/slack/users/T1/U-one', { method: 'DELETE' })
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('You have no role in Plumbline')
		expect((await read(server, id)).votes).toEqual([])
	})

	it('tells whoever asked for it that somebody else has to decide, and refuses their vote', async ({
		server,
	}) => {
		const { body } = await server.plumbAs('U-ask', 'rollback credit because it drifts')
		const id = /req_[0-9a-z]{26}/.exec(JSON.stringify(body))?.[0] as string
		const view = await review(server, id, 'U-ask')
		expect(JSON.stringify(view.blocks)).toContain('somebody else has to decide')
		expect((await server.submit(view, yes, 'U-ask')).shown).toContain('Your vote was not counted')
		expect((await read(server, id)).votes).toEqual([])
	})

	it('counts for nothing once the target has changed: the request is stale', async ({ server }) => {
		const id = await ask(server)
		const view = await review(server, id)
		await server.deploy('1')
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('Your vote was not counted')
		expect((await read(server, id)).status).toBe('stale')
	})

	it('does nothing for a stranger', async ({ server }) => {
		const view = await review(server, await ask(server), 'U-stranger')
		expect(JSON.stringify(view.blocks)).toContain('You have no role')
		expect(view.blocks.some((b: Json) => b.type === 'input')).toBe(false)
	})

	it('that Slack did not open in time says so, and nothing was done', async ({ server }) => {
		const id = await ask(server)
		await server.interact(
			{
				type: 'block_actions',
				trigger_id: 'expired',
				actions: [{ type: 'button', action_id: 'request_review', value: id }],
			},
			'U-one',
		)
		await server.settled()
		expect(fake.toOne.map((m) => m.text)).toEqual([expect.stringContaining('did not open the form in time')])
	})

	it('is never acknowledged as stored while it is not', async ({ server }) => {
		const id = await ask(server)
		const view = await review(server, id)
		const { batch } = server.context.sql
		let release = () => {}
		const held = new Promise<void>((resolve) => {
			release = resolve
		})
		server.context.sql.batch = async (statements) => {
			if (JSON.stringify(statements).includes('request_vote')) await held
			return batch(statements)
		}
		const began = performance.now()
		const submitted = server.submit(view, yes, 'U-one')
		setTimeout(release, 2600)
		const { shown } = await submitted
		server.context.sql.batch = batch
		expect(performance.now() - began).toBeLessThan(15_000)
		expect(shown).not.toContain('stored')
		await server.settled()
		expect(JSON.stringify([...fake.views.values()].at(-1))).toContain('Your vote is stored')
		expect((await read(server, id)).votes).toHaveLength(1)
	})

	it('still works after a restart: what it needs is stored', async ({ server }) => {
		const id = await ask(server)
		const view = await review(server, id)
		server.context.slack = slackClient(server.context, { token: 'xoxb-test', channel: '#ml' })
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('stored')
	})
})
