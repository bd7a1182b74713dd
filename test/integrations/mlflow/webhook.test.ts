import { createHmac } from 'node:crypto'
import { describe, expect } from 'vitest'
import { connectIntegrations } from '../../../src/integrations/index.ts'
import { checkServing } from '../../../src/jobs/index.ts'
import { secretReader } from '../../../src/platform/node/read-secret.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { startMlflowStub } from '../../support/mlflow-stub.ts'
import { defaultPolicies } from '../../support/policies.ts'
import { testServer } from '../../support/server.ts'

const secret = 's3cret-pl'
const token = 'mlflow-token-of-the-tests'

/** What a real MLflow 3.17 sent when an alias was set, with its signature. */
const verbatim = {
	headers: {
		'X-MLflow-Delivery-Id': '8b960b24-6191-43b0-a591-39fdc5c63347',
		'X-MLflow-Timestamp': '1795418024',
		'X-MLflow-Signature': 'v1,KFqcvJt+YcCBC8T0XURQO3fvJljf24dCejL6tPMKRQs=',
	},
	body: '{"entity": "model_version_alias", "action": "created", "timestamp": "2026-11-23T07:13:44.126085+00:00", "data": {"name": "credit-risk", "alias": "champion", "version": "2"}}',
}
const sentAt = 1795418024 * 1000

/** A server whose model credit-risk is carried out by MLflow; its champion is version 1 there and here. */
async function withMlflow() {
	const stub = await startMlflowStub(['credit-risk'], ['1', '2'], token)
	stub.setAlias('credit-risk', 'champion', '1')
	const settings = { url: stub.target.url, token: 'env:MLFLOW_TOKEN', timeout: '500ms' }
	const policies = { ...defaultPolicies, executors: [{ name: 'mlflow', settings }] }
	const server = await testServer(
		{},
		{ policies: { current: () => policies }, readSecret: secretReader({ MLFLOW_TOKEN: token }) },
	)
	connectIntegrations(server.context, { PLUMBLINE_MLFLOW_WEBHOOK_SECRET: secret })
	server.clock.now = sentAt - 3_600_000
	await server.post('/v1/models', { model: 'credit-risk', task: 'binary' })
	for (const version of ['1', '2'])
		await server.post('/v1/models/credit-risk/versions', { version, features: [] })
	const at = '/v1/models/credit-risk/deployments/production'
	await server.fetch(at, { method: 'PUT', json: { champion: '1' } })
	server.clock.now = sentAt
	const deliver = (body = verbatim.body, headers: Record<string, string> = verbatim.headers) =>
		server.fetch('/ingest/mlflow/webhook', { method: 'POST', key: null, body, headers })
	const signed = (body: string, { id = 'd1', at = server.clock.now, key = secret } = {}) => {
		const timestamp = String(Math.floor(at / 1000))
		const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
		return deliver(body, {
			'x-mlflow-delivery-id': id,
			'x-mlflow-timestamp': timestamp,
			'x-mlflow-signature': `v1,${mac}`,
		})
	}
	const incidents = async () => (await server.fetch('/v1/incidents')).body.items
	return {
		...server,
		stub,
		deliver,
		signed,
		incidents,
		async close() {
			await server.close()
			await stub.target.close()
		},
	}
}

const it = withServerPerTest(withMlflow)

describe("MLflow's message about an alias", () => {
	it('is taken as MLflow signs it, and the alias itself is read', async ({ server }) => {
		expect(await server.deliver()).toMatchObject({
			status: 200,
			body: { status: 'checked', read: 1, moved: 0 },
		})
		// The message says version 2; the alias is 1, as here.
		expect(await server.incidents()).toEqual([])
		expect(server.stub.target.received).toHaveLength(1)
	})

	it('opens one incident when somebody moved the alias past the approvals, until it is back', async ({
		server,
	}) => {
		server.stub.setAlias('credit-risk', 'champion', '2')
		expect(await server.deliver()).toMatchObject({ body: { moved: 1 } })
		expect(await server.incidents()).toMatchObject([
			{
				model: 'credit-risk',
				environment: 'production',
				status: 'open',
				severity: 'warning',
				title: 'credit-risk in production: the target was moved outside Plumbline',
				timeline: expect.arrayContaining([
					expect.objectContaining({
						what: 'MLflow: champion is version 2 of credit-risk. The deployment here is 1, and no request has asked for another one.',
					}),
				]),
			},
		])
		expect(await server.signed(verbatim.body)).toMatchObject({ body: { moved: 1 } })
		expect(await server.incidents()).toHaveLength(1)
		server.stub.setAlias('credit-risk', 'champion', '1')
		expect(await server.signed(verbatim.body, { id: 'd2' })).toMatchObject({ body: { read: 1 } })
		expect(await server.incidents()).toMatchObject([{ status: 'resolved' }])
		// What serves here has not changed by itself.
		const { body } = await server.fetch('/v1/models/credit-risk/deployments/production')
		expect(body).toMatchObject({ champion: '1', revision: 1 })
	})

	it('that is delivered again is known', async ({ server }) => {
		await server.deliver()
		expect(await server.deliver()).toMatchObject({ status: 200, body: { status: 'known' } })
		expect(server.stub.target.received).toHaveLength(1)
	})

	it('is refused when its signature is wrong, old, of the future or missing', async ({ server }) => {
		const { body } = verbatim
		for (const refused of [
			await server.deliver(body.replace('"2"', '"1"')),
			await server.deliver(body, { ...verbatim.headers, 'X-MLflow-Delivery-Id': 'another' }),
			await server.deliver(body, {}),
			await server.signed(body, { key: 'another' }),
			await server.signed(body, { at: sentAt - 301_000 }),
			await server.signed(body, { at: sentAt + 301_000 }),
		])
			expect(refused).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
		expect(server.stub.target.received).toHaveLength(0)
	})

	it('about something else changes nothing; without a shape it is invalid', async ({ server }) => {
		const ignored = [
			{ entity: 'registered_model', action: 'created', data: { name: 'credit-risk' } },
			{ entity: 'model_version_tag', action: 'set', data: {} },
		]
		for (const body of ignored)
			expect(await server.signed(JSON.stringify(body))).toMatchObject({ body: { status: 'ignored' } })
		const other = {
			entity: 'model_version_alias',
			action: 'deleted',
			data: { name: 'other', alias: 'champion' },
		}
		expect(await server.signed(JSON.stringify(other))).toMatchObject({ body: { status: 'checked', read: 0 } })
		for (const body of ['{}', '[]', 'x', '{"entity":"model_version_alias","action":"created","data":{}}'])
			expect(await server.signed(body)).toMatchObject({ status: 422 })
		expect(await server.signed('x'.repeat(66_000))).toMatchObject({ status: 413 })
		expect(server.stub.target.received).toHaveLength(0)
	})

	it('is not taken without a secret, which the answer names', async ({ server }) => {
		server.context.hooks = {}
		expect(await server.deliver()).toMatchObject({
			status: 404,
			body: { detail: expect.stringContaining('PLUMBLINE_MLFLOW_WEBHOOK_SECRET') },
		})
	})
})

describe('the job check-targets, where MLflow sends nothing', () => {
	it('sees the same, and says so once', async ({ server }) => {
		expect(await checkServing.run(server.context)).toEqual({ read: 1, moved: 0, unreadable: 0 })
		server.stub.setAlias('credit-risk', 'champion', '2')
		for (let i = 0; i < 3; i++)
			expect(await checkServing.run(server.context)).toEqual({ read: 0, moved: 1, unreadable: 0 })
		expect(await server.incidents()).toHaveLength(1)
	})

	it('that cannot read the target claims nothing', async ({ server }) => {
		server.stub.target.fault = { status: 500 }
		expect(await checkServing.run(server.context)).toEqual({ read: 0, moved: 0, unreadable: 1 })
		expect(await server.incidents()).toEqual([])
	})

	it('gives a change of ours time to show', async ({ server }) => {
		const at = '/v1/models/credit-risk/deployments/production'
		await server.fetch(at, { method: 'PUT', json: { champion: '2' } })
		expect(await checkServing.run(server.context)).toEqual({ read: 1, moved: 0, unreadable: 0 })
		server.clock.advance(180_000)
		expect(await checkServing.run(server.context)).toEqual({ read: 0, moved: 1, unreadable: 0 })
	})
})
