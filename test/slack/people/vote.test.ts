import { afterAll, beforeAll, describe, expect } from 'vitest'
import { parsePeople } from '../../../src/registry/person/people-file.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'
import { FakeSlack, refused } from '../../support/slack-api.ts'
import { type SlackServer, slackServer } from '../../support/slack-server.ts'

const fake = new FakeSlack()
const file = `
people:
  - { email: eve@bank.example, role: approver }
  - { group: T1/S1, role: approver }
`
const it = withServerPerTest(async () => {
	const parsed = await parsePeople('people.yaml', file)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
	return slackServer(fake, { people: { current: () => parsed.people } })
})
beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())
it.beforeEach(() => fake.reset())

const yes = { decision: 'approve', reason: 'the new one is worse' }
const rollback = { kind: 'rollback', model: 'credit', environment: 'production', reason: 'it drifts' }
const request = async (server: SlackServer, key?: string): Promise<string> =>
	(await server.post('/v1/requests', rollback, key === undefined ? {} : { key })).body.id
const votesOf = async (server: SlackServer, id: string): Promise<Json[]> =>
	(await server.fetch(`/v1/requests/${id}`)).body.votes
const review = (server: SlackServer, id: string, user: string) => server.press('request_review', id, user)

describe('a vote is not counted', () => {
	it('of somebody who was deactivated after the form was opened', async ({ server }) => {
		const id = await request(server)
		const view = await review(server, id, 'U-one')
		fake.users.set('T1/U-one', { deleted: true })
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('no role in Plumbline')
		expect(await votesOf(server, id)).toEqual([])
	})

	it('while Slack cannot be asked, and is when it can be again', async ({ server }) => {
		const id = await request(server)
		const view = await review(server, id, 'U-one')
		for (const answer of [() => Response.error(), refused('missing_scope'), refused('token_revoked')]) {
			fake.plan('users.info', answer)
			expect((await server.submit(view, yes, 'U-one')).shown).toContain('Slack cannot be asked who you are')
		}
		expect(await votesOf(server, id)).toEqual([])
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('Your vote is stored')
		expect(await votesOf(server, id)).toHaveLength(1)
	})

	it('of somebody who left the group that gave the role, or whose address changed', async ({ server }) => {
		fake.groups.set('T1/S1', ['U-cy', 'U-gone'])
		fake.users.set('T1/U-eve', { profile: { email: 'eve@bank.example' } })
		fake.users.set('T1/U-gone', { deleted: true })
		const id = await request(server)
		const [cy, eve] = [await review(server, id, 'U-cy'), await review(server, id, 'U-eve')]
		fake.groups.set('T1/S1', ['U-gone'])
		fake.users.set('T1/U-eve', { profile: { email: 'other@bank.example' } })
		for (const [view, user] of [
			[cy, 'U-cy'],
			[eve, 'U-eve'],
			[cy, 'U-gone'],
		] as const)
			expect((await server.submit(view, yes, user)).shown).toContain('no role in Plumbline')
		expect(await votesOf(server, id)).toEqual([])
	})

	it('of the person whose key asked for it: the address is the owner', async ({ server }) => {
		fake.users.set('T1/U-eve', { profile: { email: 'Eve@Bank.example' } })
		const key = await server.keyOf('approver', { owner: ' EVE@bank.example' })
		const id = await request(server, key)
		const view = await review(server, id, 'U-eve')
		expect((await server.submit(view, yes, 'U-eve')).shown).toContain('Your vote was not counted')
		expect(await votesOf(server, id)).toEqual([])
		const one = await review(server, id, 'U-one')
		await server.submit(one, yes, 'U-one')
		expect(await votesOf(server, id)).toMatchObject([{ person: 'slack:T1/U-one' }])
	})
})
