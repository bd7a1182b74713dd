import { expect } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { runAll } from '../../src/jobs/index.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import { type Json, type TestServer, testServer } from '../support/server.ts'

const it = withServer(async () => {
	const rules = await openRules(builtInRules(), { logger: { info() {}, warn() {}, error() {} } })
	return testServer({}, { rules })
})
const perDay = 300
const chance = new Chance(21)
const logistic = (x: number) => 1 / (1 + Math.exp(-x))

/** A calibrated model without differences between groups, unless `more` adds some. */
type World = { skill: number; against: string | undefined }
const healthy: World = { skill: 1, against: undefined }

function applicant({ skill, against }: World) {
	const x = 1.5 * chance.normal()
	const SEX = chance.pick(['f', 'm'])
	const region = chance.pick(['north', 'south', 'east', 'west'])
	const isHeld = against !== undefined && region === against && chance.uniform() < 0.6
	const score = isHeld ? 0.2 * chance.uniform() : logistic(x)
	return { features: { x, SEX, region }, score, actual: chance.uniform() < logistic(skill * x) ? 1 : 0 }
}

async function live(server: TestServer, from: number, to: number, world: World): Promise<void> {
	for (let day = from; day < to; day++) {
		const rows = Array.from({ length: perDay }, () => applicant(world))
		const at = (i: number) => new Date(startOfTest + day * dayMs + i * 60_000).toISOString()
		server.clock.now = startOfTest + (day + 1) * dayMs
		const sent = rows.map(({ actual: _, ...row }, i) => ({
			predictionId: `${day}-${i}`,
			version: '1',
			timestamp: at(i),
			...row,
		}))
		expect((await server.post('/v1/models/loans/predictions', sent)).body.rejected).toEqual([])
		const known = rows.map(({ actual }, i) => ({
			predictionId: `${day}-${i}`,
			actual,
			timestamp: at(i + 100),
		}))
		await server.post('/v1/models/loans/outcomes', known)
		if (day % 7 === 6)
			expect((await runAll(server.context, 'test')).filter((r) => r.status !== 'ok')).toEqual([])
	}
}
const fired = async (server: TestServer): Promise<string[]> => {
	const { body } = await server.fetch('/v1/incidents?model=loans')
	return body.items.flatMap((i: Json) =>
		i.alerts.map((a: Json) => `${a.rule} ${a.subject.group ?? ''}`.trim()),
	)
}

it.beforeAll(async ({ server }) => {
	await server.post('/v1/models', {
		model: 'loans',
		task: 'binary',
		threshold: 0.5,
		positiveLabel: '1',
		favourable: '1',
		sensitive: ['SEX', 'region'],
	})
	const features = [
		{ name: 'x', type: 'numeric' },
		{ name: 'SEX', type: 'categorical' },
		{ name: 'region', type: 'categorical' },
	]
	await server.post('/v1/models/loans/versions', { version: '1', features })
	const baseline = Array.from({ length: 3000 }, () => applicant(healthy))
	await server.fetch('/v1/models/loans/versions/1/baseline', { method: 'PUT', json: baseline })
})

it('are silent for twelve weeks of a healthy model, and find what breaks', async ({ server }) => {
	await live(server, 0, 84, healthy)
	expect(await fired(server)).toEqual([])
	await live(server, 84, 98, { skill: 0, against: undefined })
	const broken = await fired(server)
	expect(broken).toContain('discrimination-low')
	expect(broken.filter((rule) => /four-fifths|opportunity/.test(rule))).toEqual([])
	const { body } = await server.fetch('/v1/requests?model=loans')
	expect(body.items).toMatchObject([{ kind: 'retraining', evidence: { incident: expect.any(String) } }])
	await live(server, 98, 112, { skill: 1, against: 'north' })
	expect(await fired(server)).toEqual(
		expect.arrayContaining(['four-fifths region', 'four-fifths SEX x region']),
	)
	expect((await fired(server)).filter((rule) => rule === 'four-fifths SEX')).toEqual([])
})
