import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { defaultLimits } from '../../src/core/limits.ts'
import { withServer } from '../support/fixtures.ts'
import { registerModel } from '../support/rows.ts'
import { type TestServer, testServer } from '../support/server.ts'

const limits = {
	...defaultLimits,
	bytesInFlight: 8 * 2 ** 20,
	bodyLines: 2_000_000,
	bodyMs: 1500,
	artifactBytes: 16 * 2 ** 20,
}

const it = withServer(() => testServer({}, { limits }))
let ingest: string
it.beforeAll(async ({ server }) => {
	ingest = await server.keyOf('ingest')
	await registerModel(server, { task: 'binary' })
})

const open: Socket[] = []
it.afterEach(async ({ server }) => {
	for (const socket of open.splice(0)) socket.destroy()
	await expect.poll(() => inFlight(server)).toBe(0)
})

const inFlight = async (server: TestServer) =>
	Number(/plumbline_body_bytes_in_flight (\d+)/.exec((await server.fetch('/metrics')).text)?.[1])

/** Begins a request with a body that does not end; `answer` is what comes until the connection closes. */
function begin(
	server: TestServer,
	path: string,
	type: string,
	body: string | Buffer,
): { answer: Promise<string>; socket: Socket } {
	const { hostname, port } = new URL(server.url)
	const socket = connect(Number(port), hostname)
	open.push(socket)
	const answer = new Promise<string>((resolve) => {
		let seen = ''
		socket.on('data', (part) => {
			seen += part
		})
		socket.on('error', () => {})
		socket.on('close', () => resolve(seen))
	})
	socket.write(
		`POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ingest}\r\nContent-Type: ${type}\r\nContent-Length: 30000000\r\n\r\n`,
	)
	socket.write(body)
	return { answer, socket }
}

let ids = 0
const row = (more = '') =>
	`{"predictionId":"p${ids++}","version":"1","timestamp":"2026-03-01T12:00:00Z","score":0.5${more}}`
const ndjson = { 'content-type': 'application/x-ndjson' }
const rows = '/v1/models/m/predictions'
const post = (server: TestServer, body: string | Buffer, headers: Record<string, string> = ndjson) =>
	server.fetch(rows, { method: 'POST', key: ingest, body: body as BodyInit, headers })

describe('the budget of bytes in flight', () => {
	it('refuses open lines beyond it with Retry-After, and small posts go on', async ({ server }) => {
		const line = Buffer.alloc(2 * 2 ** 20, '{"x":"')
		const lines = Array.from({ length: 8 }, () => begin(server, rows, 'application/x-ndjson', line))
		const first = await Promise.race(lines.map(({ answer }) => answer))
		expect(first).toMatch(/^HTTP\/1.1 503 .*retry-after: \d+.*"code":"overloaded".*bytesInFlight/is)
		expect(await inFlight(server)).toBeLessThanOrEqual(limits.bytesInFlight)
		expect((await post(server, row())).body).toMatchObject({ accepted: 1 })
	})

	it('refuses arrays beyond it, and takes them one after the other', async ({ server }) => {
		const array = `[${Array.from({ length: 20_000 }, () => row(`,"subject":"${'s'.repeat(100)}"`)).join(',')}]`
		const begun = Array.from({ length: 6 }, () => begin(server, rows, 'application/json', array))
		expect(await Promise.race(begun.map(({ answer }) => answer))).toMatch(/^HTTP\/1.1 503 /)
		for (const { socket } of begun) socket.destroy()
		await expect.poll(() => inFlight(server)).toBe(0)
		const answer = await post(server, array, { 'content-type': 'application/json' })
		expect([answer.status, answer.body.accepted]).toEqual([200, 20_000])
	})

	it('lets one file be larger than itself, and no second one', async ({ server }) => {
		const path = '/v1/models/m/versions/1/artifact'
		const file = Buffer.alloc(12 * 2 ** 20)
		const put = () => server.fetch(path, { method: 'PUT', body: file as BodyInit })
		expect((await put()).status).toBe(422)
		const both = await Promise.all([put(), put(), put()])
		for (const { status } of both) expect([422, 503]).toContain(status)
	})

	it('is whole again after bodies that break off, are damaged or are refused', async ({ server }) => {
		for (const [type, body] of [
			['application/x-ndjson', '{"a":'],
			['application/json', '[{"a":'],
			['application/x-ndjson', `${row()}\n`.repeat(2000)],
		] as const) {
			const { socket } = begin(server, rows, type, body)
			await new Promise((resolve) => setTimeout(resolve, 50))
			socket.destroy()
		}
		const packed = gzipSync(`${row()}\n`.repeat(5000))
		const gzip = { ...ndjson, 'content-encoding': 'gzip' }
		expect((await post(server, packed.subarray(0, 1000), gzip)).status).toBe(400)
		expect((await post(server, '[1,', { 'content-type': 'application/json' })).status).toBe(400)
		expect(
			(await server.fetch(rows, { method: 'POST', body: 'x', headers: ndjson, key: 'nobody' })).status,
		).toBe(401)
		await expect.poll(() => inFlight(server)).toBe(0)
	})
})

describe('a body that does not end', () => {
	it('is answered 408, whatever it is of', async ({ server }) => {
		const bodies = [
			begin(server, rows, 'application/x-ndjson', `${row()}\n`),
			begin(server, rows, 'application/json', '['),
			begin(server, '/v1/models', 'application/json', '{'),
		]
		// The last key may not create models: it is answered before its body is waited for.
		const [lines, array, model] = await Promise.all(bodies.map(({ answer }) => answer))
		expect(lines).toMatch(
			/^HTTP\/1.1 408 .*connection: close.*"code":"timeout".*limit bodyMs.*No row was stored/is,
		)
		expect(array).toMatch(/^HTTP\/1.1 408 /)
		expect(model).toMatch(/^HTTP\/1.1 403 /)
	})
})

describe('a body of', () => {
	const mega = 2 ** 20
	it('blank lines is read past, up to the limit of lines', async ({ server }) => {
		const answer = await post(server, `${'\n'.repeat(mega)}${row()}\n${' \r\n'.repeat(100_000)}`)
		expect(answer.body).toMatchObject({ accepted: 1, rejectedCount: 0 })
		expect(await post(server, '\n'.repeat(2 * mega))).toMatchObject({
			status: 413,
			body: { code: 'too-large', detail: expect.stringContaining('limit bodyLines') },
		})
		const packed = gzipSync('\n'.repeat(mega))
		expect((await post(server, packed, { ...ndjson, 'content-encoding': 'gzip' })).status).toBe(200)
	})

	it('thousands of gzip members is refused, and some are read', async ({ server }) => {
		const gzip = { ...ndjson, 'content-encoding': 'gzip' }
		const member = gzipSync('\n')
		const some = Buffer.concat([...Array(100).fill(member), gzipSync(row())])
		expect((await post(server, some, gzip)).body).toMatchObject({ accepted: 1 })
		expect(await post(server, Buffer.concat(Array(5000).fill(member)), gzip)).toMatchObject({
			status: 413,
			body: { detail: expect.stringContaining('members') },
		})
	})

	it('many small elements, or one of many values, is read in slices', async ({ server }) => {
		const json = { 'content-type': 'application/json' }
		const numbers = await post(server, `[${'1,'.repeat(100_000)}${row()}]`, json)
		expect([numbers.status, numbers.body.accepted, numbers.body.rejectedCount]).toEqual([200, 1, 100_000])
		const wide = `{"features":{"x":[${'[],'.repeat(200_000)}1]}}`
		for (const [body, headers] of [
			[`[${wide},${row()}]`, json],
			[`${wide}\n${row()}`, ndjson],
		] as const)
			expect((await post(server, body, headers)).body).toMatchObject({
				accepted: 1,
				rejected: [{ index: 0, code: 'too-large', message: expect.stringContaining('limit valuesPerRow') }],
			})
	})

	it('a large array that breaks is refused as a whole, with the place', async ({ server }) => {
		const json = { 'content-type': 'application/json' }
		const good = Array.from({ length: 3000 }, () => row()).join(',')
		const bodies = {
			[`[${good},{"score":NaN},${good}]`]: 'row 3000, score is a bare NaN',
			[`[${good},]`]: 'Unexpected token',
			[`[${good},,${good}]`]: 'Unexpected token',
			[`[${good}`]: 'not closed',
			[`[${good}}`]: 'brackets',
			[`[${good}] x`]: 'after the array',
			[`[${good},{"score":1]]`]: 'rows',
		}
		for (const [body, detail] of Object.entries(bodies)) {
			const answer = await post(server, body, json)
			expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(detail)])
			expect(answer.body.detail).toContain('No row was stored')
		}
		expect((await post(server, `{${' '.repeat(100_000)}}`, json)).status).toBe(422)
		expect((await post(server, `[${' '.repeat(100_000)}]`, json)).body).toMatchObject({
			accepted: 0,
			rejectedCount: 0,
		})
		const twice = await post(server, `[${good},{"score":1,"score":2}]`, json)
		expect(twice.body).toMatchObject({ accepted: 3000, rejected: [{ index: 3000, path: 'score' }] })
	})

	it('names that nobody mistypes is refused without guessing what was meant', async ({ server }) => {
		const name = 'n'.repeat(mega)
		const { body } = await post(server, `{"${name}":1}\n${row(`,"probabilities":{"${name}":"x"}`)}`)
		expect(body.rejectedCount).toBe(2)
		expect(JSON.stringify(body).length).toBeLessThan(10_000)
		const members = Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`member${i}`, 1]))
		const answer = await server.post('/v1/models', { ...members, [name.slice(0, 100_000)]: 1 })
		expect([answer.status, answer.body.errors.length]).toEqual([422, 50])
		const wide = await server.post('/v1/models', { model: 'x', task: 'binary', tags: Array(60_000).fill([]) })
		expect([wide.status, wide.body.detail]).toEqual([413, expect.stringContaining('limit objectValues')])
	})

	it('a new feature in each row is stored in small batches', async ({ server }) => {
		const wide = (i: number) =>
			row(`,"features":{${Array.from({ length: 500 }, (_, k) => `"f${i}-${k}":1`).join(',')}}`)
		const { body } = await post(server, Array.from({ length: 100 }, (_, i) => wide(i)).join('\n'))
		expect(body).toMatchObject({ accepted: 100 })
	})
})
