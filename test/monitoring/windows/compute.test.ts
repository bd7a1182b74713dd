import { describe, expect } from 'vitest'
import { hourMs } from '../../../src/core/time.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { rollUp } from '../../../src/jobs/index.ts'
import { inputs } from '../../../src/monitoring/windows/inputs.ts'
import { computeWindows } from '../../../src/monitoring/windows/pipeline.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServerPerTest()
let serial = 0
it.beforeEach(({ server }) => register(server, 'credit'))

const features = [
	{ name: 'income', type: 'numeric' },
	{ name: 'region', type: 'categorical' },
]
async function register(server: TestServer, model: string) {
	await server.post('/v1/models', { model, task: 'binary', positiveLabel: '1', segments: ['branch'] })
	await server.post(`/v1/models/${model}/versions`, { version: '1', features })
}

type Shape = { count: number; times?: number; branch?: string }
const featuresOf = (i: number, times = 1) => ({
	income: 1000 + (i % 97) * 10 * times,
	region: ['north', 'south'][i % 2],
})
const baseline = (server: TestServer, count: number, times = 1) =>
	server.fetch('/v1/models/credit/versions/1/baseline', {
		method: 'PUT',
		json: Array.from({ length: count }, (_, i) => ({
			features: featuresOf(i, times),
			score: (i % 100) / 100,
		})),
	})

async function post(server: TestServer, atMs: number, { count, times, branch }: Shape, model = 'credit') {
	const rows = Array.from({ length: count }, (_, i) => ({
		predictionId: `${serial++}`,
		version: '1',
		timestamp: new Date(atMs + i).toISOString(),
		features: featuresOf(i, times),
		score: (i % 100) / 100,
		...(branch ? { segment: { branch } } : {}),
	}))
	const { body } = await server.post(`/v1/models/${model}/predictions`, rows)
	expect(body.accepted).toBe(count)
}

async function run(server: TestServer) {
	await rollUp.run(server.context)
	return compute.run(server.context)
}
const read = async (server: TestServer, query: string, model = 'credit'): Promise<Json[]> =>
	(await server.fetch(`/v1/models/${model}/metrics?limit=1000&${query}`)).body.items
const income = 'metric=drift.psi&window=1h&feature=income'

describe('a window', () => {
	it('is provisional until it closes, and is then computed once more without new rows', async ({
		server,
	}) => {
		await baseline(server, 1000)
		server.clock.advance(30 * 60_000)
		await post(server, startOfTest, { count: 200 })
		await run(server)
		expect(await read(server, income)).toMatchObject([{ provisional: true, n: 200 }])
		server.clock.advance(hourMs)
		await run(server)
		expect(await read(server, income)).toMatchObject([{ provisional: false, n: 200 }])
		expect(await run(server)).toMatchObject({ windows: 0 })
	})

	it('is revised by late rows; the earlier value stays readable', async ({ server }) => {
		await baseline(server, 1000)
		await post(server, startOfTest - 5 * hourMs, { count: 200 })
		await run(server)
		const [before] = await read(server, income)
		server.clock.advance(hourMs)
		await post(server, startOfTest - 5 * hourMs, { count: 200, times: 5 })
		await run(server)
		const [after] = await read(server, income)
		expect(after).toMatchObject({ n: 400, supersedes: before.computedAt })
		expect(after.value).toBeGreaterThan(before.value + 0.1)
		const history = await read(server, `${income}&history=true`)
		expect(history.map((a) => [a.n, a.value])).toEqual(
			expect.arrayContaining([
				[200, before.value],
				[400, after.value],
			]),
		)
	})

	it('is computed again when nothing changed, to the same bytes and without a new record', async ({
		server,
	}) => {
		await baseline(server, 1000)
		await post(server, startOfTest - 5 * hourMs, { count: 200 })
		await run(server)
		const before = await read(server, 'window=1h&history=true')
		await server.context.sql.batch([
			{
				sql: 'INSERT OR REPLACE INTO log_dirty SELECT id, ?, 99 FROM log_series',
				params: [startOfTest - 5 * hourMs],
			},
		])
		expect(await run(server)).toMatchObject({ changed: 0 })
		expect(await read(server, 'window=1h&history=true')).toEqual(before)
	})
})

describe('a baseline', () => {
	it('that comes after the rows is compared with all that is stored', async ({ server }) => {
		await post(server, startOfTest - 5 * hourMs, { count: 200 })
		await run(server)
		expect(await read(server, income)).toMatchObject([
			{ status: 'insufficient', reason: expect.stringContaining('no baseline'), baseline: null },
		])
		await baseline(server, 1000)
		await run(server)
		expect(await read(server, income)).toMatchObject([{ status: 'ok', n: 200, m: 1000 }])
	})

	it('that is replaced revises the windows against the new one', async ({ server }) => {
		await baseline(server, 1000)
		await post(server, startOfTest - 5 * hourMs, { count: 200 })
		await run(server)
		const [before] = await read(server, income)
		await baseline(server, 500, 4)
		await run(server)
		const [after] = await read(server, income)
		expect([after.m, after.n, after.baseline === before.baseline]).toEqual([500, 200, false])
		expect(after.value).toBeGreaterThan(before.value + 0.1)
	})
})

describe('a segment', () => {
	it('has windows of its own, tested in the same family', async ({ server }) => {
		await baseline(server, 1000)
		await post(server, startOfTest - 5 * hourMs, { count: 300, branch: 'north' })
		await post(server, startOfTest - 5 * hourMs, { count: 300, branch: 'south', times: 4 })
		await run(server)
		const detected = async (branch: string) =>
			(await read(server, `metric=drift.detected&window=1h&feature=income&segment=branch:${branch}`)).map(
				(a) => [a.subject.segment.value, a.n, a.value],
			)
		expect([await detected('north'), await detected('south')]).toEqual([
			[['north', 300, 0]],
			[['south', 300, 1]],
		])
	})
})

describe('computing', () => {
	it('goes on after a model that fails, names it, and computes it again once it is fixed', async ({
		server,
	}) => {
		await register(server, 'other')
		await post(server, startOfTest - 5 * hourMs, { count: 60 })
		await post(server, startOfTest - 5 * hourMs, { count: 60 }, 'other')
		await rollUp.run(server.context)
		const ofCredit = "series IN (SELECT id FROM log_series WHERE model = 'credit')"
		const [[bytes]] = (await server.context.sql.values({
			sql: `SELECT bytes FROM log_profile WHERE ${ofCredit}`,
		})) as unknown as [[Uint8Array]]
		const write = (value: Uint8Array) =>
			server.context.sql.batch([
				{ sql: `UPDATE log_profile SET bytes = ? WHERE ${ofCredit}`, params: [value] },
			])
		await write(bytes.slice(0, 3))
		expect(await compute.run(server.context)).toMatchObject({ failed: ['credit@1 production'], families: 1 })
		expect(await read(server, 'metric=quality.volume&window=1h', 'other')).toMatchObject([{ value: 60 }])
		await write(bytes)
		expect(await compute.run(server.context)).toMatchObject({ failed: [], families: 1 })
		expect(await read(server, 'metric=quality.volume&window=1h')).toMatchObject([{ value: 60 }])
	})

	it('takes all marks, however many a page has', async ({ server }) => {
		for (let hour = 1; hour <= 5; hour++)
			await post(server, startOfTest - hour * hourMs, { count: 3, branch: 'north' })
		await computeWindows(server.context, inputs, { pageSize: 2 })
		expect(await read(server, 'metric=quality.volume&window=1h')).toHaveLength(5)
		expect(await server.context.log.dirtyInputs(10)).toEqual([])
	})
})
