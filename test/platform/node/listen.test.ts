import { Agent, request as nodeRequest } from 'node:http'
import { connect } from 'node:net'
import { Pool } from 'undici'
import { describe, expect } from 'vitest'
import { defaultLimits } from '../../../src/core/limits.ts'
import { withServer } from '../../support/fixtures.ts'
import { registerModel } from '../../support/rows.ts'
import { type TestServer, testServer } from '../../support/server.ts'

const it = withServer(() => testServer({}, { limits: { ...defaultLimits, headers: 50 } }))
let viewer: string
it.beforeAll(async ({ server }) => {
	viewer = await server.keyOf('viewer')
	await registerModel(server, { task: 'binary' })
})

/** Sends a text and answers what came until the server closed, or until `isEnough`. */
function speak(server: TestServer, text: string, isEnough = (_seen: string) => false): Promise<string> {
	return new Promise((resolve, reject) => {
		const { hostname, port } = new URL(server.url)
		const socket = connect(Number(port), hostname, () => socket.write(text))
		let seen = ''
		socket.on('data', (part) => {
			seen += part
			if (isEnough(seen)) socket.destroy()
		})
		socket.on('close', () => resolve(seen))
		socket.on('error', reject)
	})
}

const head = (
	server: TestServer,
	method: string,
	path: string,
	headers: Record<string, string | number>,
	key = server.adminKey,
) =>
	`${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n${Object.entries(headers)
		.map(([name, value]) => `${name}: ${value}\r\n`)
		.join('')}\r\n`
const status = (answer: string) => Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1])
const gigabyte = 2 ** 30

describe('a body that is announced as too large', () => {
	const json = 'application/json'
	it.for([
		['POST', '/v1/models', json, 40_000_000, 'objectBytes'],
		['PATCH', '/v1/models/m', json, 5 * gigabyte, 'objectBytes'],
		['POST', '/v1/keys', json, 40_000_000, 'objectBytes'],
		['POST', '/v1/models/m/predictions/p/what-if', json, 40_000_000, 'objectBytes'],
		['POST', '/v1/models/m/predictions', json, 40_000_000, 'jsonBytes'],
		['POST', '/v1/models/m/outcomes', 'application/x-ndjson', 5 * gigabyte, 'bodyBytes'],
		['PUT', '/v1/models/m/versions/1/baseline', json, 40_000_000, 'jsonBytes'],
		['PUT', '/v1/models/m/versions/1/baseline', 'text/csv', 5 * gigabyte, 'bodyBytes'],
		[
			'PUT',
			'/v1/models/m/versions/1/baseline',
			'application/vnd.apache.parquet',
			5 * gigabyte,
			'parquetBytes',
		],
		['PUT', '/v1/models/m/versions/1/artifact', 'application/octet-stream', 5 * gigabyte, 'artifactBytes'],
	] as const)(
		'is refused before a byte of it comes: %s %s as %s',
		async ([method, path, type, length, limit], { server }) => {
			const answer = await speak(
				server,
				head(server, method, path, { 'Content-Type': type, 'Content-Length': length }),
			)
			expect(answer).toMatch(/^HTTP\/1.1 413 /)
			expect(answer).toContain(`(limit ${limit})`)
			expect(answer.toLowerCase()).toContain('connection: close')
		},
	)

	it('is refused without a go-ahead where the client waits for one, and a good one gets it', async ({
		server,
	}) => {
		const expects = { 'Content-Type': 'application/json', Expect: '100-continue' }
		const refused = await speak(
			server,
			head(server, 'POST', '/v1/models', { ...expects, 'Content-Length': 40_000_000 }),
		)
		expect(status(refused)).toBe(413)
		expect(
			status(
				await speak(
					server,
					head(server, 'POST', '/v1/models', { ...expects, 'Content-Length': 20 }, 'nobody'),
				),
			),
		).toBe(401)
		const body = '{"model":"waited","task":"binary"}'
		const good = await new Promise<string>((resolve) => {
			const { hostname, port } = new URL(server.url)
			const socket = connect(Number(port), hostname, () =>
				socket.write(
					head(server, 'POST', '/v1/models', {
						...expects,
						'Content-Length': body.length,
						Connection: 'close',
					}),
				),
			)
			let seen = ''
			socket.on('data', (part) => {
				seen += part
				if (seen === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write(body)
			})
			socket.on('close', () => resolve(seen))
		})
		expect(good).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 201 /)
	})
})

/** Requests that are refused while their body comes: 413, 401, 403, 415 and 422, of a size that does not fit into a socket. */
const large = Buffer.alloc(8_000_000, '[')
const refused: { path: string; key: string; type: string; body: Buffer; status: number }[] = [
	{ path: '/v1/models', key: 'admin', type: 'application/json', body: large, status: 413 },
	{ path: '/v1/models', key: 'nobody', type: 'application/json', body: large, status: 401 },
	{ path: '/v1/models', key: 'viewer', type: 'application/json', body: large, status: 403 },
	{ path: '/v1/models/m/predictions', key: 'admin', type: 'text/plain', body: large, status: 415 },
	{
		path: '/v1/models/m/predictions?x=1',
		key: 'admin',
		type: 'application/x-ndjson',
		body: large,
		status: 422,
	},
	{ path: '/v1/nothing', key: 'admin', type: 'application/json', body: large, status: 404 },
	{ path: '/v1/models', key: 'viewer', type: 'application/json', body: Buffer.alloc(1000, ' '), status: 403 },
]
const secretOf = (server: TestServer, name: string) => ({ admin: server.adminKey, viewer })[name] ?? name

describe('the request behind one that was refused while its body came', () => {
	it.for(refused)(
		'is answered over a pool of undici: $status',
		async ({ path, key, type, body, status: wanted }, { server }) => {
			const pool = new Pool(server.url, { connections: 4 })
			const headers = { authorization: `Bearer ${secretOf(server, key)}`, 'content-type': type }
			const good: number[] = []
			for (let i = 0; i < 8; i++) {
				const first = pool.request({ method: 'POST', path, headers, body }).then(
					async (answer) => {
						await answer.body.dump()
						return answer.statusCode
					},
					// The client may notice the end of the connection before it reads.
					(error) => (error as { code?: string }).code,
				)
				expect([wanted, 'UND_ERR_SOCKET', 'EPIPE', 'ECONNRESET']).toContain(await first)
				const { statusCode, body: rest } = await pool.request({ method: 'GET', path: '/healthz' })
				await rest.dump()
				good.push(statusCode)
			}
			expect(good).toEqual(Array(8).fill(200))
			await pool.close()
		},
	)

	it.for(refused)(
		'is answered over an agent of Node: $status',
		async ({ path, key, type, body, status: wanted }, { server }) => {
			const agent = new Agent({ keepAlive: true, maxSockets: 2 })
			const ask = (method: string, to: string, content?: Buffer) =>
				new Promise<number | string>((resolve) => {
					const headers = {
						authorization: `Bearer ${secretOf(server, key)}`,
						'content-type': type,
						...(content ? { 'content-length': content.length } : {}),
					}
					const request = nodeRequest(server.url + to, { method, agent, headers }, (answer) => {
						answer.resume().on('close', () => resolve(answer.statusCode as number))
					})
					request.on('error', (error) => resolve((error as { code?: string }).code ?? 'error'))
					request.end(content)
				})
			const firsts: (number | string)[] = []
			const good: (number | string)[] = []
			for (let i = 0; i < 8; i++) {
				firsts.push(await ask('POST', path, body))
				good.push(await ask('GET', '/healthz'))
			}
			// Node reads the answer although it still writes: it must not be lost to a reset.
			expect(firsts).toEqual(Array(8).fill(wanted))
			expect(good).toEqual(Array(8).fill(200))
			agent.destroy()
		},
	)
})

describe('the head of a request', () => {
	it('has one Host, and HTTP/1.1 has it always', async ({ server }) => {
		for (const hosts of ['Host: a\r\nHost: b\r\n', 'host: a\r\nHOST: a\r\n', '']) {
			const answer = await speak(server, `GET /healthz HTTP/1.1\r\n${hosts}\r\n`)
			expect(answer).toMatch(/^HTTP\/1.1 400 .*application\/problem\+json.*"code":"malformed"/s)
		}
		expect(
			status(await speak(server, 'GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n', (seen) => seen.includes('}'))),
		).toBe(400)
		expect(status(await speak(server, 'GET /healthz HTTP/1.0\r\n\r\n'))).toBe(200)
	})

	it('has a bounded size and number of headers', async ({ server }) => {
		const many = Array.from({ length: 60 }, (_, i) => `x-${i}: 1\r\n`).join('')
		for (const headers of [`x: ${'y'.repeat(20_000)}\r\n`, many]) {
			const answer = await speak(server, `GET /healthz HTTP/1.1\r\nHost: x\r\n${headers}\r\n`)
			expect(answer).toMatch(/^HTTP\/1.1 431 .*"code":"headers-too-large"/s)
		}
	})

	it('is HTTP', async ({ server }) => {
		expect(await speak(server, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*"code":"malformed"/s)
		const both = 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'
		expect(status(await speak(server, `POST /v1/models HTTP/1.1\r\nHost: x\r\n${both}\r\n0\r\n\r\n`))).toBe(
			400,
		)
	})
})

it('answers in bounded time when heads or connections do not end', async () => {
	const limits = { ...defaultLimits, headersMs: 300, connections: 3 }
	const small = await testServer({}, { limits })
	const { hostname, port } = new URL(small.url)
	const slow = (text: string) =>
		new Promise<string>((resolve) => {
			const socket = connect(Number(port), hostname, () => socket.write(text))
			let seen = ''
			socket.on('data', (part) => {
				seen += part
			})
			socket.on('error', () => {})
			socket.on('close', () => resolve(seen))
		})
	const answers = await Promise.all([slow('GET /healthz HTTP/1.1\r\nHost: x\r\nx: '), slow(''), slow('GET')])
	expect(answers[0]).toMatch(/^HTTP\/1.1 408 .*"code":"timeout"/s)
	// More than there may be: those beyond are closed, and the service goes on.
	const idle = await Promise.all(Array.from({ length: 6 }, () => slow('')))
	expect(idle).toHaveLength(6)
	expect((await small.fetch('/healthz')).status).toBe(200)
	await small.close()
})

it('an expectation that means nothing here is left alone', async ({ server }) => {
	const text = head(server, 'GET', '/v1/models', { Expect: '200-maybe', Connection: 'close' })
	expect(status(await speak(server, text))).toBe(200)
})
