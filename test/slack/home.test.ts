import { HttpResponse } from 'msw'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { listIncidents } from '../../src/alerting/incident/read-incidents.ts'
import { dayMs } from '../../src/core/time.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { admin } from '../support/actors.ts'
import { checkView } from '../support/block-kit.ts'
import { startOfTest } from '../support/context.ts'
import { driftRule, FactScript } from '../support/facts.ts'
import { withServerPerTest } from '../support/fixtures.ts'
import { registerTestModel } from '../support/model.ts'
import type { Json } from '../support/server.ts'
import { FakeSlack, refused } from '../support/slack-api.ts'
import { type SlackServer, slackServer } from '../support/slack-server.ts'

const fake = new FakeSlack()
const it = withServerPerTest(() => slackServer(fake))

beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())
it.beforeEach(() => fake.reset())

const input = { kind: 'rollback', model: 'credit', environment: 'production', reason: 'it drifts' }
const open = async (server: SlackServer, user: string): Promise<Json> => {
	expect(await server.event({ type: 'app_home_opened', tab: 'home', user, channel: 'D1' })).toBe(200)
	const home = fake.homes.get(user)
	expect(checkView(home as Json)).toEqual([])
	return home
}
const reviewsIn = (home: Json): string[] =>
	home.blocks.flatMap((b: Json) => (b.accessory?.action_id === 'request_review' ? [b.accessory.value] : []))

describe('the Home tab', () => {
	it('shows what waits for a person, with Review, until they have voted', async ({ server }) => {
		const { id } = (await server.post('/v1/requests', input)).body
		expect(reviewsIn(await open(server, 'U-one'))).toEqual([id])
		const view = await server.press('request_review', id, 'U-one')
		await server.submit(view, { decision: 'reject', reason: 'no' }, 'U-one')
		expect(reviewsIn(fake.homes.get('U-one'))).toEqual([])
		expect(JSON.stringify(fake.homes.get('U-one'))).toContain('Nothing waits for your vote')
	})

	it('shows nothing to decide to whoever asked for it, or has no role for it', async ({ server }) => {
		await server.plumbAs('U-ask', 'rollback credit because it drifts')
		await server.map('U-other', 'approver', 'T1', ['other-*'])
		for (const user of ['U-ask', 'U-view', 'U-other']) expect(reviewsIn(await open(server, user))).toEqual([])
		expect(reviewsIn(await open(server, 'U-two'))).toHaveLength(1)
		expect(JSON.stringify(await open(server, 'U-other'))).not.toContain('credit')
	})

	it('shows nothing to decide to the same person elsewhere, and names the person who asked', async ({
		server,
	}) => {
		const owner = 'Ana@Bank.example'
		await mapSlackUser(server.context, admin, { team: 'T2', user: 'U-ana', role: 'approver', owner })
		const { secret } = (
			await server.post('/v1/keys', { name: 'ana', role: 'approver', owner: 'ana@bank.example' })
		).body
		const { body } = await server.fetch('/v1/requests', { method: 'POST', json: input, key: secret })
		expect(body).toMatchObject({
			requester: expect.stringMatching(/^key:/),
			requesterPerson: 'ana@bank.example',
		})
		const event = { type: 'app_home_opened', tab: 'home', user: 'U-ana', channel: 'D1' }
		expect(await server.event(event, { team: 'T2' })).toBe(200)
		expect(JSON.stringify(fake.homes.get('U-ana'))).toContain('Nothing waits for your vote')
		expect(JSON.stringify(await open(server, 'U-two'))).toContain('requested by ana@bank.example')
		const view = await server.press('request_review', body.id, 'U-ana', 'T2')
		expect(JSON.stringify(view.blocks)).toContain('You asked for this, so somebody else has to decide.')
	})

	it('shows the models of a person, the worst first', async ({ server }) => {
		await registerTestModel(server.context)
		const script = new FactScript()
		script.set(startOfTest - 2 * dayMs, 'income', { 'drift.effect': 0.4 })
		await script.evaluate(server.context, driftRule)
		const shown = JSON.stringify(await open(server, 'U-view'))
		expect(shown).toContain('income has drifted')
		expect(shown.indexOf('*m*')).toBeLessThan(shown.indexOf('*credit*'))
	})

	it('shows a stranger how to get a role', async ({ server }) => {
		const home = await open(server, 'U-stranger')
		expect(JSON.stringify(home)).toContain('plumbline slack map T1/U-stranger')
		expect(JSON.stringify(home)).not.toContain('credit')
	})

	it('that Slack refuses is tried again, and does not keep a vote from counting', async ({ server }) => {
		fake.plan('views.publish', refused('internal_error'))
		const event = { type: 'app_home_opened', tab: 'home', user: 'U-one', channel: 'D1' }
		expect(await server.event(event, { id: 'EvHome' })).toBe(500)
		expect(await server.event(event, { id: 'EvHome', at: server.clock.now + 1000 })).toBe(200)
		const { id } = (await server.post('/v1/requests', input)).body
		const view = await server.press('request_review', id, 'U-one')
		fake.plan('views.publish', refused('internal_error'))
		const { shown } = await server.submit(view, { decision: 'reject', reason: 'no' }, 'U-one')
		expect(shown).toContain('Your vote is stored')
	})
})

describe('the message of an incident', () => {
	const openIncident = async (server: SlackServer): Promise<string> => {
		await registerTestModel(server.context)
		for (const version of ['2', '3'])
			await server.post('/v1/models/m/versions', { version, features: [{ name: 'income', type: 'numeric' }] })
		for (const champion of ['1', '2', '3'])
			await server.fetch('/v1/models/m/deployments/production', { method: 'PUT', json: { champion } })
		const script = new FactScript()
		script.set(startOfTest - 2 * dayMs, 'income', { 'drift.effect': 0.4 })
		await script.evaluate(server.context, driftRule)
		return (await listIncidents(server.context, admin, { limit: 1 })).items[0]?.id as string
	}
	const messageOf = (text: string) => fake.topLevel.find((m) => JSON.stringify(m.blocks).includes(text))

	it('asks for a rollback, shows the state of the request, and has the votes in its thread', async ({
		server,
	}) => {
		const id = await openIncident(server)
		await server.deliver()
		expect(JSON.stringify(fake.topLevel[0]?.blocks)).toContain('Request rollback')
		const view = await server.press('incident_rollback', id, 'U-ask')
		const select = view.blocks.find((b: Json) => b.block_id === 'to').element
		expect([select.initial_option.value, select.options.map((o: Json) => o.value)]).toEqual(['2', ['2', '1']])
		expect((await server.submit(view, { reason: ' ' }, 'U-ask')).errors).toHaveProperty('reason')
		const { shown } = await server.submit(view, { to: '1', reason: 'income drifts' }, 'U-ask')
		const request = /req_[0-9a-z]{26}/.exec(shown)?.[0] as string
		const { body } = await server.fetch(`/v1/requests/${request}`)
		expect([body.action.from, body.action.to, body.evidence.incident]).toEqual(['3', '1', id])
		await server.deliver()
		const incident = messageOf('Request rollback')
		expect(JSON.stringify(incident?.blocks)).toContain('from 3 to 1: pending, 0 of 1 approvals')
		expect(JSON.stringify(messageOf('*Why*')?.blocks)).toContain('income has drifted')
		const again = await server.submit(view, { to: '1', reason: 'income drifts' }, 'U-ask')
		expect(again.shown).toContain('already submitted')
		const review = await server.press('request_review', request, 'U-one')
		expect(JSON.stringify(review.blocks)).toContain('drift.effect')
		await server.submit(review, { decision: 'reject', reason: 'not yet' }, 'U-one')
		await server.deliver()
		expect(JSON.stringify(incident?.blocks)).toContain('from 3 to 1: rejected')
		expect(fake.repliesTo(incident?.ts as string).join('\n')).toContain('U-one')
		expect(fake.topLevel).toHaveLength(2)
	})

	it('offers no rollback to those who may not ask for one, or where there is nothing to go back to', async ({
		server,
	}) => {
		const id = await openIncident(server)
		expect(JSON.stringify(await server.press('incident_rollback', id, 'U-view'))).toContain('approver')
		expect(JSON.stringify(await server.press('incident_rollback', 'inc_none', 'U-ask'))).toContain(
			'There is no incident',
		)
		await server.context.sql.batch([{ sql: "DELETE FROM deployment WHERE model = 'm' AND revision < 3" }])
		expect(JSON.stringify(await server.press('incident_rollback', id, 'U-ask'))).toContain(
			'nothing to go back to',
		)
	})
})

describe('break-glass', () => {
	const policy = {
		name: 'p',
		needs: 2,
		roles: ['approver' as const],
		groups: [],
		expiresMs: dayMs,
		coolingOffMs: 0,
		verify: 1,
		breakGlass: { role: 'admin' as const, expiresMs: 3600_000 },
	}
	const ask = async (server: SlackServer): Promise<string> => {
		const current = server.context.policies.current()
		server.context.policies = { current: () => ({ ...current, policies: [policy] }) as typeof current }
		await server.map('U-admin', 'admin')
		const { body } = await server.post('/v1/requests', input)
		return body.id
	}
	const yes = { decision: 'approve', reason: 'it cannot wait' }

	it('is offered only to its role, and needs a second confirmation', async ({ server }) => {
		const id = await ask(server)
		const plain = await server.press('request_review', id, 'U-one')
		expect(JSON.stringify(plain)).not.toContain('break_glass')
		const view = await server.press('request_review', id, 'U-admin')
		const ticked = { ...yes, break_glass: 'yes' }
		expect((await server.submit(view, ticked, 'U-admin')).errors).toHaveProperty('break_glass_confirm')
		expect(
			(await server.submit(view, { ...yes, break_glass_confirm: 'break glass' }, 'U-admin')).errors,
		).toHaveProperty('break_glass')
		expect(
			(
				await server.submit(
					view,
					{ ...ticked, decision: 'reject', break_glass_confirm: 'break glass' },
					'U-admin',
				)
			).errors,
		).toHaveProperty('break_glass')
		expect((await server.fetch(`/v1/requests/${id}`)).body.votes).toEqual([])
		const { shown } = await server.submit(view, { ...ticked, break_glass_confirm: 'Break glass' }, 'U-admin')
		expect(shown).toContain('Your vote is stored')
		await expect.poll(async () => (await server.fetch(`/v1/requests/${id}`)).body.status).toBe('verified')
	})

	it('without it a vote is one of two', async ({ server }) => {
		const id = await ask(server)
		const view = await server.press('request_review', id, 'U-admin')
		const { shown } = await server.submit(view, yes, 'U-admin')
		expect(shown).toContain('pending, 1 of 2 approvals')
	})

	it('ticked by somebody to whom it was not offered counts for nothing', async ({ server }) => {
		const id = await ask(server)
		const view = await server.press('request_review', id, 'U-one')
		const admins = await server.press('request_review', id, 'U-admin')
		const forged = { ...admins, private_metadata: view.private_metadata }
		const typed = { ...yes, break_glass: 'yes', break_glass_confirm: 'break glass' }
		const { shown } = await server.submit(forged, typed, 'U-one')
		expect(shown).toContain('Your vote was not counted')
		expect((await server.fetch(`/v1/requests/${id}`)).body.votes).toEqual([])
	})
})

it('Slack that is down for three hours loses nothing: the message comes when it is back', async ({
	server,
}) => {
	const { id } = (await server.post('/v1/requests', input)).body
	for (let minute = 0; minute < 180; minute++) {
		fake.plan('chat.postMessage', () => HttpResponse.error())
		await server.deliver()
		server.clock.advance(60_000)
	}
	expect(fake.topLevel).toEqual([])
	fake.reset()
	for (let minute = 0; minute < 20 && fake.topLevel.length === 0; minute++) {
		await server.deliver()
		server.clock.advance(60_000)
	}
	expect(JSON.stringify(fake.topLevel[0]?.blocks)).toContain(id)
})
