import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect } from 'vitest'
import { defaultLimits } from '../../../src/core/limits.ts'
import { openDatabase } from '../../../src/db/database.ts'
import { openSql } from '../../../src/db/open-node.ts'
import { setDeployment } from '../../../src/registry/deployment/set-deployment.ts'
import { approvalServer } from '../../support/approvals.ts'
import { openEvents } from '../../support/event-stream.ts'
import { withOpener, withServer, withServerPerTest } from '../../support/fixtures.ts'
import { type TestServer, testServer } from '../../support/server.ts'

const test = withServer()
const path = '/v1/models/credit/deployments'
type Server = Pick<TestServer, 'fetch' | 'url' | 'adminKey'>
const put = (server: Server, environment: string, champion: string, percent?: number) =>
	server.fetch(`${path}/${environment}`, {
		method: 'PUT',
		json: { champion, ...(percent === undefined ? {} : { canary: { version: '3', percent } }) },
	})
const tagOf = async (server: Server, environment: string) =>
	(await server.fetch(`${path}/${environment}`)).headers.get('etag') as string
const wait = (server: Server, environment: string, tag?: string, time = '30s', key?: string) =>
	server.fetch(`${path}/${environment}?wait=${time}`, {
		...(tag === undefined ? {} : { headers: { 'if-none-match': tag } }),
		...(key === undefined ? {} : { key }),
	})
const follow = (server: Server, environment: string, headers: Record<string, string> = {}) =>
	openEvents(`${server.url}${path}/${environment}`, {
		authorization: `Bearer ${server.adminKey}`,
		...headers,
	})
const soon = () => new Promise((resolve) => setTimeout(resolve, 50))

/** An environment of its own, with a deployment. */
async function deployed(server: TestServer): Promise<string> {
	const environment = randomUUID()
	await put(server, environment, '1')
	return environment
}

async function prepare(server: TestServer) {
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
	for (const version of ['1', '2', '3'])
		await server.post('/v1/models/credit/versions', { version, features: [] })
}
test.beforeAll(({ server }) => prepare(server))

describe('a wait', () => {
	test('is answered at once when the tag is another one, or there is none', async ({ server }) => {
		const environment = await deployed(server)
		for (const tag of ['"0"', 'W/"x", "y"', undefined])
			expect(await wait(server, environment, tag)).toMatchObject({ status: 200, body: { champion: '1' } })
	})

	test('is answered as soon as the deployment changes', async ({ server }) => {
		const environment = await deployed(server)
		const tag = await tagOf(server, environment)
		const waits = [tag, `W/${tag}`, `"x", ${tag}`, '*'].map((t) => wait(server, environment, t, '60s'))
		await soon()
		const changed = await put(server, environment, '2', 5)
		for (const answer of await Promise.all(waits)) {
			expect(answer).toMatchObject({ status: 200, body: changed.body })
			expect(answer.headers.get('etag')).toBe(changed.headers.get('etag'))
		}
	})

	test('is 304 with the same tag when the time is up', async ({ server }) => {
		const environment = await deployed(server)
		const tag = await tagOf(server, environment)
		for (const time of ['50ms', '0.05s', '0s']) {
			const answer = await wait(server, environment, tag, time)
			expect([answer.status, answer.text, answer.headers.get('etag')], time).toEqual([304, '', tag])
		}
	})

	test('does not end for what changes nothing, or changes elsewhere', async ({ server }) => {
		const [here, elsewhere] = [await deployed(server), await deployed(server)]
		const tag = await tagOf(server, here)
		const answer = wait(server, here, tag, '1s')
		await soon()
		await put(server, elsewhere, '2')
		await put(server, here, '1')
		expect((await answer).status).toBe(304)
	})

	test('is 422 with a bad duration', async ({ server }) => {
		const environment = await deployed(server)
		for (const time of [
			'61s',
			'2m',
			'1h',
			'30',
			'-1s',
			's',
			'',
			'soon',
			'1e1s',
			'٣s',
			'99999999999999999999s',
		]) {
			const { status, body } = await wait(server, environment, undefined, encodeURIComponent(time))
			expect([status, body.errors], time).toEqual([
				422,
				[{ path: 'wait', message: 'must be a duration of at most 60s, such as 30s' }],
			])
		}
		expect((await server.fetch(`${path}/${environment}?wait=1s&wait=2s`)).status).toBe(422)
		expect((await wait(server, environment, undefined, '1m')).status).toBe(200)
		expect((await wait(server, environment, undefined, '60000ms')).status).toBe(200)
	})

	test('is answered with the first deployment of an environment', async ({ server }) => {
		const environment = randomUUID()
		expect((await server.fetch(`${path}/${environment}`)).status).toBe(404)
		const waits = [undefined, '"1"', '*'].map((tag) => wait(server, environment, tag))
		await soon()
		await put(server, environment, '2')
		for (const answer of await Promise.all(waits))
			expect(answer).toMatchObject({ status: 200, body: { champion: '2', revision: 1 } })
	})

	test('is 404 when the time is up and nothing is deployed, and at once for what cannot be', async ({
		server,
	}) => {
		expect((await wait(server, randomUUID(), '"1"', '50ms')).status).toBe(404)
		expect((await wait(server, 'a%2Fb')).status).toBe(404)
		expect(await server.fetch('/v1/models/creditt/deployments/production?wait=30s')).toMatchObject({
			status: 404,
			body: { detail: expect.stringContaining('Did you mean "credit"?') },
		})
	})

	test('is answered to HEAD without a body', async ({ server }) => {
		const environment = await deployed(server)
		const tag = await tagOf(server, environment)
		const headers = { authorization: `Bearer ${server.adminKey}`, 'if-none-match': tag }
		const waiting = fetch(`${server.url}${path}/${environment}?wait=30s`, { method: 'HEAD', headers })
		await soon()
		await put(server, environment, '2')
		const answer = await waiting
		expect([answer.status, await answer.text(), answer.headers.get('etag')]).toEqual([
			200,
			'',
			await tagOf(server, environment),
		])
	})

	test('is 401 as soon as the key is revoked', async ({ server }) => {
		const environment = await deployed(server)
		const { body: key } = await server.post('/v1/keys', { name: 'follower', role: 'viewer' })
		const waiting = wait(server, environment, await tagOf(server, environment), '60s', key.secret)
		await soon()
		await server.fetch(`/v1/keys/${key.id}`, { method: 'DELETE' })
		expect(await waiting).toMatchObject({
			status: 401,
			body: { detail: expect.stringContaining('was revoked') },
		})
	})
})

describe('a stream', () => {
	test('sends the current deployment, then each later one, in order', async ({ server }) => {
		const environment = await deployed(server)
		const { body: first } = await put(server, environment, '2')
		const stream = await follow(server, environment)
		expect([
			stream.response.status,
			...['content-type', 'cache-control', 'x-accel-buffering'].map((name) =>
				stream.response.headers.get(name),
			),
		]).toEqual([200, 'text/event-stream', 'no-store, no-transform', 'no'])
		expect(await stream.next()).toEqual({ event: 'deployment', id: '2', data: first })
		for (let percent = 1; percent <= 20; percent++) await put(server, environment, '2', percent)
		for (let percent = 1; percent <= 20; percent++)
			expect(await stream.next()).toMatchObject({
				event: 'deployment',
				id: String(percent + 2),
				data: { revision: percent + 2, canary: { version: '3', percent } },
			})
		stream.close()
	})

	test('leaves out what the client knows by Last-Event-ID', async ({ server }) => {
		const environment = await deployed(server)
		for (const champion of ['2', '3', '1']) await put(server, environment, champion)
		/** The events of a client that has seen some, up to a change to revision 5 that is made meanwhile. */
		const idsAfter = async (lastEventId: string, revision: number) => {
			const stream = await follow(server, environment, { 'last-event-id': lastEventId })
			const ids: string[] = []
			while (ids.length < revision) ids.push(String((await stream.next())?.id))
			stream.close()
			return ids
		}
		expect(await idsAfter('1', 3)).toEqual(['2', '3', '4'])
		expect(await idsAfter('0', 4)).toEqual(['1', '2', '3', '4'])
		// What nobody has sent, or a database had that was restored since: as if there were none.
		for (const id of ['5', '999999999999999999999', '-1', '1.5', 'x', '0x1', ''])
			expect(await idsAfter(id, 1), id).toEqual(['4'])
		const stream = await follow(server, environment, { 'last-event-id': '4' })
		expect(await stream.nextBlock()).toEqual({ comment: '' })
		await put(server, environment, '2')
		expect(await stream.next()).toMatchObject({ id: '5', data: { champion: '2' } })
		stream.close()
	})

	test('waits for the first deployment of an environment, and is 404 where there can be none', async ({
		server,
	}) => {
		const environment = randomUUID()
		const stream = await follow(server, environment)
		expect(await stream.nextBlock()).toEqual({ comment: '' })
		await put(server, environment, '2')
		expect(await stream.next()).toMatchObject({ id: '1', data: { champion: '2' } })
		stream.close()
		for (const at of ['/v1/models/credit/deployments/a%2Fb', '/v1/models/none/deployments/production'])
			expect((await server.fetch(at, { headers: { accept: 'text/event-stream' } })).status).toBe(404)
	})

	test('is what an Accept header names that does not prefer JSON', async ({ server }) => {
		const environment = await deployed(server)
		const typeOf = async (accept: string, method = 'GET') => {
			const headers = { authorization: `Bearer ${server.adminKey}`, accept }
			const abort = new AbortController()
			const answer = await fetch(`${server.url}${path}/${environment}`, {
				...{ method, headers, signal: abort.signal },
			})
			expect([answer.status, answer.headers.get('vary')], accept).toEqual([200, 'Accept'])
			abort.abort()
			return answer.headers.get('content-type')
		}
		for (const accept of [
			'text/event-stream',
			'text/event-stream, */*',
			'Text/Event-Stream; q=0.5',
			'text/*',
			'application/json;q=0, */*',
		])
			expect(await typeOf(accept), accept).toBe('text/event-stream')
		for (const accept of [
			'*/*',
			'application/json',
			'text/*, application/json',
			'text/event-stream;q=0, */*',
		])
			expect(await typeOf(accept), accept).toBe('application/json')
		expect(await typeOf('application/json, text/event-stream;q=0.9')).toBe('application/json')
		expect(await typeOf('text/event-stream', 'HEAD')).toBe('text/event-stream')
		const other = { headers: { accept: 'text/plain' } }
		expect((await server.fetch(`${path}/${environment}`, other)).status).toBe(406)
	})

	test('ends when the key is revoked or expires', async ({ server }) => {
		const environment = await deployed(server)
		const keyOf = async (more = {}) =>
			(await server.post('/v1/keys', { name: 'follower', role: 'viewer', ...more })).body
		const [revoked, expired] = [await keyOf(), await keyOf({ expires: '1h' })]
		const [one, other] = await Promise.all(
			[revoked, expired].map(({ secret }) =>
				follow(server, environment, { authorization: `Bearer ${secret}` }),
			),
		)
		for (const stream of [one, other]) expect(await stream?.next()).toMatchObject({ id: '1' })
		await server.fetch(`/v1/keys/${revoked.id}`, { method: 'DELETE' })
		expect(await one?.next()).toBeUndefined()
		await put(server, environment, '2')
		expect(await other?.next()).toMatchObject({ id: '2' })
		server.clock.advance(3_600_000)
		expect(await other?.next()).toBeUndefined()
		expect((await wait(server, environment, undefined, '1s', expired.secret)).status).toBe(401)
	})

	test('sends every revision, in order, to a client that reads late', async ({ server }) => {
		const environment = await deployed(server)
		const { hostname, port } = new URL(server.url)
		const socket = connect(Number(port), hostname)
		socket.write(
			`GET ${path}/${environment} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.adminKey}\r\nAccept: text/event-stream\r\n\r\n`,
		)
		await once(socket, 'readable')
		// More than what sockets hold, each in a row of the table as PUT would add it.
		const { context } = server
		const since = context.now()
		const challenger = 'x'.repeat(2000)
		const last = 8000
		for (let from = 2; from <= last; from += 1000)
			await context.sql.batch(
				Array.from({ length: Math.min(1000, last - from + 1) }, (_, i) => ({
					sql: 'INSERT INTO deployment (model, environment, revision, champion, challenger, since) VALUES (?, ?, ?, ?, ?, ?)',
					params: ['credit', environment, from + i, '1', challenger, since],
				})),
			)
		const [answer] = [await wait(server, environment, `"${last}"`, '0s')]
		expect(answer.body.revision).toBe(last)
		let text = ''
		let ids: number[] = []
		socket.setEncoding('utf8')
		for await (const part of socket) {
			text += part
			if (!text.slice(-5000).includes(`id: ${last}\n`)) continue
			ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
			break
		}
		expect(ids).toEqual(Array.from({ length: last }, (_, i) => i + 1))
	})
})

withServerPerTest(approvalServer)('an approved rollback reaches who follows', async ({ server }) => {
	const tag = await tagOf(server, 'production')
	const [stream, waiting] = [await follow(server, 'production'), wait(server, 'production', tag, '60s')]
	expect(await stream.next()).toMatchObject({ id: '2', data: { champion: '7' } })
	const { body: request } = await server.ask({ to: '6' })
	for (const key of [server.keys.ana, server.keys.ben])
		expect((await server.vote(request, key)).status).toBe(201)
	expect(await stream.next()).toMatchObject({ id: '3', data: { champion: '6' } })
	expect(await waiting).toMatchObject({ status: 200, body: { champion: '6' } })
	stream.close()
})

test('changes that another process makes are seen too', async ({ server }) => {
	const environment = await deployed(server)
	const waiting = wait(server, environment, await tagOf(server, environment), '60s')
	const stream = await follow(server, environment)
	expect(await stream.next()).toMatchObject({ id: '1' })
	const sql = await openSql(server.databaseUrl)
	const other = { ...server.context, sql, db: openDatabase(sql), committed: () => {} }
	const admin = { id: 'cli', how: 'cli', role: 'admin', models: ['*'] } as const
	await setDeployment(other, admin, 'credit', environment, { champion: '3' })
	await sql.close()
	expect(await waiting).toMatchObject({ status: 200, body: { champion: '3' } })
	expect(await stream.next()).toMatchObject({ id: '2', data: { champion: '3' } })
	stream.close()
})

describe('a server with few connections and followers', () => {
	const limited = withOpener(async (connections: number) => {
		const server = await testServer({}, { limits: { ...defaultLimits, connections, followers: 6 } })
		await prepare(server)
		await put(server, 'production', '1')
		return server
	})

	limited('serves others beside as many followers as are allowed, and refuses more', async ({ open }) => {
		const server = await open(4)
		const streams = []
		for (let n = 0; n < 6; n++) {
			const stream = await follow(server, 'production')
			expect(await stream.next(), String(n)).toMatchObject({ id: '1' })
			streams.push(stream)
		}
		const tag = await tagOf(server, 'production')
		const refused = await wait(server, 'production', tag)
		expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded' } })
		expect(refused.headers.get('retry-after')).toBe('5')
		const headers = { accept: 'text/event-stream' }
		expect((await server.fetch(`${path}/production`, { headers })).status).toBe(503)
		expect((await put(server, 'production', '2')).status).toBe(200)
		for (const stream of streams) {
			expect(await stream.next()).toMatchObject({ id: '2' })
			stream.close()
		}
	})

	limited('has room again when followers are gone', async ({ open }) => {
		const server = await open(100)
		const tag = await tagOf(server, 'production')
		for (let round = 0; round < 3; round++) {
			const abort = new AbortController()
			const headers = { authorization: `Bearer ${server.adminKey}`, 'if-none-match': tag }
			// Again when another one was first, until it is given up.
			const waitOn = async (): Promise<void> => {
				const at = `${server.url}${path}/production?wait=60s`
				const answer = await fetch(at, { headers, signal: abort.signal }).catch(() => undefined)
				if (answer?.status === 503) await waitOn()
			}
			const waits = Array.from({ length: 3 }, waitOn)
			const streams = await Promise.all(Array.from({ length: 3 }, () => follow(server, 'production')))
			for (const stream of streams) expect(await stream.next()).toMatchObject({ id: '1' })
			const refusal = () => wait(server, 'production', tag, '1ms')
			await expect.poll(async () => (await refusal()).status).toBe(503)
			abort.abort()
			await Promise.all(waits)
			for (const stream of streams) stream.close()
			await expect.poll(async () => (await refusal()).status).toBe(304)
		}
	})
})

test('a server of its own ends waits and streams when it stops', async () => {
	const server = await testServer()
	await prepare(server)
	await put(server, 'production', '1')
	const waiting = wait(server, 'production', await tagOf(server, 'production'), '60s')
	const stream = await follow(server, 'production')
	expect(await stream.next()).toMatchObject({ id: '1' })
	await server.close()
	expect((await waiting).status).toBe(304)
	expect(await stream.next()).toBeUndefined()
})
