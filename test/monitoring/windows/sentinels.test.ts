import { expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { predictionRows, registerModel } from '../../support/rows.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServerPerTest()
const day = startOfTest - 3 * dayMs

/** Rows in the thousands, one in 20 of them a sentinel. */
const rowsOf = (count: number, sentinel: (i: number) => number, shift = 0) =>
	Array.from({ length: count }, (_, i) => ({
		features: { x: i % 20 === 0 ? sentinel(i) : 1000 + (i % 97) + shift },
		score: 0.5,
	}))

async function wasserstein(server: TestServer, baseline: Json[], window: Json[]): Promise<Json> {
	await registerModel(server, { task: 'binary', threshold: 0.5 }, ['x'])
	const put = await server.fetch('/v1/models/m/versions/1/baseline', { method: 'PUT', json: baseline })
	expect(put.status).toBeLessThan(300)
	const sent = predictionRows(window, { start: day })
	expect((await server.post('/v1/models/m/predictions', sent)).body.accepted).toBe(window.length)
	await compute.run(server.context)
	const path = '/v1/models/m/metrics?window=1d&metric=drift.wasserstein&feature=x'
	return (await server.fetch(path)).body.items[0]
}

it.for([
	['1e155', () => 1e155],
	['the largest number', () => 1.7e308],
	['the largest numbers of either sign', (i: number) => (i % 40 === 0 ? 1.7e308 : -1.7e308)],
] as const)(
	'a distance is in standard deviations where the baseline holds sentinels: %s',
	async ([_, sentinel], { server }) => {
		const answer = await wasserstein(server, rowsOf(2000, sentinel), rowsOf(400, sentinel, 50))
		expect(answer).toMatchObject({ status: 'ok' })
		expect(answer.value).toBeGreaterThan(0)
		expect(answer.value).toBeLessThan(10)
	},
)

it('sentinels that the baseline does not hold are as far away as its bins reach', async ({ server }) => {
	const answer = await wasserstein(
		server,
		rowsOf(2000, () => 1010),
		rowsOf(400, () => -1.7e308),
	)
	expect(answer).toMatchObject({ status: 'ok' })
	expect(answer.value).toBeGreaterThan(1)
	expect(answer.value).toBeLessThan(1e4)
})
