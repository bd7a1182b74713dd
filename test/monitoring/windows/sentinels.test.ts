import { afterEach, beforeEach, expect, it } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { startOfTest } from '../../support/context.ts'
import { type Json, testServer } from '../../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
const day = startOfTest - 3 * dayMs
beforeEach(async () => {
	server = await testServer()
})
afterEach(() => server.close())

const features = [{ name: 'x', type: 'numeric' }]

/** Rows in the thousands, one in 20 of them a sentinel. */
const rowsOf = (count: number, sentinel: (i: number) => number, shift = 0) =>
	Array.from({ length: count }, (_, i) => ({
		features: { x: i % 20 === 0 ? sentinel(i) : 1000 + (i % 97) + shift },
		score: 0.5,
	}))

async function wasserstein(baseline: Json[], window: Json[]): Promise<Json> {
	await server.post('/v1/models', { model: 'm', task: 'binary', threshold: 0.5 })
	await server.post('/v1/models/m/versions', { version: '1', features })
	const put = await server.fetch('/v1/models/m/versions/1/baseline', { method: 'PUT', json: baseline })
	expect(put.status).toBeLessThan(300)
	const sent = window.map((row, i) => ({
		predictionId: `p${i}`,
		version: '1',
		timestamp: new Date(day + i * 1000).toISOString(),
		...row,
	}))
	expect((await server.post('/v1/models/m/predictions', sent)).body.accepted).toBe(window.length)
	await compute.run(server.context)
	const path = '/v1/models/m/metrics?window=1d&metric=drift.wasserstein&feature=x'
	return (await server.fetch(path)).body.items[0]
}

it.each([
	['1e155', () => 1e155],
	['the largest number', () => 1.7e308],
	['the largest numbers of either sign', (i: number) => (i % 40 === 0 ? 1.7e308 : -1.7e308)],
])('a distance is in standard deviations where the baseline holds sentinels: %s', async (_, sentinel) => {
	const answer = await wasserstein(rowsOf(2000, sentinel), rowsOf(400, sentinel, 50))
	expect(answer).toMatchObject({ status: 'ok' })
	expect(answer.value).toBeGreaterThan(0)
	expect(answer.value).toBeLessThan(10)
})

it('sentinels that the baseline does not hold are as far away as its bins reach', async () => {
	const answer = await wasserstein(
		rowsOf(2000, () => 1010),
		rowsOf(400, () => -1.7e308),
	)
	expect(answer).toMatchObject({ status: 'ok' })
	expect(answer.value).toBeGreaterThan(1)
	expect(answer.value).toBeLessThan(1e4)
})
