import { describe, expect } from 'vitest'
import { castVote } from '../../../src/approvals/vote/cast-vote.ts'
import type { Actor } from '../../../src/core/actor.ts'
import { hourMs, minuteMs } from '../../../src/core/time.ts'
import { type ApprovalServer, approvalServer } from '../../support/approvals.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { policiesOf } from '../../support/policies.ts'
import type { Json } from '../../support/server.ts'

const it = withServerPerTest(() => approvalServer())

const inSlack = (user: string, more: Partial<Actor> = {}): Actor => ({
	id: `slack:T1/${user}`,
	how: 'slack',
	role: 'approver',
	models: ['*'],
	...more,
})
const use = async (server: ApprovalServer, policy: string) =>
	server.usePolicies(await policiesOf(`policies:\n  - { name: mine, ${policy} }\n`))
const approval = (request: Json) => ({
	vote: 'approve' as const,
	actionDigest: request.actionDigest,
	reason: 'seen',
})
const map = (server: ApprovalServer, user: string, json: object) =>
	server.fetch(`/v1/slack/users/T1/${user}`, { method: 'PUT', json })

describe('one person', () => {
	it('has one vote with a key and in Slack', async ({ server }) => {
		const { body: request } = await server.ask()
		await server.vote(request, server.keys.ana)
		const ana = inSlack('U1', { owner: 'ANA@bank.example' })
		await expect(castVote(server.context, ana, request.id, approval(request))).rejects.toMatchObject({
			code: 'already-voted',
		})
	})

	it('who requested in Slack does not vote with a key', async ({ server }) => {
		const { body: request } = await server.ask({}, await server.keyOf('approver', 'someone'))
		await map(server, 'U1', { role: 'approver', owner: 'someone' })
		await expect(
			castVote(server.context, inSlack('U1'), request.id, approval(request)),
		).rejects.toMatchObject({
			code: 'own-request',
		})
	})

	it('counts once when two who have voted turn out to be one', async ({ server }) => {
		await map(server, 'U1', { role: 'approver' })
		await map(server, 'U2', { role: 'approver' })
		await use(server, 'needs: 3')
		const { body: request } = await server.ask()
		await castVote(server.context, inSlack('U1'), request.id, approval(request))
		await castVote(server.context, inSlack('U2'), request.id, approval(request))
		for (const user of ['U1', 'U2']) await map(server, user, { role: 'approver', owner: 'one@bank.example' })
		expect((await server.vote(request, server.keys.ana)).body.status).toBe('pending')
		expect((await server.vote(request, server.keys.ben)).body.status).not.toBe('pending')
	})

	it('does not count when they turn out to be the requester', async ({ server }) => {
		await map(server, 'U1', { role: 'approver' })
		const { body: request } = await server.ask()
		await castVote(server.context, inSlack('U1'), request.id, approval(request))
		await map(server, 'U1', { role: 'approver', owner: 'rita@bank.example' })
		expect((await server.vote(request, server.keys.ana)).body.status).toBe('pending')
	})
})

describe('the role of a voter', () => {
	it('is read at the moment of the vote', async ({ server }) => {
		const { body: request } = await server.ask()
		await map(server, 'U1', { role: 'approver' })
		const person = inSlack('U1')
		await map(server, 'U1', { role: 'viewer' })
		await expect(castVote(server.context, person, request.id, approval(request))).rejects.toMatchObject({
			code: 'forbidden',
		})
		const { id } = (await server.fetch('/v1/keys')).body.items.find(
			(k: Json) => k.owner === 'ana@bank.example',
		)
		const key: Actor = { id: `key:${id}`, how: 'key', role: 'approver', models: ['*'] }
		await server.fetch(`/v1/keys/${id}`, { method: 'DELETE' })
		await expect(castVote(server.context, key, request.id, approval(request))).rejects.toMatchObject({
			code: 'unauthenticated',
		})
		expect((await server.read(request.id)).votes).toEqual([])
	})

	it('is one that the policy names, or its group', async ({ server }) => {
		await use(server, 'needs: 1, roles: [admin], groups: [S0614TZR7]')
		const { body: request } = await server.ask()
		expect(await server.vote(request, server.keys.ana)).toMatchObject({
			status: 403,
			body: { code: 'forbidden', detail: expect.stringContaining('S0614TZR7') },
		})
		const member = inSlack('U1', { groups: ['S0614TZR7'] })
		expect((await castVote(server.context, member, request.id, approval(request))).isNew).toBe(true)
		const { body: other } = await server.ask({ to: '8' })
		expect((await server.vote(other, server.adminKey)).status).toBe(201)
	})

	it('is a person: no job votes', async ({ server }) => {
		const { body: request } = await server.ask()
		const job: Actor = { id: 'job:execute', how: 'job', role: 'admin', models: ['*'] }
		await expect(castVote(server.context, job, request.id, approval(request))).rejects.toMatchObject({
			code: 'forbidden',
		})
	})
})

describe('break-glass', () => {
	const policy =
		'needs: 2, cooling_off: 1h, hours: { days: [sun], from: "08:00", to: "09:00", zone: UTC }, break_glass: { role: admin, expires: 1h }'

	it('is one vote of the named role, at once, for a while', async ({ server }) => {
		await use(server, policy)
		const { body: request } = await server.ask()
		expect(request.policy).toMatchObject({
			name: 'mine',
			coolingOff: '1h',
			breakGlass: { role: 'admin', expires: '1h' },
		})
		expect(await server.vote(request, server.keys.ana, { breakGlass: true })).toMatchObject({
			status: 403,
			body: { code: 'forbidden' },
		})
		const voted = await server.vote(request, server.adminKey, {
			breakGlass: true,
			reason: 'customers are declined',
		})
		expect(voted).toMatchObject({
			status: 201,
			body: {
				executeAfter: null,
				expiresAt: '2026-03-02T01:00:00.000Z',
				votes: [{ breakGlass: true, reason: 'customers are declined' }],
			},
		})
		expect(voted.body.status).not.toBe('pending')
	})

	it('can follow an approval of the same person that was not enough', async ({ server }) => {
		await use(server, policy)
		const { body: request } = await server.ask()
		expect((await server.vote(request, server.adminKey)).body.status).toBe('pending')
		const { status, body } = await server.vote(request, server.adminKey, {
			breakGlass: true,
			reason: 'it burns',
		})
		expect([status, body.votes]).toEqual([
			201,
			[expect.objectContaining({ breakGlass: true, reason: 'it burns' })],
		])
		expect(body.status).not.toBe('pending')
	})

	it('is refused to the requester, without the policy, and for a reject', async ({ server }) => {
		await use(server, policy)
		const { body: own } = await server.ask({}, server.adminKey)
		expect((await server.vote(own, server.adminKey, { breakGlass: true })).body.code).toBe('own-request')
		const reject = { breakGlass: true, vote: 'reject' }
		expect((await server.vote(own, server.keys.ana, reject)).body.code).toBe('invalid')
		await use(server, 'needs: 2')
		const { body: other } = await server.ask({ to: '8' })
		expect((await server.vote(other, server.adminKey, { breakGlass: true })).body.code).toBe('forbidden')
	})
})

describe('an approved action', () => {
	it('starts after the cooling-off, within business hours', async ({ server }) => {
		const hours = 'hours: { days: [mon, tue], from: "08:00", to: "18:00", zone: Europe/Berlin }'
		await use(server, `needs: 1, cooling_off: 15m, ${hours}`)
		server.clock.now = Date.parse('2026-03-03T16:50:00Z')
		const { body: request } = await server.ask()
		const { body } = await server.vote(request, server.keys.ana)
		expect(body).toMatchObject({ status: 'approved', executeAfter: '2026-03-09T07:00:00.000Z' })
		await server.post(`/v1/requests/${request.id}/cancel`, {})
		const { body: next } = await server.ask()
		server.clock.now = Date.parse('2026-03-03T12:00:00Z')
		const { body: soon } = await server.vote(next, server.keys.ana)
		expect(Date.parse(soon.executeAfter)).toBe(server.clock.now + 15 * minuteMs)
	})

	it('follows the policy in force when it was requested', async ({ server }) => {
		const { body: request } = await server.ask()
		await use(server, 'needs: 1, expires: 1h')
		server.clock.advance(2 * hourMs)
		expect((await server.vote(request, server.keys.ana)).body).toMatchObject({ status: 'pending', needs: 2 })
	})
})

describe('a hundred votes at once', () => {
	it('are one approval, one execution, and answers that are documented', async ({ server }) => {
		const { body: request } = await server.ask()
		const people = Array.from({ length: 20 }, (_, i) => `person-${i}@bank.example`)
		const keys = await Promise.all(
			people.flatMap((owner) => Array.from({ length: 5 }, () => server.keyOf('approver', owner))),
		)
		const answers = await Promise.all(keys.map((key) => server.vote(request, key)))
		const codes = answers.map(({ status, body }) => (status === 201 ? 'counted' : body.code))
		expect(codes.filter((code) => code === 'counted')).toHaveLength(2)
		expect(new Set(codes)).toEqual(
			new Set(['counted', 'not-open', ...codes.filter((c) => c === 'already-voted')]),
		)
		const ledger = await server.ledger(`request:${request.id}`)
		expect(ledger.filter((action) => action === 'approve-request')).toHaveLength(1)
		expect(ledger.filter((action) => action === 'vote-request')).toHaveLength(2)
		const executions = await server.context.sql.all<{ n: number }>({
			sql: 'SELECT count(*) AS n FROM execution',
		})
		expect(executions).toEqual([{ n: 1 }])
	})

	it('and rejects end it one way', async ({ server }) => {
		await use(server, 'needs: 1')
		const { body: request } = await server.ask()
		const keys = await Promise.all(Array.from({ length: 20 }, (_, i) => server.keyOf('approver', `p${i}`)))
		const answers = await Promise.all(
			keys.map((key, i) => server.vote(request, key, { vote: i % 2 === 0 ? 'approve' : 'reject' })),
		)
		expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
		const decided = (await server.ledger(`request:${request.id}`)).filter((a) =>
			/^(approve|reject)-request$/.test(a),
		)
		expect(decided).toHaveLength(1)
	})
})
