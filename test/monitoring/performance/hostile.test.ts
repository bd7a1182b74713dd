import { describe, expect } from 'vitest'
import { dayMs, hourMs } from '../../../src/core/time.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { rollUp } from '../../../src/jobs/index.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { outcomeRows, predictionRows, registerModel } from '../../support/rows.ts'
import { type Json, type TestServer, testServer } from '../../support/server.ts'

const it = withServerPerTest()
const day = startOfTest - 3 * dayMs

const features = ['a', 'b'].map((name) => ({ name, type: 'categorical' }))
const register = (server: TestServer, task: string, more: Json = {}) =>
	registerModel(server, { task, threshold: 0.5, positiveLabel: '1', ...more }, features)
const predict = (server: TestServer, rows: Json[], first = 0) =>
	server.post(
		'/v1/models/m/predictions',
		predictionRows(
			rows.map((row) => ({ features: {}, ...row })),
			{ start: day, first },
		),
	)
const tell = (server: TestServer, actuals: unknown[], first = 0, later = 0) =>
	server.post('/v1/models/m/outcomes', outcomeRows(actuals, { at: day + hourMs * 12 + later, first }))
const patch = (server: TestServer, json: Json) => server.fetch('/v1/models/m', { method: 'PATCH', json })
async function read(server: TestServer, metric: string, group = ''): Promise<Json[]> {
	const run = await compute.run(server.context)
	expect(run.outcomes.failed).toEqual([])
	const { body } = await server.fetch(`/v1/models/m/metrics?window=1d&limit=1000&metric=${metric}${group}`)
	return body.items
}
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

describe('what a client can send', () => {
	it('scores whose squares are no numbers are kept, and left out of what squares them', async ({
		server,
	}) => {
		await register(server, 'binary', { sensitive: ['a'] })
		const { status, body } = await predict(server, [
			{ score: 1e200, features: { a: 'x' } },
			{ score: 0.5, features: { a: 'x' } },
		])
		expect([status, body.accepted]).toEqual([200, 2])
		expect((await read(server, 'fairness.selection_rate'))[0]).toMatchObject({ value: 1, n: 2 })
	})

	it('errors of a regression that cannot be squared make no number', async ({ server }) => {
		await register(server, 'regression')
		await predict(server, [{ score: 1e200 }, { score: 1 }, { score: 2 }])
		await tell(server, [1, 1.5, 2.5])
		for (const answer of await read(server, 'performance.rmse,performance.r2'))
			expect(answer).toMatchObject({
				status: 'failed',
				reason: expect.stringContaining('1 rows are too large'),
			})
	})

	it('a relevance whose gain is no number fails, and says why', async ({ server }) => {
		await register(server, 'ranking')
		await predict(server, [
			{ score: 2, segment: { query: 'q' } },
			{ score: 1, segment: { query: 'q' } },
		])
		await tell(server, [2000, 1])
		const [ndcg] = await read(server, 'performance.ndcg_10')
		expect(ndcg).toMatchObject({ status: 'failed', reason: expect.stringContaining('too large') })
	})

	it('a small spread far from zero keeps its digits', async ({ server }) => {
		await register(server, 'regression')
		const y = times(100, (i) => 1e9 + (i % 10))
		await predict(
			server,
			y.map((v, i) => ({ score: v + (i % 2 === 0 ? 1 : -1) })),
		)
		await tell(server, y)
		const [r2] = await read(server, 'performance.r2')
		expect(r2?.value).toBeCloseTo(1 - 1 / 8.25, 12)
		expect(r2?.reason).toBe('no interval: the outcomes spread too little for their mean')
	})

	it('another positive label applies to what arrives from then on', async ({ server }) => {
		await register(server, 'binary')
		await predict(
			server,
			times(40, (i) => ({ score: i / 40 })),
		)
		await tell(
			server,
			times(40, (i) => (i > 20 ? 1 : 0)),
		)
		await patch(server, { positiveLabel: '0' })
		await tell(
			server,
			times(40, (i) => (i > 10 ? 1 : 0)),
			0,
			1000,
		)
		expect(await read(server, 'performance.tp')).toMatchObject([{ value: 20, n: 40 }])
		expect(await read(server, 'performance.fn')).toMatchObject([{ value: 9 }])
	})

	it('attributes in another order are still the same groups after compaction', async ({ server }) => {
		await register(server, 'binary', { sensitive: ['a', 'b'] })
		const rows = times(40, (i) => ({ score: 0.9, features: { a: `${i % 2}`, b: `${i % 4 > 1 ? 1 : 0}` } }))
		await predict(server, rows)
		await patch(server, { sensitive: ['b', 'a'] })
		await predict(server, rows, 40)
		await rollUp.run(server.context)
		await tell(
			server,
			times(80, () => 1),
		)
		const answers = await read(server, 'fairness.*')
		for (const group of new Set(answers.map((a) => a.subject.group).filter((g) => g.includes('=')))) {
			const of = (id: string) => answers.find((a) => a.subject.group === group && a.metric === id)?.n
			expect([group, of('fairness.base_rate')]).toEqual([group, of('fairness.selection_rate')])
		}
	})

	it('more values than anyone can read are one group, however they are batched', async () => {
		const groupsOf = async (size: number) => {
			const server = await testServer()
			await register(server, 'binary', { sensitive: ['a'] })
			for (let i = 0; i < 600; i += size)
				await predict(
					server,
					times(size, (k) => ({ score: 0.9, features: { a: `z${(i + k) % 150}` } })),
					i,
				)
			const answers = await read(server, 'fairness.selection_rate')
			await server.close()
			return answers.map((a) => [a.subject.group, a.n])
		}
		const whole = await groupsOf(600)
		expect(whole).toContainEqual(['a=(other)', 200])
		expect(whole).toHaveLength(101)
		expect(await groupsOf(50)).toEqual(whole)
	})

	it('a name that would mean two attributes is refused', async ({ server }) => {
		await register(server, 'binary')
		expect((await patch(server, { sensitive: ['a', 'a x b'] })).status).toBe(422)
	})

	it('a mature window stays mature when late predictions arrive; a new policy applies to immature ones', async ({
		server,
	}) => {
		await register(server, 'binary', { maturity: { coverage: 0.8, delay: '60d' } })
		await predict(
			server,
			times(20, () => ({ score: 0.9 })),
		)
		await tell(
			server,
			times(18, () => 1),
		)
		expect(await read(server, 'performance.accuracy')).toMatchObject([{ provisional: false, n: 18 }])
		await predict(
			server,
			times(20, () => ({ score: 0.9 })),
			20,
		)
		expect(await read(server, 'performance.accuracy')).toMatchObject([{ provisional: false, n: 18 }])
		await predict(
			server,
			times(10, () => ({ score: 0.9, timestamp: new Date(day - dayMs).toISOString() })),
			100,
		)
		await tell(server, [1, 1, 1, 1], 100)
		expect((await read(server, 'performance.accuracy'))[0]).toMatchObject({ provisional: true, n: 4 })
		await patch(server, { maturity: { coverage: 0.3, delay: '60d' } })
		expect((await read(server, 'performance.accuracy'))[0]).toMatchObject({ provisional: false, n: 4 })
	})

	it('labels are one label however they are spelt', async ({ server }) => {
		await register(server, 'binary', { positiveLabel: 'True' })
		await predict(
			server,
			times(4, () => ({ score: 0.9 })),
		)
		await tell(server, [true, 'TRUE', 'true', 'False'])
		expect(await read(server, 'performance.tp,performance.fp')).toMatchObject([{ value: 3 }, { value: 1 }])
	})

	it('rows of one subject at one time that are several are no pairs', async ({ server }) => {
		await register(server, 'binary')
		await server.post('/v1/models/m/versions', { version: '2', features: [] })
		await server.fetch('/v1/models/m/deployments/production', {
			method: 'PUT',
			json: { champion: '1', challenger: '2' },
		})
		const timestamp = new Date(startOfTest).toISOString()
		const both = times(600, (i) => ({ subject: `s${i % 60}`, timestamp, score: ((i * 7) % 10) / 10 }))
		await predict(server, both)
		await predict(
			server,
			both.map((row) => ({ ...row, version: '2' })),
			600,
		)
		await tell(
			server,
			times(1200, (i) => (i % 3 === 0 ? 1 : 0)),
		)
		server.clock.advance(1000)
		const { body } = await server.fetch('/v1/models/m/deployments/production/comparison')
		expect(body).toMatchObject({ design: 'split', verdict: 'not-yet' })
		expect(Math.abs(body.gain.value)).toBeLessThan(0.05)
	})

	it('the group of a prediction goes before that of its subject', async ({ server }) => {
		await register(server, 'binary', { sensitive: ['sex'] })
		await predict(server, [{ score: 0.9, subject: 's1' }])
		const upload = (groups: Json) =>
			server.post('/v1/models/m/groups', [{ timestamp: new Date(day).toISOString(), ...groups }])
		await upload({ predictionId: 'p0', groups: { sex: 'f' } })
		await upload({ subject: 's1', groups: { sex: 'm' } })
		expect((await read(server, 'fairness.selection_rate')).map((a) => a.subject.group)).toEqual(['sex=f'])
	})
})
