import { request as nodeRequest } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'vitest'
import { defaultLimits } from '../../src/core/limits.ts'
import { withServer } from '../support/fixtures.ts'
import { type TestServer, testServer } from '../support/server.ts'

const test = withServer(() => testServer({}, { limits: { ...defaultLimits, jsonBytes: 100_000 } }))

const json = { 'content-type': 'application/json' }
const send = (server: TestServer, body: BodyInit, headers: Record<string, string> = json) =>
	server.fetch('/v1/models', { method: 'POST', body, headers })

test('answers 400 for a body that is no JSON, no UTF-8 or empty', async ({ server }) => {
	for (const body of [
		'{',
		'',
		'{"a":NaN}',
		'[1,]',
		'null x',
		"{'model':'x'}",
		new Uint8Array([0x7b, 0xff, 0x7d]),
	])
		expect(await send(server, body), String(body)).toMatchObject({ status: 400, body: { code: 'malformed' } })
})

test('answers 415 for another content type, charset or encoding', async ({ server }) => {
	for (const headers of [
		{ 'content-type': 'text/plain' },
		{ 'content-type': 'application/xml' },
		{ 'content-type': 'application/json; charset=utf-16' },
		{ ...json, 'content-encoding': 'br' },
	] as Record<string, string>[])
		expect(await send(server, '{}', headers)).toMatchObject({ status: 415, body: { code: 'unsupported' } })
	expect(
		(await send(server, '{}', { 'content-type': 'application/merge-patch+json; charset=UTF-8' })).status,
	).toBe(422)
})

test('answers 413 and names the limit, whether the size is announced or not', async ({ server }) => {
	const big = JSON.stringify({ model: 'x'.repeat(100_000), task: 'binary' })
	expect(await send(server, big)).toMatchObject({
		status: 413,
		body: { code: 'too-large', detail: expect.stringMatching(/100000 bytes.*jsonBytes/) },
	})
	expect(await chunked(server, '/v1/models', big)).toMatchObject({
		status: 413,
		text: expect.stringContaining('jsonBytes'),
	})
	expect((await chunked(server, '/v1/models', '{"model":"chunked","task":"binary"}')).status).toBe(201)
})

function chunked(server: TestServer, path: string, body: string): Promise<{ status: number; text: string }> {
	return new Promise((resolve, reject) => {
		const headers = { ...json, authorization: `Bearer ${server.adminKey}`, 'transfer-encoding': 'chunked' }
		const request = nodeRequest(server.url + path, { method: 'POST', headers }, (response) => {
			let text = ''
			response.on('data', (part) => {
				text += part
			})
			response.on('end', () => resolve({ status: response.statusCode as number, text }))
		})
		request.on('error', reject)
		for (let at = 0; at < body.length; at += 10_000) request.write(body.slice(at, at + 10_000))
		request.end()
	})
}

test('answers 406 when the client takes no JSON', async ({ server }) => {
	expect(await server.fetch('/v1/models', { headers: { accept: 'text/html' } })).toMatchObject({
		status: 406,
		body: { code: 'not-acceptable' },
	})
	expect(
		(await server.fetch('/v1/models', { headers: { accept: 'application/json;q=0, */*' } })).status,
	).toBe(406)
	for (const accept of [
		'*/*',
		'application/*',
		'text/html, */*;q=0.1',
		'',
		'application/json; charset=utf-8',
	])
		expect((await server.fetch('/v1/models', { headers: { accept } })).status, accept).toBe(200)
})

test('answers 404 for a path that does not exist and 405 with Allow for a method that does not', async ({
	server,
}) => {
	expect(await server.fetch('/v1/modles')).toMatchObject({ status: 404, body: { code: 'not-found' } })
	expect((await server.fetch('/v1/models/')).status).toBe(404)
	expect((await server.fetch('/v1/keys/a/b/c')).status).toBe(404)
	const wrong = await server.fetch('/v1/models', { method: 'PUT', json: {} })
	expect(wrong).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } })
	expect(wrong.headers.get('allow')).toBe('POST, GET, HEAD, OPTIONS')
	const options = await server.fetch('/v1/models', { method: 'OPTIONS' })
	expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, GET, HEAD, OPTIONS'])
	expect((await server.fetch('/v1/models', { method: 'HEAD' })).status).toBe(200)
})

test('answers 422 for parameters that are wrong, unknown or stand twice', async ({ server }) => {
	const wrong: Record<string, string> = {
		'limit=0': 'limit', 'limit=1001': 'limit', 'limit=-1': 'limit', 'limit=1.5': 'limit', 'limit=1e2': 'limit', 'limit=': 'limit', 'limit=999999999999': 'limit',
		'cursor=': 'cursor', 'cursor=%00': 'cursor', 'cursor=abc': 'cursor', 'cursor=MTIz': 'cursor', 'cursor=////': 'cursor', 'cursor=%F0%9F%92%A9': 'cursor',
		'limti=5': 'limti', '__proto__=1': '__proto__', 'limit=1&limit=2': 'limit',
	} // biome-ignore format: a table
	for (const [query, path] of Object.entries(wrong)) {
		const { status, body } = await server.fetch(`/v1/models?${query}`)
		expect({ query, status, path: body.errors?.[0]?.path }).toEqual({ query, status: 422, path })
	}
	expect((await server.fetch('/v1/models?limti=5')).text).toContain('did you mean \\"limit\\"?')
	expect(
		(await server.fetch('/v1/keys', { method: 'POST', json: { role: 'viewer' }, headers: {} })).status,
	).toBe(201)
	expect(await server.fetch('/v1/keys?dry=1', { method: 'POST', json: { role: 'viewer' } })).toMatchObject({
		status: 422,
		body: { errors: [{ path: 'dry' }] },
	})
})

test('reads a time whose + was not encoded, and refuses what is no time', async ({ server }) => {
	expect((await server.fetch('/v1/audit/entries?from=2026-03-02T01:00:00+01:00')).status).toBe(200)
	for (const from of ['yesterday', '2026-03-02', '1772409600', '2026-13-01T00:00:00Z', ''])
		expect(await server.fetch(`/v1/audit/entries?from=${from}`), from).toMatchObject({
			status: 422,
			body: { errors: [{ path: 'from' }] },
		})
})

test('refuses what cannot be stored as it was sent', async ({ server }) => {
	const bodies = {
		'a NUL': '{"model":"a\\u0000b","task":"binary"}',
		'a lone surrogate': '{"model":"a","task":"binary","owner":"\\ud800"}',
		'a lone surrogate in a name': '{"model":"a","task":"binary","\\udfff":1}',
		'an overflowing number': '{"model":"a","task":"binary","threshold":1e400}',
		'deep nesting': `{"model":"a","task":"binary","tags":${'['.repeat(5000)}${']'.repeat(5000)}}`,
		__proto__: '{"model":"a","task":"binary","__proto__":{"admin":true}}',
		'a body of another shape': '[]',
		null: 'null',
		'a text': '"model"',
		'a number': '12',
	}
	for (const [what, body] of Object.entries(bodies)) expect((await send(server, body)).status, what).toBe(422)
	expect(({} as { admin?: boolean }).admin).toBeUndefined()
})

test('keeps __proto__ where any name is allowed', async ({ server }) => {
	await send(server, '{"model":"proto","task":"binary"}')
	const body = '{"version":"1","features":[],"manifest":{"__proto__":{"x":1},"constructor":2}}'
	const made = await server.fetch('/v1/models/proto/versions', { method: 'POST', body, headers: json })
	expect(made.status).toBe(201)
	expect(made.text).toContain('"manifest":{"__proto__":{"x":1},"constructor":2}')
	expect((await server.fetch('/v1/models/proto/versions/1')).text).toContain('"__proto__":{"x":1}')
})

test('survives odd paths', async ({ server }) => {
	for (const path of [
		'/v1/models/%00',
		'/v1/models/%',
		'/v1/models/%E0%A4%A',
		'/v1/models/%ED%A0%80',
		'/v1/models/..%2f..%2fetc',
		`/v1/models/${'x'.repeat(8000)}`,
		'/%2e%2e/x',
		'//v1/models',
		'/v1/models/a/versions/%00',
	])
		expect([404, 422], path).toContain((await server.fetch(path)).status)
})

/** Speaks to the socket, for what a client library does not send. */
function raw(server: TestServer, text: string): Promise<string> {
	return new Promise((resolve, reject) => {
		const { hostname, port } = new URL(server.url)
		const socket = connect(Number(port), hostname, () => socket.end(text))
		let answer = ''
		socket.on('data', (part) => {
			answer += part
		})
		socket.on('close', () => resolve(answer))
		socket.on('error', reject)
	})
}

test('stays alive when a body breaks off or a request is no HTTP', async ({ server }) => {
	const head = `POST /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.adminKey}\r\nContent-Type: application/json\r\n`
	await raw(server, `${head}Content-Length: 1000\r\n\r\n{"model":`)
	await raw(server, `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`)
	await raw(server, 'nonsense\r\n\r\n')
	expect(await raw(server, 'TRACE /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(
		/^HTTP\/1.1 (4|5)\d\d/,
	)
	expect((await server.fetch('/healthz')).status).toBe(200)
})

test('gives every answer a request id and safe headers, and no stack', async ({ server }) => {
	const mine = await server.fetch('/v1/nothing', { headers: { 'x-request-id': 'abc-123' } })
	expect(mine.headers.get('x-request-id')).toBe('abc-123')
	expect(
		(await server.fetch('/healthz', { headers: { 'x-request-id': 'a b' } })).headers.get('x-request-id'),
	).toMatch(/^req_/)
	for (const { headers } of [
		mine,
		await server.fetch('/healthz'),
		await server.fetch('/v1/models', { key: null }),
	]) {
		expect(headers.get('x-content-type-options')).toBe('nosniff')
		expect(headers.get('content-security-policy')).toContain("default-src 'none'")
		expect(headers.get('cache-control')).toBe('no-store')
	}
})
