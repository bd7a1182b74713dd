import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest'
import { personOf } from '../../../src/core/actor.ts'
import { minuteMs } from '../../../src/core/time.ts'
import { parsePeople } from '../../../src/registry/person/people-file.ts'
import { saveInstall } from '../../../src/slack/install/installs.ts'
import { openSlack, type Slack } from '../../../src/slack/open-slack.ts'
import { freshActor, slackActor } from '../../../src/slack/people/find-person.ts'
import { admin } from '../../support/actors.ts'
import { type ServerOf, withServerPerTest } from '../../support/fixtures.ts'
import { defaultPolicies } from '../../support/policies.ts'
import { testServer } from '../../support/server.ts'
import { FakeSlack, refused } from '../../support/slack-api.ts'
import { handledBy, signingSecret, slackRequest } from '../../support/slack-request.ts'

const fake = new FakeSlack()
beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
beforeEach(() => fake.reset())
afterAll(() => fake.server.close())

const file = `
groups:
  board: [T1/U6, dee@bank.example]
people:
  - { slack: T1/U1, role: auditor, owner: ana@bank.example }
  - { email: ana@bank.example, role: approver, models: [credit-*] }
  - { email: late@bank.example, role: admin, expires: "2026-03-01T00:00:00Z" }
  - { sso: W7, role: analyst }
  - { group: T1/S1, role: viewer }
  - { group: board, role: approver }
`
const key = new Uint8Array(32).fill(7)

async function peopleServer() {
	let slack: Slack | undefined
	const parsed = await parsePeople('people.yaml', file)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
	const { people } = parsed
	const policies = {
		...defaultPolicies,
		policies: [{ ...defaultPolicies.policies[0], groups: ['S9', 'board'] }],
	}
	const server = await testServer(
		{ slack: handledBy(() => slack) },
		{
			fetch: globalThis.fetch,
			people: { current: () => people },
			policies: { current: () => policies as typeof defaultPolicies },
		},
	)
	const settings = { SLACK_BOT_TOKEN: 'xoxb-test', SLACK_SIGNING_SECRET: signingSecret, SLACK_CHANNEL: '#ml' }
	slack = await openSlack(server.context, settings, [key])
	let moment = 0
	const posted = async (body: object, json = false) => {
		const now = server.context.now() - (++moment % 200) * 1000
		const response = await fetch(slackRequest(`${server.url}/slack/events`, body, now, { json }))
		return response.text()
	}
	const plumb = (user: string, team = 'T1') =>
		posted({
			command: '/plumb',
			text: 'models',
			team_id: team,
			user_id: user,
			response_url: 'https://hooks.slack.com/a',
		})
	const put = (user: string, json: object) => server.fetch(`/v1/slack/users/${user}`, { method: 'PUT', json })
	return { ...server, posted, plumb, put }
}
const it = withServerPerTest(peopleServer)
type Server = ServerOf<typeof peopleServer>

const ana = { profile: { email: 'Ana@Bank.example' } }
const roleOf = async ({ context }: Server, user: string, team = 'T1') =>
	(await slackActor(context, { team, user }))?.role
const freshRoleOf = async ({ context }: Server, user: string, team = 'T1') =>
	(await freshActor(context, { team, user }))?.role

describe('somebody has the role', () => {
	it('of their e-mail address, with which they are the same person as a key of it', async ({ server }) => {
		fake.users.set('T1/U5', ana)
		const actor = await slackActor(server.context, { team: 'T1', user: 'U5' })
		expect(actor).toMatchObject({ id: 'slack:T1/U5', role: 'approver', models: ['credit-*'] })
		expect(personOf(actor ?? admin)).toBe('ana@bank.example')
		expect(await server.plumb('U5')).not.toContain('no role in Plumbline')
		expect(await server.plumb('U8')).toContain('no role in Plumbline')
	})

	it('of their organisation, and of a user group', async ({ server }) => {
		fake.users.set('T1/U7', { enterprise_user: { id: 'W7', enterprise_id: 'E1' } })
		fake.groups.set('T1/S1', ['U8'])
		fake.users.set('T1/U8', { profile: { email: 'cy@bank.example' } })
		expect([await roleOf(server, 'U7'), await roleOf(server, 'U8')]).toEqual(['analyst', 'viewer'])
		expect(personOf((await freshActor(server.context, { team: 'T1', user: 'U8' })) ?? admin)).toBe(
			'cy@bank.example',
		)
	})

	it('that an admin gave first, then that of the file by user, address and group', async ({ server }) => {
		fake.users.set('T1/U1', ana)
		fake.groups.set('T1/S1', ['U1'])
		expect(await roleOf(server, 'U1')).toBe('auditor')
		await server.put('T1/U1', { role: 'viewer', models: ['x'] })
		expect(await roleOf(server, 'U1')).toBe('viewer')
		expect((await slackActor(server.context, { team: 'T1', user: 'U1' }))?.owner).toBe('ana@bank.example')
		await server.put('T1/U1', { role: 'viewer', expires: '1h', owner: 'ann@bank.example' })
		server.clock.advance(60 * minuteMs)
		expect(await roleOf(server, 'U1')).toBe('auditor')
		// The owner of a mapping that has expired stays: the person is not another one.
		expect((await slackActor(server.context, { team: 'T1', user: 'U1' }))?.owner).toBe('ann@bank.example')
	})

	it('not of an entry that has expired', async ({ server }) => {
		fake.users.set('T1/U5', { profile: { email: 'late@bank.example' } })
		expect(await roleOf(server, 'U5')).toBeUndefined()
	})
})

describe('an address gives no role', () => {
	it.for([
		['of somebody who was deactivated', { deleted: true }],
		['of a stranger from Slack Connect', { is_stranger: true }],
		['of a member of another workspace', { team_id: 'T9' }],
		['of a guest', { is_restricted: true }],
		['of a guest of one channel', { is_ultra_restricted: true }],
		['of a bot', { is_bot: true }],
		['that nobody has confirmed', { is_email_confirmed: false }],
		['with a Cyrillic letter', { profile: { email: '\u0430na@bank.example' } }],
		['in full-width letters', { profile: { email: '\uFF41na@bank.example' } }],
		['with something after it', { profile: { email: 'ana@bank.example ' } }],
	] as const)('%s', async ([, more], { server }) => {
		fake.users.set('T1/U5', { ...ana, ...more })
		expect([await roleOf(server, 'U5'), await freshRoleOf(server, 'U5')]).toEqual([undefined, undefined])
	})

	it('in a workspace that merely installed the app', async ({ server }) => {
		fake.tokens.set('xoxb-two', 'T2')
		fake.users.set('T2/U5', { ...ana, enterprise_user: { id: 'W7', enterprise_id: 'E1' } })
		const install = { team: 'T2', name: 'Two', enterprise: null, botUser: 'UB', scopes: [] }
		await saveInstall(server.context, admin, [key], { ...install, token: 'xoxb-two' })
		expect([await roleOf(server, 'U5', 'T2'), await freshRoleOf(server, 'U5', 'T2')]).toEqual([
			undefined,
			undefined,
		])
		expect(await server.plumb('U5', 'T2')).toContain('no role in Plumbline')
	})

	it('in a workspace without a token, whatever SLACK_BOT_TOKEN says about its people', async ({ server }) => {
		fake.users.set('T1/U5', ana)
		await server.put('T3/U9', { role: 'viewer' })
		expect(await server.plumb('U5', 'T3')).toContain('no role in Plumbline')
		expect(await server.plumb('U5', 'T4')).toContain('is not connected')
	})
})

describe('at the moment of a vote', () => {
	it('a person who was deactivated has no role, though one who reads may have it for some minutes', async ({
		server,
	}) => {
		await server.put('T1/U4', { role: 'approver' })
		fake.groups.set('T1/S1', ['U5'])
		expect([await roleOf(server, 'U4'), await roleOf(server, 'U5')]).toEqual(['approver', 'viewer'])
		fake.users.set('T1/U4', { deleted: true })
		fake.users.set('T1/U5', { deleted: true })
		expect([await freshRoleOf(server, 'U4'), await freshRoleOf(server, 'U5')]).toEqual([undefined, undefined])
		expect([await roleOf(server, 'U4'), await roleOf(server, 'U5')]).toEqual([undefined, undefined])
	})

	it('a role that was withdrawn, and a group that was left, count no more', async ({ server }) => {
		fake.groups.set('T1/S1', ['U5'])
		fake.groups.set('T1/S9', ['U5', 'U6'])
		const groupsOf = async (find: typeof freshActor, user: string) =>
			(await find(server.context, { team: 'T1', user }))?.groups
		expect(await groupsOf(slackActor, 'U5')).toEqual(['S9'])
		expect(await groupsOf(freshActor, 'U6')).toEqual(['S9', 'board'])
		fake.groups.set('T1/S9', [])
		expect(await groupsOf(slackActor, 'U5')).toEqual(['S9'])
		expect(await groupsOf(freshActor, 'U5')).toBeUndefined()
		fake.groups.set('T1/S1', [])
		expect(await freshRoleOf(server, 'U5')).toBeUndefined()
	})

	it.for([
		['does not answer', () => Response.error(), 'Slack cannot be asked who you are'],
		['is limited', () => new Response('{}', { status: 429 }), 'ratelimited'],
		['lacks the scope', refused('missing_scope'), 'the app lacks the scope users:read'],
		['refuses the token', refused('token_revoked'), 'token_revoked'],
	] as const)(
		'nothing counts while Slack %s; reading goes on for those an admin mapped',
		async ([, answer, message], { server }) => {
			await server.put('T1/U4', { role: 'approver' })
			for (const _ of [1, 2, 3]) fake.plan('users.info', answer)
			await expect(freshActor(server.context, { team: 'T1', user: 'U4' })).rejects.toMatchObject({
				code: 'unavailable',
				message: expect.stringContaining(message),
			})
			expect(await roleOf(server, 'U4')).toBe('approver')
			await expect(slackActor(server.context, { team: 'T1', user: 'U5' })).rejects.toThrow('cannot be asked')
		},
	)

	it('somebody whom Slack does not know has no role', async ({ server }) => {
		await server.put('T1/U4', { role: 'approver' })
		fake.plan('users.info', refused('user_not_found'))
		expect(await freshRoleOf(server, 'U4')).toBeUndefined()
	})
})

it('an event about a deactivated person removes the role that an admin gave, with a ledger entry', async ({
	server,
}) => {
	await server.put('T1/U4', { role: 'approver', owner: 'dee@bank.example' })
	expect(await roleOf(server, 'U4')).toBe('approver')
	const event = { type: 'user_change', user: { id: 'U4', deleted: true } }
	await server.posted({ type: 'event_callback', team_id: 'T1', event_id: 'Ev1', event }, true)
	await expect.poll(() => roleOf(server, 'U4')).toBeUndefined()
	const { items } = (await server.fetch('/v1/audit/entries?limit=1000')).body
	const entry = items.find((e: { action: string }) => e.action === 'unmap-slack-user')
	expect(JSON.parse(entry.entry)).toMatchObject({
		actor: { id: 'slack:T1' },
		object: 'slack-user:T1/U4',
		details: { role: 'approver', owner: 'dee@bank.example', reason: 'deactivated at Slack' },
	})
})

it('Slack is asked about a person once in some minutes, not for every command', async ({ server }) => {
	fake.users.set('T1/U5', ana)
	for (let i = 0; i < 5; i++) await server.plumb('U5')
	expect(fake.calls.filter((method) => method === 'users.info')).toHaveLength(1)
	server.clock.advance(6 * minuteMs)
	await server.plumb('U5')
	expect(fake.calls.filter((method) => method === 'users.info')).toHaveLength(2)
})
