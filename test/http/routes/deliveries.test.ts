import { Webhook } from 'standardwebhooks'
import { describe, expect } from 'vitest'
import { executeRequest } from '../../../src/execution/execute.ts'
import { connectIntegrations } from '../../../src/integrations/index.ts'
import { secretReader } from '../../../src/platform/node/read-secret.ts'
import { approvedRequest, storyOf } from '../../support/approved.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { defaultPolicies } from '../../support/policies.ts'
import { testServer } from '../../support/server.ts'
import { type Received, startTarget } from '../../support/target.ts'

const secret = `whsec_${Buffer.from('a webhook secret of the tests 01').toString('base64')}`
const rollback = { kind: 'rollback', model: 'credit', environment: 'production', from: '8', to: '7' }

/** A server whose actions go to a target that answers 202 and works until it is told to be done. */
async function withTarget() {
	const state = { version: '8', status: 202 }
	const target = await startTarget((request: Received) =>
		request.method === 'GET'
			? { status: 200, body: { version: state.version } }
			: { status: state.status, body: { status: 'accepted' } },
	)
	const webhook = { url: `${target.url}/act`, read: `${target.url}/state`, secret: 'env:OPS_SECRET' }
	const policies = { ...defaultPolicies, executors: [{ name: 'webhook', settings: webhook }] }
	const server = await testServer(
		{},
		{ policies: { current: () => policies }, readSecret: secretReader({ OPS_SECRET: secret }) },
	)
	connectIntegrations(server.context, {})
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
	for (const version of ['7', '8']) await server.post('/v1/models/credit/versions', { version, features: [] })
	await server.fetch('/v1/models/credit/deployments/production', { method: 'PUT', json: { champion: '8' } })
	const accepted = async () => {
		const { id } = await approvedRequest(server.context, rollback)
		await executeRequest(server.context, id)
		expect((await storyOf(server.context, id)).steps.at(-1)).toContain('202')
		return id
	}
	const report = (id: string, body: object | string, more: Partial<Signed> = {}) => {
		const text = typeof body === 'string' ? body : JSON.stringify(body)
		const { messageId = id, at = server.clock.now, key = secret, sent = text } = more
		return server.fetch(`/v1/requests/${id}/result`, {
			method: 'POST',
			key: null,
			body: sent,
			headers: {
				'content-type': 'application/json',
				'webhook-id': messageId,
				'webhook-timestamp': String(Math.floor(at / 1000)),
				'webhook-signature': new Webhook(key).sign(messageId, new Date(at), text),
			},
		})
	}
	const goOn = async (id: string) => {
		server.clock.advance(120_000)
		await executeRequest(server.context, id)
		return storyOf(server.context, id)
	}
	return {
		...server,
		state,
		target,
		accepted,
		report,
		goOn,
		async close() {
			await server.close()
			await target.close()
		},
	}
}
type Signed = { messageId: string; at: number; key: string; sent: string }

const it = withServerPerTest(withTarget)

describe('a result that a target calls back with', () => {
	it('ends the request as done, once the target shows it', async ({ server }) => {
		const id = await server.accepted()
		server.state.version = '7'
		expect(await server.report(id, { status: 'done', detail: 'swapped' })).toMatchObject({
			status: 200,
			body: { request: id, status: 'done' },
		})
		expect(await server.goOn(id)).toMatchObject({
			status: 'verified',
			ledger: ['start-execution', 'act-execution', 'verify-execution'],
		})
		// The target has heard of it once.
		expect(server.target.received.filter((r) => r.method === 'POST')).toHaveLength(1)
	})

	it('ends the request as failed, with its detail', async ({ server }) => {
		const id = await server.accepted()
		expect(await server.report(id, { status: 'failed', detail: 'no capacity' })).toMatchObject({
			status: 200,
		})
		expect(await server.goOn(id)).toMatchObject({ status: 'failed', error: 'no capacity' })
	})

	it('is taken twice as once; a contradiction is refused', async ({ server }) => {
		const id = await server.accepted()
		expect(await server.report(id, { status: 'done' })).toMatchObject({ status: 200 })
		expect(await server.report(id, { status: 'done' })).toMatchObject({ status: 200 })
		expect(await server.report(id, { status: 'done' }, { messageId: 'msg_2' })).toMatchObject({ status: 200 })
		expect(await server.report(id, { status: 'failed' })).toMatchObject({
			status: 409,
			body: { code: 'not-open', detail: `${id} was already reported as done.` },
		})
	})

	it('is refused when its signature is wrong, old, of the future or missing', async ({ server }) => {
		const id = await server.accepted()
		const other = `whsec_${Buffer.from('another secret of the tests 0002').toString('base64')}`
		const done = { status: 'done' }
		for (const refused of [
			await server.report(id, done, { key: other }),
			await server.report(id, done, { sent: '{"status":"failed"}' }),
			await server.report(id, done, { at: server.clock.now - 301_000 }),
			await server.report(id, done, { at: server.clock.now + 301_000 }),
			await server.fetch(`/v1/requests/${id}/result`, { method: 'POST', json: done }),
			await server.fetch(`/v1/requests/${id}/result`, { method: 'POST', json: done, key: null }),
		])
			expect(refused).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
		expect((await storyOf(server.context, id)).status).toBe('executing')
	})

	it('is about one request: a message replayed to another is refused', async ({ server }) => {
		const [first, second] = [await server.accepted(), await server.accepted()]
		const done = { status: 'done' }
		expect(await server.report(first, done, { messageId: 'msg_1' })).toMatchObject({ status: 200 })
		for (const messageId of ['msg_1', first])
			expect(await server.report(second, done, { messageId })).toMatchObject({
				status: 409,
				body: {
					code: 'conflict',
					detail: `The message ${messageId} was about another request than ${second}.`,
				},
			})
		expect((await storyOf(server.context, second)).status).toBe('executing')
	})

	it('is refused for a request that does not exist, is not carried out, or has ended', async ({ server }) => {
		const done = { status: 'done' }
		expect(await server.report('req_0', done)).toMatchObject({ status: 404 })
		const pending = await server.post('/v1/requests', { ...rollback, from: undefined, reason: 'drift' })
		expect(pending.status, pending.text).toBe(201)
		expect(await server.report(pending.body.id, done)).toMatchObject({
			status: 409,
			body: { code: 'not-open' },
		})
		const { id } = await approvedRequest(server.context, rollback)
		expect(await server.report(id, done)).toMatchObject({ status: 409, body: { code: 'not-open' } })
		server.state.status = 422
		const ended = await approvedRequest(server.context, rollback)
		await executeRequest(server.context, ended.id)
		expect((await storyOf(server.context, ended.id)).status).toBe('failed')
		expect(await server.report(ended.id, done)).toMatchObject({ status: 409, body: { code: 'not-open' } })
	})

	it.for(['{}', '[]', '"done"', 'done', '{"status":"working"}', '{"status":"done","more":1}'])(
		'of another shape is invalid: %s',
		async (body, { server }) => {
			const id = await server.accepted()
			expect(await server.report(id, body)).toMatchObject({ status: 422, body: { code: 'invalid' } })
		},
	)

	it('over 64 KB is refused, and its detail is cut', async ({ server }) => {
		const id = await server.accepted()
		const long = (length: number) => ({ status: 'failed', detail: 'x'.repeat(length) })
		expect(await server.report(id, long(66_000))).toMatchObject({ status: 413, body: { code: 'too-large' } })
		expect(await server.report(id, long(60_000))).toMatchObject({ status: 200 })
		expect((await server.goOn(id)).error?.length).toBeLessThan(600)
	})

	it('our own signed calls are no results, though the secret is the same', async ({ server }) => {
		const id = await server.accepted()
		for (const { headers, body } of server.target.received) {
			const answer = await server.fetch(`/v1/requests/${id}/result`, {
				method: 'POST',
				key: null,
				body,
				headers: Object.fromEntries(
					Object.entries(headers).filter(([name]) => name.startsWith('webhook-')),
				) as Record<string, string>,
			})
			expect(answer).toMatchObject({ status: 422 })
		}
	})

	it('cannot be checked while the secret is missing, and is asked for again', async ({ server }) => {
		const id = await server.accepted()
		server.context.readSecret = secretReader({})
		const answer = await server.report(id, { status: 'done' })
		expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } })
		expect(answer.text).not.toContain('OPS_SECRET')
	})
})
