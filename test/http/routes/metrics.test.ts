import { expect } from 'vitest'
import { compute } from '../../../src/jobs/compute.ts'
import { rollUp } from '../../../src/jobs/index.ts'
import { withServer } from '../../support/fixtures.ts'
import type { Json, TestServer } from '../../support/server.ts'

const test = withServer()
const rowsOf = (day: number, count: number, shift: number) =>
	Array.from({ length: count }, (_, i) => ({
		predictionId: `${day}-${i}`,
		version: '1',
		timestamp: `2026-02-${String(day).padStart(2, '0')}T10:00:00Z`,
		features: { income: 1000 + (i % 97) * 10 * shift, age: 20 + (i % 50) },
		score: (i % 100) / 100,
		latencyMs: 5,
	}))

test.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'credit', task: 'binary', positiveLabel: '1', threshold: 0.5 })
	const features = ['income', 'age'].map((name) => ({ name, type: 'numeric' }))
	await server.post('/v1/models/credit/versions', { version: '1', features })
	const baseline = rowsOf(1, 2000, 1).map(({ features: f, score }) => ({ features: f, score }))
	await server.fetch('/v1/models/credit/versions/1/baseline', { method: 'PUT', json: baseline })
	await server.post('/v1/models/credit/predictions', [...rowsOf(20, 1000, 1), ...rowsOf(21, 1000, 3)])
	await rollUp.run(server.context)
	await compute.run(server.context)
})

const read = async (server: TestServer, query: string) =>
	(await server.fetch(`/v1/models/credit/metrics?limit=1000&${query}`)).body.items
const all = 'metric=drift.psi,drift.detected&window=1d'

test('answers statistics by feature and window', async ({ server }) => {
	const items = await read(server, `${all}&feature=income`)
	expect(items.map((a: Json) => [a.metric, a.window.from.slice(0, 10), a.status])).toEqual(
		expect.arrayContaining([
			['drift.psi', '2026-02-20', 'ok'],
			['drift.psi', '2026-02-21', 'ok'],
		]),
	)
	const detected = Object.fromEntries(
		items
			.filter((a: Json) => a.metric === 'drift.detected')
			.map((a: Json) => [a.window.from.slice(0, 10), a.value]),
	)
	expect(detected).toEqual({ '2026-02-20': 0, '2026-02-21': 1 })
})

test('takes globs of metrics, periods and the output of the model as a feature', async ({ server }) => {
	const ids = new Set(
		(await read(server, 'metric=service.*,quality.volume&window=1d')).map((a: Json) => a.metric),
	)
	expect([...ids].sort()).toEqual(
		expect.arrayContaining(['quality.volume', 'service.latency_p50_ms', 'service.rate']),
	)
	const later = await read(server, `${all}&from=2026-02-21T00:00:00Z&to=2026-02-22T00:00:00Z&feature=$score`)
	expect(new Set(later.map((a: Json) => [a.window.from, a.subject.feature].join()))).toEqual(
		new Set(['2026-02-21T00:00:00.000Z,$score']),
	)
})

test('pages through the answers', async ({ server }) => {
	const whole = await read(server, all)
	const seen: unknown[] = []
	for (let cursor: string | null = ''; cursor !== null; ) {
		const { body } = await server.fetch(
			`/v1/models/credit/metrics?${all}&limit=3${cursor ? `&cursor=${cursor}` : ''}`,
		)
		seen.push(...body.items)
		cursor = body.next
	}
	expect(seen).toEqual(whole)
})

test('answers an unknown metric with the nearest one, and refuses what is no window, flag or cursor', async ({
	server,
}) => {
	const wrong: Record<string, string> = {
		'metric=drift.pis': 'metric',
		'metric=drift.psi,nonsense.*': 'metric',
		'window=2d': 'window',
		'history=maybe': 'history',
		'cursor=abc': 'cursor',
		'from=now': 'from',
		'featur=x': 'featur',
	}
	for (const [query, path] of Object.entries(wrong)) {
		const { status, body } = await server.fetch(`/v1/models/credit/metrics?${query}`)
		expect({ query, status, path: body.errors?.[0]?.path }).toEqual({ query, status: 422, path })
	}
	expect((await server.fetch('/v1/models/credit/metrics?metric=drift.pis')).text).toContain('drift.psi')
})

test('answers 404 for an unknown model, and shows in the health when it was computed', async ({ server }) => {
	expect((await server.fetch('/v1/models/credti/metrics')).status).toBe(404)
	expect((await server.fetch('/v1/models/credit')).body.health).toMatchObject({
		lastPrediction: '2026-02-21T10:00:00.000Z',
		lastComputation: '2026-03-02T00:00:00.000Z',
	})
})
