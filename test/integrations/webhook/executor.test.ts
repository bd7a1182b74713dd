import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { webhookExecutor } from '../../../src/integrations/webhook/executor.ts'
import { secretReader } from '../../../src/platform/node/read-secret.ts'
import { openedBy } from '../../support/fixtures.ts'
import { type Received, startTarget } from '../../support/target.ts'
import { callFor, describeExecutor, rollback, type Subject } from '../executor-contract.ts'

const secret = `whsec_${Buffer.from('a webhook secret of the tests 01').toString('base64')}`
const otherSecret = `whsec_${Buffer.from('another secret of the tests 0002').toString('base64')}`

/** A target that swaps the serving version, once for each id. */
async function swapper() {
	let version: string | null = '7'
	const done = new Set<string>()
	const target = await startTarget((request: Received) => {
		if (request.method === 'GET') return { status: 200, body: { version } }
		// Throws unless the signature is right and recent: the library is the oracle.
		const headers = request.headers as Record<string, string>
		const { data } = new Webhook(secret).verify(request.body, headers) as { data: { action: { to: string } } }
		const id = String(headers['webhook-id'])
		if (!done.has(id)) {
			done.add(id)
			version = data.action.to
		}
		return { status: 200, body: { status: 'done', detail: `serving ${version}` } }
	})
	const environment: Record<string, string> = { OPS_SECRET: secret }
	const context = {
		fetch,
		now: () => Date.now(),
		random: (n: number) => crypto.getRandomValues(new Uint8Array(n)),
		readSecret: secretReader(environment),
	}
	const settings: Record<string, unknown> = {
		url: `${target.url}/act/{model}`,
		read: `${target.url}/state/{model}/{environment}`,
		secret: 'env:OPS_SECRET',
		timeout: '500ms',
	}
	return {
		kind: webhookExecutor(context),
		context,
		environment,
		settings,
		target,
		secret,
		secretSetting: 'secret',
		effects: () => done.size,
		setVersion: (next: string | null) => {
			version = next
		},
		close: () => target.close(),
	} satisfies Subject & Record<string, unknown>
}

describeExecutor(swapper)

const it = test.extend('subject', openedBy(swapper))
const opened = ({ kind, settings }: Awaited<ReturnType<typeof swapper>>, more: object = {}) =>
	kind.open(kind.settings.parse({ ...settings, ...more }))

describe('what the webhook executor sends', () => {
	it('is the action with its digest, signed under the key of the request', async ({ subject }) => {
		const call = callFor(rollback)
		expect(await opened(subject).act(call)).toEqual({ status: 'done', detail: 'serving 6' })
		const [{ method, path, headers, body }] = subject.target.received as [Received]
		expect([method, path]).toEqual(['POST', '/act/credit-default'])
		expect(headers['webhook-id']).toBe(call.idempotencyKey)
		expect(headers['content-type']).toBe('application/json')
		expect(JSON.parse(body)).toEqual({
			type: 'plumbline.action',
			timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
			data: { request: call.idempotencyKey, action: rollback, actionDigest: call.actionDigest },
		})
	})

	it('for a read has an id of its own each time, so that the action is not taken for a repetition', async ({
		subject,
	}) => {
		const executor = opened(subject)
		const call = callFor(rollback)
		await executor.read?.(call)
		await executor.read?.(call)
		const ids = subject.target.received.map((r) => r.headers['webhook-id'])
		expect(new Set([...ids, call.idempotencyKey]).size).toBe(3)
		for (const { headers } of subject.target.received)
			expect(() => new Webhook(secret).verify('', headers as Record<string, string>)).not.toThrow()
	})

	it('is signed with the secret as it is now, from a variable or a file', async ({ subject }) => {
		const folder = await mkdtemp(join(tmpdir(), 'plumbline-secret-'))
		const file = join(folder, 'secret')
		const executor = opened(subject, { secret: `file:${file}` })
		expect((await executor.act(callFor(rollback))).detail).toBe(
			`The secret file:${file} cannot be used: the file cannot be read (ENOENT).`,
		)
		await writeFile(file, `${otherSecret}\n`)
		expect(await executor.act(callFor(rollback))).toMatchObject({ status: 'refused' })
		await writeFile(file, `${secret}\n`)
		expect(await executor.act(callFor(rollback))).toMatchObject({ status: 'done' })
		await rm(folder, { recursive: true })
	})

	it.for([
		['plain text', 'not-a-webhook-secret'],
		['bytes that are not Base64', 'whsec_???'],
		['no bytes', 'whsec_'],
	])('is not sent when the secret is %s, which the message does not show', async ([, text], { subject }) => {
		subject.environment.OPS_SECRET = text as string
		const acted = await opened(subject).act(callFor(rollback))
		expect(acted).toEqual({
			status: 'unsure',
			known: 'not-done',
			detail: 'The secret env:OPS_SECRET cannot be used: it must be whsec_ and the key in Base64.',
		})
		expect(subject.target.received).toEqual([])
	})
})

describe('what the target answers', () => {
	const answers = [
		[{ status: 200, body: { status: 'done' } }, 'done'],
		[{ status: 201, body: { status: 'done', more: 1 } }, 'done'],
		[{ status: 202, body: { status: 'done' } }, 'done'],
		[{ status: 202, body: '' }, 'accepted'],
		[{ status: 202, body: '<html>' }, 'accepted'],
		[{ status: 200, body: { status: 'failed', detail: 'no such version' } }, 'refused'],
		[{ status: 200, body: { status: 'DONE' } }, 'unsure'],
		[{ status: 200, body: { status: 'working' } }, 'unsure'],
		[{ status: 200, body: '' }, 'unsure'],
		[{ status: 204 }, 'unsure'],
		[{ status: 200, body: 'done' }, 'unsure'],
		[{ status: 200, body: 'null' }, 'unsure'],
		[{ status: 200, body: `{"status":"done","detail":"${'x'.repeat(70_000)}"}` }, 'unsure'],
		[{ status: 304 }, 'refused'],
		[{ status: 404, body: { detail: 'no route' } }, 'refused'],
		[{ status: 409, body: 'conflict' }, 'refused'],
		[{ status: 507 }, 'unsure'],
	] as const
	test.for(answers)('%j is %s', async ([answer, expected]) => {
		const target = await startTarget(() => answer)
		const { context, settings, close } = await swapper()
		const kind = webhookExecutor(context)
		const executor = kind.open(kind.settings.parse({ ...settings, url: target.url }))
		const acted = await executor.act(callFor(rollback))
		expect(acted.status).toBe(expected)
		expect(acted.detail.length).toBeLessThan(500)
		await target.close()
		await close()
	})

	const states = [
		[{ version: '6' }, { version: '6' }],
		[{ version: 6 }, { version: '6' }],
		[{ version: null }, { version: null }],
		[{ version: '6', canary: { version: 7, percent: 10 } }, { canary: { version: '7', percent: 10 } }],
		[{ version: '6', canary: null }, { canary: null }],
		[{}, undefined],
		[{ version: {} }, undefined],
		[[], undefined],
	] as const
	test.for(states)('to a read, %j is %j', async ([body, expected]) => {
		const target = await startTarget(() => ({ status: 200, body }))
		const { context, settings, close } = await swapper()
		const kind = webhookExecutor(context)
		const executor = kind.open(kind.settings.parse({ ...settings, read: target.url }))
		const state = await executor.read?.(callFor(rollback))
		if (expected === undefined) expect(state).toMatchObject({ ok: false })
		else expect(state).toMatchObject({ ok: true, value: expected })
		await target.close()
		await close()
	})

	it.for([
		['a date', new Date(Date.now() + 90_000).toUTCString(), [80_000, 91_000]],
		['an absurd number', '99999999999', [3_600_000, 3_600_000]],
	] as const)(
		'with Retry-After as %s, says when to try again',
		async ([, header, [low, high]], { subject }) => {
			subject.target.fault = { status: 429, headers: { 'retry-after': header } }
			const acted = await opened(subject).act(callFor(rollback))
			const wait = acted.status === 'unsure' ? (acted.retryAfterMs ?? 0) : 0
			expect(wait).toBeGreaterThanOrEqual(low)
			expect(wait).toBeLessThanOrEqual(high)
		},
	)

	it.for([
		['a name that does not resolve', () => 'https://no-such-host.invalid/act'],
		['a server without TLS', (url: string) => url.replace('http:', 'https:')],
		['a port where nothing listens', () => 'http://127.0.0.1:2/act'],
		['a port that fetch refuses', () => 'http://127.0.0.1:1/act'],
	] as const)('without a connection, to %s, is known to have no effect', async ([, urlOf], { subject }) => {
		const acted = await opened(subject, { url: urlOf(subject.target.url), timeout: '5s' }).act(
			callFor(rollback),
		)
		expect(acted).toMatchObject({ status: 'unsure', known: 'not-done' })
		expect(subject.effects()).toBe(0)
	})

	it('with a nonsensical Retry-After, leaves the pause to the engine', async ({ subject }) => {
		subject.target.fault = { status: 503, headers: { 'retry-after': 'soon' } }
		expect(await opened(subject).act(callFor(rollback))).toMatchObject({ retryAfterMs: undefined })
	})
})

describe('a result that is called back', () => {
	const send = async (body: string, { at = Date.now(), key = secret, id = 'msg_1' } = {}) => {
		const subject = await swapper()
		const signature = new Webhook(key).sign(id, new Date(at), body)
		const timestamp = String(Math.floor(at / 1000))
		const headers = new Headers({
			'webhook-id': id,
			'webhook-timestamp': timestamp,
			'webhook-signature': signature,
		})
		return {
			headers,
			subject,
			take: (sent = body) =>
				opened(subject).resultOf?.(headers, new TextEncoder().encode(sent)) as Promise<unknown>,
		}
	}
	const done = JSON.stringify({ status: 'done', detail: 'serving 6' })

	test('is taken when it is signed with the secret', async () => {
		const { take, headers, subject } = await send(done)
		expect(await take()).toEqual({ status: 'done', detail: 'serving 6' })
		// A sender that changes its key signs with both.
		headers.set('webhook-signature', `v1,AAAA ${headers.get('webhook-signature')} v2,zzz`)
		expect(await take()).toMatchObject({ status: 'done' })
		await subject.close()
	})

	test('is not taken when any part of it was changed', async () => {
		const { take, headers, subject } = await send(done)
		expect(await take(done.replace('done', 'failed'))).toBeUndefined()
		for (const [name, value] of [
			['webhook-id', 'msg_2'],
			['webhook-id', ''],
			['webhook-timestamp', '1'],
			['webhook-timestamp', `${headers.get('webhook-timestamp')}.0`],
			['webhook-timestamp', ''],
			['webhook-signature', 'v1,'],
			['webhook-signature', String(headers.get('webhook-signature')).replace('v1', 'v1a')],
			['webhook-signature', 'x'.repeat(10_000)],
			['webhook-signature', ''],
		] as const) {
			const before = headers.get(name) as string
			headers.set(name, value)
			expect(await take(), `${name}: ${value}`).toBeUndefined()
			headers.set(name, before)
		}
		expect(await take()).toMatchObject({ status: 'done' })
		await subject.close()
	})

	test.for([
		['old', -301_000],
		['of the future', 302_000],
	] as const)('is not taken when it is %s', async ([, skew]) => {
		const { take, subject } = await send(done, { at: Date.now() + skew })
		expect(await take()).toBeUndefined()
		await subject.close()
	})

	test('is not taken when it is signed with another secret', async () => {
		const { take, subject } = await send(done, { key: otherSecret })
		expect(await take()).toBeUndefined()
		await subject.close()
	})

	test.for(['{}', '[]', 'done', '{"status":"working"}', '{"status":"done","more":1}', ''])(
		'of another shape says so: %s',
		async (body) => {
			const { take, subject } = await send(body)
			await expect(take()).rejects.toThrow('The result must be {"status"')
			await subject.close()
		},
	)
})

describe('the settings of the webhook executor', () => {
	const { settings } = webhookExecutor({} as Parameters<typeof webhookExecutor>[0])
	const faultOf = (more: object) =>
		settings.safeParse({ url: 'https://ops.example/act', secret: 'env:X', ...more }).error?.issues[0]?.message

	test.for([
		[{}, undefined],
		[{ read: 'https://ops.example/{model}?e={environment}', timeout: '20s' }, undefined],
		[{ url: 'http://127.0.0.1:1/act' }, undefined],
		[{ url: 'http://[::1]/act' }, undefined],
		[{ url: 'http://ops.internal/act', insecure: true }, undefined],
		[{ secret: 'file:/run/secrets/ops' }, undefined],
		[{ url: 'http://ops.internal/act' }, 'must begin with https://'],
		[{ url: 'http://localhost.evil.example/act' }, 'must begin with https://'],
		[{ url: 'https://user:password@ops.example/' }, 'must not contain a user or password'],
		[{ url: 'ftp://ops.example/' }, 'must begin with https:// or http://'],
		[{ url: '/act' }, 'must be a URL'],
		[{ url: 'https://{model}.ops.example/' }, 'must not have a placeholder in its host'],
		[
			{ read: 'https://ops.example/{version}' },
			'has the unknown placeholder {version}; known are {model}, {environment}',
		],
		[{ secret: 'whsec_abc' }, 'must be env:NAME or file:PATH'],
		[{ secret: 'env:' }, 'must be env:NAME or file:PATH'],
		[{ timeout: '2m' }, 'must be a duration from 100ms to 20s'],
		[{ timeout: '10' }, 'must be a duration from 100ms to 20s'],
		[{ nonsense: 1 }, 'Unrecognized key'],
	] as const)('%j: %s', ([more, fault]) => {
		if (fault === undefined) expect(faultOf(more)).toBeUndefined()
		else expect(faultOf(more)).toContain(fault)
	})

	test('a query, which may hold a token, is not part of the plan', () => {
		const url = 'https://ops.example/act?token=very-secret'
		const kind = webhookExecutor({} as Parameters<typeof webhookExecutor>[0])
		const [line] = kind.open({ url, secret: 'env:X' }).plan(rollback).calls
		expect(line).toContain('POST https://ops.example/act?…')
		expect(line).not.toContain('very-secret')
	})
})
