import { describe, expect } from 'vitest'
import type { Context } from '../../../src/context.ts'
import { approvalServer } from '../../support/approvals.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { policiesOf } from '../../support/policies.ts'

const rules = [
	{ name: 'feed-stopped', severity: 'critical' },
	{ name: 'feature-drift', severity: 'warning' },
]
const it = withServerPerTest(() =>
	approvalServer({
		rules: { current: () => ({ digest: '', rules }) as unknown as ReturnType<Context['rules']['current']> },
	}),
)
const policy = 'policies:\n  - { name: critical, kinds: [silence], models: "credit*", needs: 1 }\n'
const silence = { rules: ['feed-*'], models: ['credit'], reason: 'the feed moves', expires: '2h' }

describe('a silence of a critical rule', () => {
	it('needs no approval unless a policy says so', async ({ server }) => {
		expect((await server.post('/v1/silences', silence)).status).toBe(201)
	})

	it('is requested where a policy names it, and begins when people approve', async ({ server }) => {
		server.usePolicies(await policiesOf(policy))
		const answer = await server.post('/v1/silences', silence, { key: server.keys.requester })
		expect(answer).toMatchObject({ status: 409, body: { code: 'needs-approval' } })
		const request = await server.read(answer.body.request)
		expect(request).toMatchObject({
			kind: 'silence',
			model: 'credit',
			reason: 'the feed moves',
			action: { silence: { rules: ['feed-*'], models: ['credit'], expiresAt: '2026-03-02T02:00:00.000Z' } },
		})
		expect((await server.fetch('/v1/silences')).body.items).toEqual([])
		expect((await server.vote(request, server.keys.requester)).body.code).toBe('own-request')
		expect((await server.vote(request, server.keys.ana)).status).toBe(201)
		await expect.poll(async () => (await server.fetch('/v1/silences')).body.items).toHaveLength(1)
		await expect.poll(async () => (await server.read(request.id)).status).toBe('verified')
	})

	it('is direct for other rules and other models', async ({ server }) => {
		server.usePolicies(await policiesOf(policy))
		expect((await server.post('/v1/silences', { ...silence, rules: ['feature-*'] })).status).toBe(201)
		expect((await server.post('/v1/silences', { ...silence, models: ['loans'] })).status).toBe(201)
		expect((await server.post('/v1/silences', { ...silence, models: ['*'] })).status).toBe(409)
	})

	it('is approved only by those who reach all its models', async ({ server }) => {
		server.usePolicies(await policiesOf(policy))
		const answer = await server.post('/v1/silences', { ...silence, models: ['*'] })
		const request = await server.read(answer.body.request)
		const narrow = await server.keyOf('approver', undefined, { models: ['credit'] })
		expect((await server.vote(request, narrow)).body.code).toBe('forbidden')
		expect((await server.vote(request, server.keys.ana)).status).toBe(201)
	})
})
