import { expect, it } from 'vitest'
import { dayMs, formatTime } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { runAll } from '../../src/jobs/index.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { startOfTest } from '../support/context.ts'
import { type Json, testServer } from '../support/server.ts'

const features = ['income', 'late'].map((name) => ({ name, type: 'numeric' }))

/** A day of the same people; `weight` is the model's weight of `late`. */
function dayOf(day: number, weight: number): Json[] {
	const chance = new Chance(day)
	return Array.from({ length: 300 }, (_, i) => {
		const row = { income: chance.normal(), late: chance.normal() }
		const attributions = { income: (1 - weight) * row.income, late: weight * row.late }
		return {
			predictionId: `${day}-${i}`,
			version: '1',
			timestamp: formatTime(startOfTest + day * dayMs + i * 280_000),
			features: row,
			score: chance.uniform(),
			attributions,
		}
	})
}

it('a model that weighs its features differently is found although no feature drifts, and nothing before', async () => {
	const rules = await openRules(builtInRules(), { logger: { info() {}, warn() {}, error() {} } })
	const server = await testServer({}, { rules })
	try {
		await server.post('/v1/models', { model: 'loans', task: 'binary', threshold: 0.5, positiveLabel: '1' })
		await server.post('/v1/models/loans/versions', { version: '1', features })
		const path = '/v1/models/loans/versions/1/baseline'
		const baseline = dayOf(99, 0.5).map(({ features, score }) => ({ features, score }))
		expect((await server.fetch(path, { method: 'PUT', json: baseline })).status).toBe(201)
		const incidents = async (): Promise<Json[]> =>
			(await server.fetch('/v1/incidents?model=loans')).body.items
		for (let day = 0; day < 12; day++) {
			if (day === 10) expect(await incidents()).toEqual([])
			server.clock.now = startOfTest + (day + 1) * dayMs
			await server.post('/v1/models/loans/predictions', dayOf(day, day < 10 ? 0.5 : 0.8))
			await runAll(server.context, 'test')
		}
		const [incident, ...others] = await incidents()
		expect([others, incident.severity]).toEqual([[], 'warning'])
		const alerts = incident.alerts.map((a: Json) => [a.rule, a.subject.feature]).sort()
		expect(alerts).toEqual([
			['attribution-drift', 'income'],
			['attribution-drift', 'late'],
		])
	} finally {
		await server.close()
	}
})
