import { describe, expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { type ApprovalServer, approvalServer } from '../../support/approvals.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { policiesOf } from '../../support/policies.ts'
import type { Json } from '../../support/server.ts'

const it = withServerPerTest(() => approvalServer())

const invalid = (path: string) => ({
	status: 422,
	body: { code: 'invalid', errors: [expect.objectContaining({ path })] },
})
/** The canary of `credit`, set as an executor does. */
const withCanary = (server: ApprovalServer, version: string, percent: number) =>
	server.context.sql.batch([
		{
			sql: `INSERT INTO deployment (model, environment, revision, champion, canary, since)
				SELECT 'credit', 'production', count(*) + 1, '7', ?, 0 FROM deployment WHERE model = 'credit'`,
			params: [JSON.stringify({ percent, version })],
		},
	])

describe('a request', () => {
	it('holds the exact action of its kind', async ({ server }) => {
		const action = async (json: object) => (await server.ask(json)).body.action
		const base = { model: 'credit', environment: 'production', from: '7' }
		expect(await action({ kind: 'rollback' })).toEqual({ ...base, kind: 'rollback', to: '6' })
		expect(await action({ kind: 'promotion', to: '8' })).toEqual({ ...base, kind: 'promotion', to: '8' })
		expect(await action({ kind: 'deployment', to: '8' })).toEqual({ ...base, kind: 'deployment', to: '8' })
		expect(await action({ kind: 'retraining' })).toEqual({ ...base, kind: 'retraining' })
		const canary = { version: '8', percent: 5 }
		expect(await action({ kind: 'canary', canary })).toEqual({ ...base, kind: 'canary', to: '7', canary })
		expect(await action({ kind: 'canary', to: '8', canary: { percent: 5.5 } })).toMatchObject({
			to: '7',
			canary: { version: '8', percent: 5.5 },
		})
		expect(await action({ kind: 'risk-tier', to: 'low' })).toEqual({
			kind: 'risk-tier',
			model: 'credit',
			environment: 'production',
			from: 'high',
			to: 'low',
		})
	})

	it('ends the canary with the champion that it belongs to, and steps from the one that is there', async ({
		server,
	}) => {
		await withCanary(server, '8', 5)
		const action = async (json: object) => (await server.ask(json)).body.action
		expect(await action({ kind: 'promotion', to: '8' })).toMatchObject({ to: '8', canary: null })
		expect(await action({ kind: 'rollback' })).toMatchObject({ to: '6', canary: null })
		expect(await action({ kind: 'canary', canary: { percent: 25 } })).toMatchObject({
			canary: { version: '8', percent: 25 },
		})
		expect(await action({ kind: 'canary', canary: null })).toMatchObject({ canary: null })
		expect(await server.ask({ kind: 'canary', canary: { percent: 5 } })).toMatchObject(invalid('canary'))
	})

	it('is refused for what cannot be done', async ({ server }) => {
		expect(await server.ask({ kind: 'rollback', to: '7' })).toMatchObject(invalid('to'))
		expect(await server.ask({ kind: 'rollback', to: '60' })).toMatchObject(invalid('to'))
		expect(await server.ask({ kind: 'promotion' })).toMatchObject(invalid('to'))
		expect(await server.ask({ kind: 'deployment' })).toMatchObject(invalid('to'))
		expect(await server.ask({ environment: 'staging' })).toMatchObject(invalid('environment'))
		expect(await server.ask({ kind: 'canary' })).toMatchObject(invalid('canary'))
		expect(await server.ask({ kind: 'canary', canary: { percent: 5 } })).toMatchObject(
			invalid('canary.version'),
		)
		expect(await server.ask({ kind: 'canary', canary: { version: '7', percent: 5 } })).toMatchObject(
			invalid('canary.version'),
		)
		expect(await server.ask({ kind: 'canary', canary: { version: '8', percent: 101 } })).toMatchObject(
			invalid('canary.percent'),
		)
		expect(await server.ask({ kind: 'risk-tier', to: 'high' })).toMatchObject(invalid('to'))
		expect(await server.ask({ kind: 'reason-table', to: 'x' })).toMatchObject(invalid('to'))
		expect(await server.ask({ kind: 'report', to: 'rep_1' })).toMatchObject(invalid('to'))
		expect(await server.ask({ kind: 'silence' })).toMatchObject(invalid('kind'))
		expect(await server.ask({ incident: 'inc_none' })).toMatchObject(invalid('incident'))
		expect((await server.ask({ model: 'none' })).status).toBe(404)
		expect((await server.ask({ reason: ' ' })).status).toBe(422)
		expect((await server.ask({ reason: '\u200b\u2060' })).status).toBe(422)
		expect((await server.ask({}, await server.keyOf('analyst'))).status).toBe(403)
	})

	it('is open once for the same action, and again after it has ended', async ({ server }) => {
		const { body: first } = await server.ask()
		expect(await server.ask()).toMatchObject({
			status: 409,
			body: { code: 'conflict', detail: expect.stringContaining(first.id) },
		})
		expect((await server.ask({ to: '8' })).status).toBe(201)
		server.clock.advance(7 * dayMs)
		expect((await server.ask()).status).toBe(201)
		expect((await server.read(first.id)).status).toBe('expired')
		expect(await server.ledger(`request:${first.id}`)).toEqual(['create-request', 'expire-request'])
	})

	it('is refused under a policy that too few people can satisfy', async ({ server }) => {
		const set = await policiesOf('policies:\n  - { name: many, needs: 5 }\n')
		server.usePolicies(set)
		expect(await server.ask()).toMatchObject({
			status: 409,
			body: { code: 'unsatisfiable', detail: expect.stringContaining('many needs 5 approvals') },
		})
		await server.keyOf('approver', 'carl')
		expect((await server.ask()).status).toBe(201)
	})

	it('under the packaged policies only says so', async ({ server }) => {
		const [own] = (await server.fetch('/v1/keys')).body.items.filter((k: Json) => k.role === 'approver')
		for (const key of (await server.fetch('/v1/keys')).body.items)
			if (key.role === 'approver' && key.id !== own.id)
				await server.fetch(`/v1/keys/${key.id}`, { method: 'DELETE' })
		await server.fetch(`/v1/keys/${own.id}`, { method: 'DELETE' })
		const { status, body } = await server.ask({}, server.adminKey)
		expect([status, body.evidence.note]).toEqual([201, expect.stringContaining('only one person')])
	})
})

describe('requests', () => {
	it('are listed by status and model', async ({ server }) => {
		const { body: first } = await server.ask()
		const { body: second } = await server.ask({ to: '8' })
		await server.post(`/v1/requests/${first.id}/cancel`, {})
		const ids = async (query: string) =>
			(await server.fetch(`/v1/requests?${query}`)).body.items.map((r: Json) => r.id)
		expect(await ids('status=pending')).toEqual([second.id])
		expect(await ids('status=cancelled')).toEqual([first.id])
		expect(await ids('status=expired')).toEqual([])
		server.clock.advance(7 * dayMs)
		expect(await ids('status=pending')).toEqual([])
		expect(await ids('status=expired&model=credit')).toEqual([second.id])
		expect((await server.fetch('/v1/requests?status=open')).status).toBe(422)
	})
})

describe('a request is cancelled', () => {
	it('while votes come in', async ({ server }) => {
		server.usePolicies(await policiesOf('policies:\n  - { name: slow, needs: 2, cooling_off: 1h }\n'))
		for (let i = 0; i < 5; i++) {
			const { body: request } = await server.ask()
			const { ana, ben } = server.keys
			const [, , { status, body }] = await Promise.all([
				server.vote(request, ana),
				server.vote(request, ben),
				server.post(`/v1/requests/${request.id}/cancel`, {}),
			])
			expect({ status, is: body.status }).toEqual({ status: 200, is: 'cancelled' })
		}
	})

	it('until its executor acts', async ({ server }) => {
		server.usePolicies(await policiesOf('policies:\n  - { name: slow, needs: 1, cooling_off: 1h }\n'))
		const { body: request } = await server.ask()
		await server.vote(request, server.keys.ana)
		const cancel = (id: string) => server.post(`/v1/requests/${id}/cancel`, { reason: 'not needed' })
		expect(await cancel(request.id)).toMatchObject({
			status: 200,
			body: { status: 'cancelled', execution: { finishedAt: expect.any(String) } },
		})
		expect((await cancel(request.id)).status).toBe(200)
		const { body: next } = await server.ask()
		await server.vote(next, server.keys.ana)
		await server.context.sql.batch([
			{ sql: 'UPDATE execution SET acting_at = 1 WHERE request = ?', params: [next.id] },
		])
		expect(await cancel(next.id)).toMatchObject({
			status: 409,
			body: { code: 'not-open', detail: expect.stringContaining('has begun to act') },
		})
	})
})
