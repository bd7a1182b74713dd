import { describe, expect } from 'vitest'
import { dayMs, hourMs } from '../../../src/core/time.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { registerModel } from '../../support/rows.ts'
import { type Json, type TestServer, testServer } from '../../support/server.ts'

const days = 6
const perDay = 400
const start = startOfTest - (days + 1) * dayMs

const registered = async () => {
	const server = await testServer()
	await registerModel(server, { task: 'binary', threshold: 0.5, positiveLabel: '1' })
	return server
}
const it = withServerPerTest(registered)

type Row = { id: string; day: number; actual: number; isWrong: boolean }

/** One in ten wrong, or of `changedFrom` on two in five; a third of the outcomes are bad. */
const rowsOf = (changedFrom = days): Row[] =>
	Array.from({ length: days * perDay }, (_, i) => {
		const day = Math.floor(i / perDay)
		// A fixed scatter without pattern.
		const chance = (i * 7919 + Math.floor(i / 11) * 104_729) % 1000
		return {
			id: `p${i}`,
			day,
			actual: i % 3 === 0 ? 1 : 0,
			isWrong: chance < (day < changedFrom ? 100 : 400),
		}
	})

async function predict(server: TestServer, rows: readonly Row[]) {
	const sent = rows.map(({ id, day, actual, isWrong }, i) => ({
		predictionId: id,
		version: '1',
		timestamp: new Date(start + day * dayMs + (i % perDay) * 200_000).toISOString(),
		features: {},
		score: (actual === 1) === isWrong ? 0.2 : 0.8,
	}))
	expect((await server.post('/v1/models/m/predictions', sent)).body.accepted).toBe(rows.length)
}
async function tell(server: TestServer, rows: readonly Row[], at = startOfTest - hourMs) {
	const outcomes = rows.map(({ id, actual }, i) => ({
		predictionId: id,
		actual,
		timestamp: new Date(at + i).toISOString(),
	}))
	expect((await server.post('/v1/models/m/outcomes', outcomes)).body.accepted).toBe(rows.length)
}
async function changes(server: TestServer): Promise<Json[]> {
	await compute.run(server.context)
	const { body } = await server.fetch(
		'/v1/models/m/metrics?window=1d&limit=1000&metric=concept.adwin,concept.ddm,concept.page_hinkley',
	)
	return body.items.map(({ metric, window, value, n }: Json) => ({ metric, from: window.from, value, n }))
}
const total = (found: readonly Json[], metric = 'concept.adwin') =>
	found.filter((f) => f.metric === metric).reduce((sum, { value }) => sum + value, 0)

describe('detectors of concept drift', () => {
	it('find nothing in labels that arrive sorted, all bad ones first', async ({ server }) => {
		const rows = rowsOf()
		await predict(server, rows)
		await tell(
			server,
			rows.filter((r) => r.actual === 1),
		)
		expect(await changes(server)).toEqual([])
		await tell(
			server,
			rows.filter((r) => r.actual === 0),
		)
		const found = await changes(server)
		expect(found).toHaveLength(3 * days)
		for (const metric of ['concept.adwin', 'concept.page_hinkley']) expect(total(found, metric)).toBe(0)
		expect(found.every(({ n }) => n === perDay)).toBe(true)
	})

	it('find nothing when wrong decisions become known last', async ({ server }) => {
		const rows = rowsOf()
		await predict(server, rows)
		await tell(
			server,
			[...rows].sort((a, b) => Number(a.isWrong) - Number(b.isWrong)),
		)
		expect(total(await changes(server))).toBe(0)
	})

	it('find a real change on its day, and the same whatever the order of arrival and of the job', async ({
		server,
	}) => {
		const rows = rowsOf(3)
		await predict(server, rows)
		const reversed = [...rows].reverse()
		for (let i = 0; i < reversed.length; i += 600) {
			await tell(server, reversed.slice(i, i + 600))
			await compute.run(server.context)
		}
		const backwards = await changes(server)
		const other = await registered()
		await predict(other, rows)
		await tell(other, rows)
		const forwards = await changes(other)
		await other.close()
		expect(forwards).toEqual(backwards)
		const first = forwards.filter((f) => f.metric === 'concept.adwin' && f.value > 0).map((f) => f.from)
		expect(first.sort()[0]).toBe(new Date(start + 3 * dayMs).toISOString())
	})
})
