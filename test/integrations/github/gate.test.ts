import { createHmac, createVerify, generateKeyPairSync } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { describe, expect } from 'vitest'
import { type RequestStatus, requests } from '../../../src/db/schema.ts'
import { connectIntegrations } from '../../../src/integrations/index.ts'
import { execute } from '../../../src/jobs/index.ts'
import { secretReader } from '../../../src/platform/node/read-secret.ts'
import { approvedRequest } from '../../support/approved.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { testServer } from '../../support/server.ts'
import { type Received, startTarget, type TargetAnswer } from '../../support/target.ts'

const secret = 'github-webhook-secret'
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
// GitHub gives the key of an app in this form.
const pkcs1 = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string
const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const token = 'ghs_0123456789abcdefghijklmnopqrstuvwx'
const action = { kind: 'promotion', model: 'credit', environment: 'production', from: '7', to: '8' }

/** Whether a JWT is one that the app with this key signed just now, as GitHub checks it. */
function isOfApp(jwt: string, nowMs: number): boolean {
	const [head = '', claims = '', signature = ''] = jwt.split('.')
	const { iat, exp, iss } = JSON.parse(Buffer.from(claims, 'base64url').toString())
	const now = nowMs / 1000
	const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`)
	return (
		iss === '4711' &&
		iat <= now &&
		exp > now &&
		exp - iat <= 600 &&
		verify.verify(pair.publicKey, signature, 'base64url')
	)
}

/** A server with a GitHub App, and a GitHub with two runs. */
async function withApp() {
	const titles = new Map<string, string>()
	const reviews: { run: string; body: { environment_name: string; state: string; comment: string } }[] = []
	const environment: Record<string, string> = { APP_KEY: pkcs1 }
	const github = await startTarget((request: Received): TargetAnswer => {
		const bearer = String(request.headers.authorization).replace('Bearer ', '')
		if (request.path === '/app/installations/99/access_tokens')
			return isOfApp(bearer, server.clock.now)
				? { status: 201, body: { token, expires_at: '2026-03-02T01:00:00Z' } }
				: { status: 401, body: { message: 'A JSON web token could not be decoded' } }
		if (bearer !== token) return { status: 401, body: { message: 'Bad credentials' } }
		const [, run = '', isReview] =
			/\/actions\/runs\/(\d+)(\/deployment_protection_rule)?$/.exec(request.path) ?? []
		if (!isReview) return { status: 200, body: { id: Number(run), display_title: titles.get(run) ?? '' } }
		reviews.push({ run, body: JSON.parse(request.body) })
		return { status: 204 }
	})
	const server = await testServer({}, { readSecret: secretReader(environment) })
	connectIntegrations(server.context, {
		PLUMBLINE_GITHUB_WEBHOOK_SECRET: secret,
		PLUMBLINE_GITHUB_APP_ID: '4711',
		PLUMBLINE_GITHUB_APP_KEY: 'env:APP_KEY',
		PLUMBLINE_GITHUB_API: github.url,
	})
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
	for (const version of ['7', '8']) await server.post('/v1/models/credit/versions', { version, features: [] })
	await server.fetch('/v1/models/credit/deployments/production', { method: 'PUT', json: { champion: '7' } })
	const payload = (run: string, more: object = {}) => ({
		action: 'requested',
		environment: 'production',
		event: 'workflow_dispatch',
		sha: 'f00',
		ref: 'refs/heads/main',
		deployment_callback_url: `${github.url}/repos/bank/models/actions/runs/${run}/deployment_protection_rule`,
		repository: { full_name: 'bank/models' },
		installation: { id: 99 },
		...more,
	})
	const send = (body: unknown, { key = secret, event = 'deployment_protection_rule' } = {}) => {
		const text = JSON.stringify(body)
		return server.fetch('/ingest/github/webhook', {
			method: 'POST',
			key: null,
			body: text,
			headers: {
				'x-github-event': event,
				'x-github-delivery': 'd1',
				'x-hub-signature-256': `sha256=${createHmac('sha256', key).update(text).digest('hex')}`,
			},
		})
	}
	/** A request with a status, and a run that shows it. */
	const runOf = async (run: string, status: RequestStatus, more: object = {}) => {
		const { id } = await approvedRequest(server.context, { ...action, ...more }, { status })
		titles.set(run, `deploy ${id}`)
		return id
	}
	const setStatus = (id: string, status: RequestStatus) =>
		server.context.db.update(requests).set({ status }).where(eq(requests.id, id))
	return {
		...server,
		environment,
		github,
		titles,
		reviews,
		payload,
		send,
		runOf,
		setStatus,
		async close() {
			await server.close()
			await github.close()
		},
	}
}

const it = withServerPerTest(withApp)

describe('a deployment that waits at GitHub', () => {
	it('goes on when its request is approved', async ({ server }) => {
		const id = await server.runOf('1', 'executing')
		expect(await server.send(server.payload('1'))).toMatchObject({
			status: 200,
			body: { status: 'taken', answered: 1, waiting: 0 },
		})
		expect(server.reviews).toEqual([
			{
				run: '1',
				body: { environment_name: 'production', state: 'approved', comment: `Plumbline: ${id} is approved.` },
			},
		])
		// A repeated delivery is answered once.
		await server.send(server.payload('1'))
		expect(server.reviews).toHaveLength(1)
	})

	it('waits while its request is pending, and is answered when people have decided', async ({ server }) => {
		const id = await server.runOf('1', 'pending')
		expect(await server.send(server.payload('1'))).toMatchObject({ body: { answered: 0, waiting: 1 } })
		expect(await server.context.answerGates?.()).toEqual({ answered: 0, waiting: 1 })
		expect(server.reviews).toEqual([])
		await server.setStatus(id, 'rejected')
		expect(await execute.run(server.context)).toMatchObject({ answered: 1, waiting: 0 })
		expect(server.reviews).toMatchObject([
			{ body: { state: 'rejected', comment: `Plumbline: ${id} is rejected.` } },
		])
	})

	it.for(['rejected', 'cancelled', 'expired', 'failed', 'stale', 'inconclusive', 'verified'] as const)(
		'is rejected when its request is %s',
		async (status, { server }) => {
			await server.runOf('1', status)
			await server.send(server.payload('1'))
			expect(server.reviews).toMatchObject([{ body: { state: 'rejected' } }])
		},
	)

	it('is rejected when it shows no request, one that does not exist, or one for another environment', async ({
		server,
	}) => {
		server.titles.set('1', 'deploy')
		server.titles.set('2', 'deploy req_0000')
		await server.runOf('3', 'approved', { environment: 'staging' })
		for (const run of ['1', '2', '3']) await server.send(server.payload(run))
		expect(server.reviews.map((r) => [r.body.state, r.body.comment])).toEqual([
			['rejected', 'Plumbline: the name of this run shows no request.'],
			['rejected', 'Plumbline: there is no request req_0000.'],
			['rejected', expect.stringContaining('is for the environment staging.')],
		])
	})

	it('is rejected when another run was approved for the same request', async ({ server }) => {
		const id = await server.runOf('1', 'executing')
		server.titles.set('2', `again ${id}`)
		for (const run of ['1', '2']) await server.send(server.payload(run))
		expect(server.reviews.map((r) => r.body.state)).toEqual(['approved', 'rejected'])
		expect(server.reviews[1]?.body.comment).toBe(`Plumbline: ${id} was already deployed by another run.`)
	})

	it('is not asked for with a wrong signature, and only GitHub gets the answer', async ({ server }) => {
		await server.runOf('1', 'approved')
		expect(await server.send(server.payload('1'), { key: 'another' })).toMatchObject({ status: 401 })
		for (const url of [
			'https://evil.example/repos/bank/models/actions/runs/1/deployment_protection_rule',
			`${server.github.url}/repos/bank/other/actions/runs/1/deployment_protection_rule`,
			`${server.github.url}/repos/bank/models/actions/runs/1/../../x/deployment_protection_rule`,
			`${server.github.url}/repos/bank/models/actions/runs/1`,
		])
			expect(await server.send(server.payload('1', { deployment_callback_url: url }))).toMatchObject({
				status: 422,
			})
		expect(await server.send({ zen: 'Keep it logically awesome.' }, { event: 'ping' })).toMatchObject({
			body: { status: 'ignored' },
		})
		expect(server.github.received).toEqual([])
	})

	it('waits for GitHub when that cannot be reached, and is answered later', async ({ server }) => {
		await server.runOf('1', 'approved')
		for (const fault of [{ status: 500 }, 'html', 'close'] as const) {
			server.github.fault = fault
			expect(await server.send(server.payload('1'))).toMatchObject({ status: 200, body: { waiting: 1 } })
		}
		server.github.fault = undefined
		expect(await server.context.answerGates?.()).toEqual({ answered: 1, waiting: 0 })
	})

	it('is answered with a key in either form, and waits while it is none', async ({ server }) => {
		await server.runOf('1', 'approved')
		server.environment.APP_KEY = 'no key'
		expect(await server.send(server.payload('1'))).toMatchObject({ body: { waiting: 1 } })
		server.environment.APP_KEY = pkcs8
		expect(await server.context.answerGates?.()).toEqual({ answered: 1, waiting: 0 })
	})
})
