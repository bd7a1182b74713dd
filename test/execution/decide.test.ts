import { describe, expect } from 'vitest'
import { castVote } from '../../src/approvals/vote/cast-vote.ts'
import { minuteMs } from '../../src/core/time.ts'
import { executeDue } from '../../src/execution/execute-due.ts'
import { runAll } from '../../src/jobs/index.ts'
import { actorOf } from '../support/actors.ts'
import { approvalServer } from '../support/approvals.ts'
import { withServerPerTest } from '../support/fixtures.ts'
import { policiesOf } from '../support/policies.ts'
import type { Json } from '../support/server.ts'

const test = withServerPerTest(approvalServer)

const breakGlass = `
policies:
  - name: careful
    needs: 2
    verify: 1
    break_glass: { role: admin, expires: 1h }
`

describe('the last vote', () => {
	test('moves the pointer, and the ledger tells the whole story in order', async ({ server }) => {
		const { body: request } = await server.ask()
		await server.vote(request, server.keys.ana)
		const begun = performance.now()
		const { body: approved } = await server.vote(request, server.keys.ben)
		expect(approved.status).toBe('approved')
		await expect.poll(async () => (await server.read(request.id)).status, { interval: 20 }).toBe('verified')
		expect(performance.now() - begun).toBeLessThan(5000)
		expect(await server.ledger(`request:${request.id}`)).toEqual([
			'create-request',
			'vote-request',
			'vote-request',
			'approve-request',
			'start-execution',
			'act-execution',
			'verify-execution',
		])
		const { execution } = await server.read(request.id)
		expect(execution).toMatchObject({
			executor: 'pointer',
			idempotencyKey: request.id,
			attempts: 1,
			error: null,
		})
		const [moved] = await server.context.sql.all<{ entry: string }>({
			sql: `SELECT entry FROM ledger_entry WHERE action = 'set-deployment' ORDER BY idx DESC LIMIT 1`,
		})
		expect(JSON.parse(moved?.entry ?? '')).toMatchObject({
			object: 'deployment:credit/production',
			why: `request:${request.id}`,
			actor: { id: 'job:execute' },
		})
	})

	test('freezes the version that a rollback left', async ({ server }) => {
		const { body: request } = await server.ask()
		await server.vote(request, server.keys.ana)
		await server.vote(request, server.keys.ben)
		await expect.poll(async () => (await server.read(request.id)).status).toBe('verified')
		const again = await server.ask({ kind: 'promotion', to: '7' })
		expect([again.status, again.body.code]).toEqual([409, 'frozen'])
	})

	test('of a retraining for which no executor is named fails with what to do', async ({ server }) => {
		const { body: request } = await server.ask({ kind: 'retraining' })
		await server.vote(request, server.keys.ana)
		await server.vote(request, server.keys.ben)
		await expect.poll(async () => (await server.read(request.id)).status).toBe('failed')
		expect((await server.read(request.id)).execution.error).toBe(
			'The deployment pointer cannot carry out a retraining. Name an executor for it in approvals.yaml, such as a webhook or a pipeline.',
		)
	})

	test('changes a risk tier', async ({ server }) => {
		const { body: request } = await server.ask({ kind: 'risk-tier', to: 'low' })
		expect(request.plan).toEqual({
			executor: 'risk-tier',
			calls: ['set the risk tier of credit from high to low'],
		})
		await server.vote(request, server.keys.ana)
		await server.vote(request, server.keys.ben)
		await expect.poll(async () => (await server.read(request.id)).status).toBe('verified')
		const { body: model } = await server.fetch('/v1/models/credit')
		expect(model.riskTier).toBe('low')
	})
})

describe('an approval by break-glass', () => {
	test('is carried out at once and opens an incident for its review, which only people resolve', async ({
		server,
	}) => {
		server.usePolicies(await policiesOf(breakGlass))
		const { body: request } = await server.ask()
		const voted = await server.vote(request, server.adminKey, {
			breakGlass: true,
			reason: 'fraud is running',
		})
		expect(voted.status).toBe(201)
		const incidents = async (): Promise<Json[]> => (await server.fetch('/v1/incidents')).body.items
		const [incident] = await incidents()
		expect(incident).toMatchObject({
			model: 'credit',
			status: 'open',
			title: 'credit in production: a rollback was approved by break-glass',
			nextStep: 'Review why the approvals were bypassed. Then resolve the incident with what you found.',
			alerts: [],
		})
		expect(incident.timeline[1].what).toMatch(/approved request .* alone: fraud is running$/)
		await expect.poll(async () => (await server.read(request.id)).status).toBe('verified')
		server.clock.advance(minuteMs)
		await runAll(server.context, 'test')
		expect(await incidents()).toEqual([incident])
		const path = `/v1/incidents/${incident.id}/resolve`
		expect((await server.post(path, { reason: 'it was right' })).status).toBe(200)
		await runAll(server.context, 'test')
		expect((await incidents()).map((i) => i.status)).toEqual(['resolved'])
	})

	test('that was not carried out in time expires', async ({ server }) => {
		server.usePolicies(await policiesOf(breakGlass))
		const { body: request } = await server.ask()
		const [admin] = await server.context.sql.all<{ id: string }>({
			sql: `SELECT id FROM access_key WHERE role = 'admin'`,
		})
		await castVote(server.context, actorOf('admin', { id: `key:${admin?.id}` }), request.id, {
			vote: 'approve',
			actionDigest: request.actionDigest,
			reason: 'fraud is running',
			breakGlass: true,
		})
		server.clock.advance(60 * minuteMs)
		await executeDue(server.context)
		expect((await server.read(request.id)).status).toBe('expired')
		expect((await server.ledger(`request:${request.id}`)).slice(-2)).toEqual([
			'approve-request',
			'expire-request',
		])
	})
})

describe('the job', () => {
	test('expires what nobody has voted on', async ({ server }) => {
		const { body: request } = await server.ask()
		server.clock.advance(8 * 24 * 60 * minuteMs)
		await executeDue(server.context)
		expect(await server.ledger(`request:${request.id}`)).toEqual(['create-request', 'expire-request'])
	})

	test('opens one incident for a policy that too few people satisfy, and resolves it when enough can', async ({
		server,
	}) => {
		server.usePolicies(await policiesOf('policies: [{ name: crowd, needs: 5 }]'))
		const incidents = async (): Promise<Json[]> => (await server.fetch('/v1/incidents')).body.items
		await executeDue(server.context)
		await executeDue(server.context)
		expect(await incidents()).toMatchObject([
			{ model: '$service', status: 'open', title: 'too few people can approve under the policy crowd' },
		])
		expect((await incidents())[0].timeline[1].what).toBe(
			'The policy crowd needs 5 approvals, and only 4 people can approve for credit.',
		)
		await server.keyOf('approver', 'cyd@bank.example')
		await executeDue(server.context)
		expect((await incidents()).map((i) => i.status)).toEqual(['resolved'])
	})

	test('counts everybody for a policy that applies to no model yet', async ({ server }) => {
		const fraud = (needs: number) => `policies: [{ name: fraud, models: "fraud-*", needs: ${needs} }]`
		const incidents = async (): Promise<Json[]> => (await server.fetch('/v1/incidents')).body.items
		server.usePolicies(await policiesOf(fraud(4)))
		await executeDue(server.context)
		expect(await incidents()).toEqual([])
		server.usePolicies(await policiesOf(fraud(5)))
		await executeDue(server.context)
		expect((await incidents())[0].timeline[1].what).toBe(
			'The policy fraud needs 5 approvals, and only 4 people can approve.',
		)
	})
})
