import { gzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { defaultLimits } from '../../src/core/limits.ts'
import { formatTime } from '../../src/core/time.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import { type TestServer, testServer } from '../support/server.ts'

const it = withServer(() =>
	testServer({}, { limits: { ...defaultLimits, jsonBytes: 100_000, gunzippedBytes: 20_000_000 } }),
)
it.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'm', task: 'binary', positiveLabel: '1', threshold: 0.5 })
	await server.post('/v1/models/m/versions', {
		version: '1',
		features: [{ name: 'income', type: 'numeric' }],
	})
})

const path = '/v1/models/m/predictions'
let next = 0
const row = (more: object = {}) => ({
	predictionId: `p${next++}`,
	version: '1',
	timestamp: formatTime(startOfTest - 1000),
	features: { income: 1 },
	score: 0.1,
	...more,
})
const lines = (rows: unknown[]) => rows.map((r) => JSON.stringify(r)).join('\n')
const send = (server: TestServer, body: BodyInit, headers: Record<string, string>, at = path) =>
	server.fetch(at, { method: 'POST', body, headers })
const ndjson = { 'content-type': 'application/x-ndjson' }
const alive = async (server: TestServer) =>
	expect((await server.fetch('/readyz', { key: null })).status).toBe(200)

describe('posting rows', () => {
	it('takes a JSON array, NDJSON and gzip of both, and reads back what was sent', async ({ server }) => {
		const [a, b, c, d] = [row(), row(), row(), row()]
		expect((await server.post(path, [a])).body).toMatchObject({ accepted: 1, duplicates: 0, rejected: [] })
		expect((await send(server, lines([b]), ndjson)).body.accepted).toBe(1)
		expect(
			(await send(server, gzipSync(lines([c])), { ...ndjson, 'content-encoding': 'gzip' })).body.accepted,
		).toBe(1)
		expect(
			(
				await send(server, gzipSync(JSON.stringify([d])), {
					'content-type': 'application/json',
					'content-encoding': 'gzip',
				})
			).body.accepted,
		).toBe(1)
		for (const { predictionId, score } of [a, b, c, d])
			expect((await server.fetch(`${path}/${predictionId}`)).body).toMatchObject({
				predictionId,
				score,
				features: { income: 1 },
				outcome: null,
				quality: [],
			})
	})

	it('rejects a broken line alone', async ({ server }) => {
		const { status, body } = await send(
			server,
			`${JSON.stringify(row())}\n{"predictionId": \n${JSON.stringify(row())}`,
			ndjson,
		)
		expect([
			status,
			body.accepted,
			body.rejected.map((r: { index: number; code: string }) => [r.index, r.code]),
		]).toEqual([200, 2, [[1, 'malformed']]])
	})

	it('answers zeros for an empty batch', async ({ server }) => {
		for (const answer of [
			await server.post(path, []),
			await send(server, '', ndjson),
			await send(server, '\n\n', ndjson),
		])
			expect([answer.status, answer.body.accepted, answer.body.rejected]).toEqual([200, 0, []])
	})

	it('answers an unknown prediction with 404', async ({ server }) => {
		expect((await server.fetch(`${path}/nobody`)).status).toBe(404)
	})

	it('takes outcomes and feature logs, and says which outcomes wait', async ({ server }) => {
		const { predictionId } = row()
		const outcome = { predictionId, actual: 1, timestamp: formatTime(startOfTest) }
		expect((await server.post('/v1/models/m/outcomes', [outcome])).body).toMatchObject({
			accepted: 1,
			waiting: 1,
		})
		await server.post(path, [row({ predictionId, features: undefined })])
		const log = { predictionId, timestamp: formatTime(startOfTest - 5), features: { income: 7 } }
		expect((await server.post('/v1/models/m/features', [log])).body).toMatchObject({ accepted: 1 })
		expect((await server.fetch(`${path}/${predictionId}`)).body).toMatchObject({
			features: { income: 7 },
			outcome: { actual: 1 },
		})
	})
})

describe('bad bodies', () => {
	it.for([
		['broken JSON', '[{"predictionId": ', { 'content-type': 'application/json' }, 400],
		['an object instead of an array', '{}', { 'content-type': 'application/json' }, 422],
		['an empty JSON body', '', { 'content-type': 'application/json' }, 400],
		['a bare NaN in an array', '[{"score": NaN}]', { 'content-type': 'application/json' }, 400],
		['another content type', 'x=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
		['another encoding', 'x', { ...ndjson, 'content-encoding': 'br' }, 415],
		['bytes that are not gzip', 'not gzip at all', { ...ndjson, 'content-encoding': 'gzip' }, 400],
		[
			'a JSON body over its limit',
			`[${'"x",'.repeat(40_000)}"x"]`,
			{ 'content-type': 'application/json' },
			413,
		],
	] as const)('refuses %s', async ([_, body, headers, status], { server }) => {
		const answer = await send(server, body, headers)
		expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
		expect(answer.body.detail.length).toBeGreaterThan(20)
		await alive(server)
	})

	it('refuses gzip that ends in the middle, and keeps what was answered before', async ({ server }) => {
		const whole = gzipSync(lines(Array.from({ length: 50 }, () => row())))
		expect(
			(await send(server, whole.subarray(0, whole.length - 20), { ...ndjson, 'content-encoding': 'gzip' }))
				.status,
		).toBe(400)
		await alive(server)
	})

	it('stops a bomb: a small gzip that unpacks without end', async ({ server }) => {
		const bomb = gzipSync(Buffer.alloc(60_000_000, 0x20))
		const answer = await send(server, bomb, { ...ndjson, 'content-encoding': 'gzip' })
		expect(answer.status).toBe(413)
		expect(answer.body.detail).toMatch(/gunzip/)
		await alive(server)
	})
})

describe('who may post', () => {
	const one = () => ({ method: 'POST', json: [row()] })

	it('refuses no key, an unknown key and a revoked key with 401', async ({ server }) => {
		expect((await server.fetch(path, { ...one(), key: null })).status).toBe(401)
		expect((await server.fetch(path, { ...one(), key: 'plk_unknown' })).status).toBe(401)
		const made = (await server.post('/v1/keys', { name: 'k', role: 'ingest' })).body
		expect((await server.fetch(path, { ...one(), key: made.secret })).status).toBe(200)
		await server.fetch(`/v1/keys/${made.id}`, { method: 'DELETE' })
		expect((await server.fetch(path, { ...one(), key: made.secret })).status).toBe(401)
	})

	it('refuses an expired key', async ({ server }) => {
		const key = await server.keyOf('ingest', { expires: '1h' })
		expect((await server.fetch(path, { ...one(), key })).status).toBe(200)
		server.clock.advance(3_600_001)
		expect((await server.fetch(path, { ...one(), key })).status).toBe(401)
	})

	it('refuses another role, and a model outside the scope, with 403', async ({ server }) => {
		expect((await server.fetch(path, { ...one(), key: await server.keyOf('viewer') })).status).toBe(403)
		expect(
			(await server.fetch(path, { ...one(), key: await server.keyOf('ingest', { models: ['credit-*'] }) }))
				.status,
		).toBe(403)
		expect((await server.fetch(`${path}/p0`, { key: await server.keyOf('ingest') })).status).toBe(403)
	})

	it('names the nearest model for one that is not registered', async ({ server }) => {
		const answer = await server.post('/v1/models/mm/predictions', [row()])
		expect([answer.status, answer.body.detail]).toEqual([404, expect.stringContaining('"m"')])
	})
})

describe('under load', () => {
	it('says 503 with Retry-After instead of queueing without end, and keeps every row it counted', async ({
		server,
	}) => {
		const body = () => lines(Array.from({ length: 1000 }, () => row()))
		const answers = await Promise.all(Array.from({ length: 80 }, () => send(server, body(), ndjson)))
		for (const a of answers.filter((x) => x.status !== 200)) {
			expect(a.status).toBe(503)
			expect(Number(a.headers.get('retry-after'))).toBeGreaterThan(0)
		}
		const accepted = answers.reduce((sum, a) => sum + (a.body.accepted ?? 0), 0)
		let stored = 0
		await server.context.log.scan({ model: 'm', from: 0, to: startOfTest * 2 }, (rows) => {
			stored += rows.rows
		})
		expect(stored).toBeGreaterThanOrEqual(accepted)
		await alive(server)
	})
})
