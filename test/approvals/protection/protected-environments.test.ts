import { describe, expect } from 'vitest'
import { type ApprovalServer, approvalServer } from '../../support/approvals.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { policiesOf } from '../../support/policies.ts'
import type { Json } from '../../support/server.ts'

const it = withServerPerTest(() => approvalServer())

const put = (server: ApprovalServer, json: object, environment = 'production') =>
	server.fetch(`/v1/models/credit/deployments/${environment}`, { method: 'PUT', json })
const patch = (server: ApprovalServer, json: object) =>
	server.fetch('/v1/models/credit', { method: 'PATCH', json })
const serving = async (server: ApprovalServer): Promise<Json> =>
	(await server.fetch('/v1/models/credit/deployments/production')).body
const needed = { status: 409, body: { code: 'needs-approval', request: expect.stringMatching(/^req_/) } }

describe('a protected environment', () => {
	it('takes no other champion directly: the change is requested, once while it is open', async ({
		server,
	}) => {
		const first = await put(server, { champion: '8', challenger: '7' })
		expect(first).toMatchObject(needed)
		expect(first.headers.get('location')).toBe(`/v1/requests/${first.body.request}`)
		expect((await put(server, { champion: '8', challenger: '7' })).body.request).toBe(first.body.request)
		expect(await serving(server)).toMatchObject({ champion: '7', revision: 2 })
		const request = await server.read(first.body.request)
		expect(request).toMatchObject({
			kind: 'deployment',
			status: 'pending',
			needs: 2,
			plan: { executor: 'pointer' },
			action: { from: '7', to: '8', challenger: '7' },
		})
		await server.post(`/v1/requests/${request.id}/cancel`, {})
		const next = await put(server, { champion: '8', challenger: '7' })
		expect(next).toMatchObject(needed)
		expect(next.body.request).not.toBe(request.id)
	})

	it('takes no step of the canary directly', async ({ server }) => {
		const answer = await put(server, { champion: '7', canary: { version: '8', percent: 5 } })
		expect(answer).toMatchObject(needed)
		expect(await server.read(answer.body.request)).toMatchObject({
			kind: 'canary',
			action: { from: '7', to: '7', canary: { version: '8', percent: 5 } },
		})
		expect((await serving(server)).canary).toBeNull()
	})

	it('is asked for by the caller, who cannot vote on it', async ({ server }) => {
		const boss = await server.keyOf('admin', 'boss@bank.example')
		const answer = await server.fetch('/v1/models/credit/deployments/production', {
			method: 'PUT',
			json: { champion: '8' },
			key: boss,
		})
		const request = await server.read(answer.body.request)
		expect(await server.vote(request, boss)).toMatchObject({ status: 403, body: { code: 'own-request' } })
	})

	it('takes the first deployment, an equal one and another challenger', async ({ server }) => {
		expect((await put(server, { champion: '7' })).status).toBe(200)
		expect((await put(server, { champion: '7', challenger: '8' })).body).toMatchObject({ challenger: '8' })
		const other = await server.post('/v1/models', { model: 'loans', task: 'binary', riskTier: 'high' })
		expect(other.status).toBe(201)
		await server.post('/v1/models/loans/versions', {
			version: '1',
			features: [{ name: 'x', type: 'numeric' }],
		})
		const first = { method: 'PUT', json: { champion: '1' } }
		expect((await server.fetch('/v1/models/loans/deployments/production', first)).status).toBe(201)
	})

	it('is none where the tier or the environment is another', async ({ server }) => {
		expect((await put(server, { champion: '7' }, 'staging')).status).toBe(201)
		expect((await put(server, { champion: '8' }, 'staging')).status).toBe(200)
	})

	it('keeps its risk tier until people approve a lower one', async ({ server }) => {
		for (const riskTier of ['medium', null, 'of another policy']) {
			const answer = await patch(server, { riskTier, owner: 'somebody' })
			expect(answer).toMatchObject(needed)
			expect(await server.read(answer.body.request)).toMatchObject({
				kind: 'risk-tier',
				needs: 2,
				action: { from: 'high', ...(riskTier === null ? {} : { to: riskTier }) },
			})
			expect((await patch(server, { riskTier })).body.request).toBe(answer.body.request)
		}
		expect((await server.fetch('/v1/models/credit')).body).toMatchObject({ riskTier: 'high', owner: null })
		expect(await patch(server, { owner: 'somebody' })).toMatchObject({ status: 200 })
		expect((await server.post('/v1/models', { model: 'credit', task: 'binary' })).status).toBe(409)
		expect(await patch(server, { riskTier: 'critical' })).toMatchObject({ status: 409 })
	})

	it('keeps the tags that protect it', async ({ server }) => {
		server.usePolicies(await policiesOf('protected:\n  - models: { tags: [credit] }\n'))
		await patch(server, { tags: ['credit', 'eu'] })
		expect(await patch(server, { tags: ['eu'] })).toMatchObject({ status: 409, body: { code: 'conflict' } })
		expect((await patch(server, { tags: ['credit'] })).status).toBe(200)
	})

	it('keeps what its policies go by: nobody chooses one that needs fewer approvals', async ({ server }) => {
		server.usePolicies(
			await policiesOf(`
policies:
  - { name: strict, models: { tags: [pci] }, needs: 3 }
  - { name: top, risk_tiers: [critical], needs: 1 }
protected: [{ environments: [production] }]
`),
		)
		expect(await patch(server, { riskTier: 'critical' })).toMatchObject(needed)
		expect((await patch(server, { tags: ['pci'] })).status).toBe(200)
		expect(await patch(server, { tags: [] })).toMatchObject({ status: 409, body: { code: 'conflict' } })
		expect((await patch(server, { riskTier: 'critical' })).status).toBe(200)
	})

	it('takes one of two first deployments at once', async ({ server }) => {
		await server.post('/v1/models', { model: 'loans', task: 'binary', riskTier: 'high' })
		for (const version of ['1', '2'])
			await server.post('/v1/models/loans/versions', { version, features: [{ name: 'x', type: 'numeric' }] })
		const answers = await Promise.all(
			['1', '2', '1', '2'].map((champion) =>
				server.fetch('/v1/models/loans/deployments/production', { method: 'PUT', json: { champion } }),
			),
		)
		expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
		expect((await server.fetch('/v1/models/loans/deployments/production')).body.revision).toBe(1)
	})

	it('keeps its tier only where something is deployed', async ({ server }) => {
		await server.post('/v1/models', { model: 'loans', task: 'binary', riskTier: 'high' })
		const lower = { method: 'PATCH', json: { riskTier: 'low' } }
		expect((await server.fetch('/v1/models/loans', lower)).status).toBe(200)
	})
})

describe('a version that a rollback has left', () => {
	const freeze = async (server: ApprovalServer) => {
		const { body } = await server.ask({ to: '6' })
		await server.context.sql.batch([
			{
				sql: "INSERT INTO version_freeze (model, version, request, frozen_at) VALUES ('credit', '8', ?, 0)",
				params: [body.id],
			},
		])
	}

	it('is in no request, and no direct deployment, until an admin lifts the freeze', async ({ server }) => {
		await freeze(server)
		const frozen = { status: 409, body: { code: 'frozen' } }
		expect(await server.ask({ kind: 'promotion', to: '8' })).toMatchObject(frozen)
		expect(await server.ask({ kind: 'rollback', to: '8' })).toMatchObject(frozen)
		expect(await server.ask({ kind: 'deployment', to: '8', environment: 'production' })).toMatchObject(frozen)
		expect(await server.ask({ kind: 'canary', canary: { version: '8', percent: 1 } })).toMatchObject(frozen)
		expect(await put(server, { champion: '8' })).toMatchObject(frozen)
		const lift = (json: object, key?: string) =>
			server.fetch('/v1/models/credit/versions/8/freeze', {
				method: 'DELETE',
				json,
				...(key === undefined ? {} : { key }),
			})
		expect((await lift({})).status).toBe(422)
		expect((await lift({ reason: 'x' }, server.keys.ana)).status).toBe(403)
		expect((await lift({ reason: 'the input was wrong' })).status).toBe(204)
		expect(await server.ledger('version:credit@8')).toContain('lift-freeze')
		expect((await lift({ reason: 'again' })).status).toBe(404)
		expect(await server.ask({ kind: 'promotion', to: '8' })).toMatchObject({ status: 201 })
	})

	it('takes no approval for a request that was made before, until an admin lifts the freeze', async ({
		server,
	}) => {
		const promotion = (await server.ask({ kind: 'promotion', to: '8' })).body
		const step = (await server.ask({ kind: 'canary', canary: { version: '8', percent: 1 } })).body
		await freeze(server)
		const frozen = { status: 409, body: { code: 'frozen' } }
		expect(await server.vote(promotion, server.keys.ana)).toMatchObject(frozen)
		expect(await server.vote(step, server.keys.ana)).toMatchObject(frozen)
		expect(await server.ledger(`request:${step.id}`)).toEqual(['create-request', 'refuse-vote'])
		const rejected = await server.vote(step, server.keys.ana, { vote: 'reject' })
		expect(rejected).toMatchObject({ status: 201, body: { status: 'rejected' } })
		const lift = { method: 'DELETE', json: { reason: 'the input was wrong' } }
		await server.fetch('/v1/models/credit/versions/8/freeze', lift)
		expect(await server.vote(promotion, server.keys.ana)).toMatchObject({ status: 201 })
	})

	it('goes to other environments directly: a fix is tested there', async ({ server }) => {
		await put(server, { champion: '7' }, 'staging')
		await freeze(server)
		expect((await put(server, { champion: '8' }, 'staging')).status).toBe(200)
	})

	it('is no version that a rollback goes to by itself', async ({ server }) => {
		await freeze(server)
		await server.deployed('8')
		await server.deployed('6')
		expect((await server.ask()).body.action).toMatchObject({ from: '6', to: '7' })
	})
})
