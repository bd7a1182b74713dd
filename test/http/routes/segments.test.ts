import { describe, expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { Chance } from '../../../src/demo/random.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { registerModel } from '../../support/rows.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServer()
const count = 4000
const features = [
	{ name: 'age', type: 'numeric' },
	{ name: 'region', type: 'categorical' },
]

/** Wrong in one of ten rows; in the north, above fifty, in half of them. */
it.beforeAll(async ({ server }) => {
	server.clock.now = startOfTest + 2 * dayMs
	await registerModel(server, { task: 'binary', positiveLabel: '1', threshold: 0.5 }, features)
	await server.fetch('/v1/models/m/deployments/production', { method: 'PUT', json: { champion: '1' } })
	const chance = new Chance(5)
	const rows = Array.from({ length: count }, (_, i) => {
		const age = Math.floor(20 + 60 * chance.uniform())
		const region = chance.pick(['north', 'south', 'east', 'west'])
		const wrong = chance.uniform() < (region === 'north' && age > 50 ? 0.5 : 0.1)
		const day = i < count / 2 ? 0 : 1
		return {
			i,
			age: chance.uniform() < 0.05 ? null : age,
			region: day === 1 && chance.uniform() < 0.2 ? 'isle' : region,
			wrong,
			day,
		}
	})
	const at = (day: number, i: number) => new Date(startOfTest + day * dayMs + i).toISOString()
	await server.post(
		'/v1/models/m/predictions',
		rows.map(({ i, age, region, day }) => ({
			predictionId: `p${i}`,
			version: '1',
			timestamp: at(day, i),
			features: { age, region },
			score: 0.9,
		})),
	)
	await server.post(
		'/v1/models/m/outcomes',
		rows.map(({ i, wrong }) => ({ predictionId: `p${i}`, actual: wrong ? 0 : 1, timestamp: at(1, i) })),
	)
})

const worst = async (server: TestServer, query = '') =>
	(await server.fetch(`/v1/models/m/segments/worst${query}`)).body

describe('the worst segments', () => {
	it('are where the model errs, found on one half of the rows and tested on the other', async ({
		server,
	}) => {
		const answer = await worst(server)
		expect(answer).toMatchObject({ rows: count, loss: 'error', by: 'error', version: '1' })
		const [first] = answer.segments
		expect(first.conditions.map((c: Json) => [c.feature, c.op])).toEqual(
			expect.arrayContaining([
				['region', 'in'],
				['age', '>'],
			]),
		)
		expect(first.value).toBeGreaterThan(0.35)
		expect(first.outside).toBeLessThan(0.15)
		expect(await worst(server)).toEqual(answer)
	})

	it('by drift are where rows have become more than before', async ({ server }) => {
		const from = new Date(startOfTest + dayMs).toISOString()
		const answer = await worst(
			server,
			`?by=drift&from=${from}&to=${new Date(startOfTest + 2 * dayMs).toISOString()}`,
		)
		expect(answer.segments[0]).toMatchObject({ text: expect.stringContaining('isle'), value: 1 })
	})

	it('are none, with a reason, where nothing generalises or nothing is known', async ({ server }) => {
		const to = new Date(startOfTest - dayMs).toISOString()
		expect(await worst(server, `?to=${to}`)).toMatchObject({
			segments: [],
			reason: 'there are no predictions in the period',
		})
		expect(await worst(server, '?version=9')).toMatchObject({ status: 422, errors: [{ path: 'version' }] })
	})
})
