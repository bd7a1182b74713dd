import { describe, expect, it } from 'vitest'
import { dayMs, hourMs } from '../../../src/core/time.ts'
import { Chance } from '../../../src/demo/random.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { startOfTest } from '../../support/context.ts'
import { type Json, type TestServer, testServer } from '../../support/server.ts'

type Row = { at: number; subject?: string; features: Record<string, unknown> }

async function modelWith(features: Record<string, 'numeric' | 'categorical'>, baseline: readonly Row[]) {
	const server = await testServer()
	await server.post('/v1/models', { model: 'm', task: 'regression' })
	const declared = Object.entries(features).map(([name, type]) => ({ name, type }))
	await server.post('/v1/models/m/versions', { version: '1', features: declared })
	const rows = baseline.map(({ at, ...row }) => ({ ...row, score: 1, timestamp: new Date(at).toISOString() }))
	const put = await server.fetch('/v1/models/m/versions/1/baseline', { method: 'PUT', json: rows })
	expect(put.status).toBe(201)
	return { server, warnings: (name: string) => put.body.features.find((f: Json) => f.name === name).warnings }
}

/** Posts rows, computes, and answers what is known of a feature in the day of the first of them. */
async function day(server: TestServer, rows: readonly Row[], feature: string): Promise<Map<string, Json>> {
	const first = Math.floor((rows[0] as Row).at / dayMs) * dayMs
	server.clock.now = Math.max(server.clock.now, first + dayMs)
	const sent = rows.map(({ at, ...row }, i) => ({
		...row,
		predictionId: `${first}-${i}`,
		version: '1',
		score: 1,
		timestamp: new Date(at).toISOString(),
	}))
	for (let i = 0; i < sent.length; i += 500)
		expect((await server.post('/v1/models/m/predictions', sent.slice(i, i + 500))).body.rejected).toEqual([])
	await compute.run(server.context)
	const from = new Date(first).toISOString()
	const to = new Date(first + dayMs).toISOString()
	const { body } = await server.fetch(
		`/v1/models/m/metrics?metric=drift.*&feature=${feature}&window=1d&from=${from}&to=${to}`,
	)
	return new Map(body.items.map((a: Json) => [a.metric, a]))
}

const spread = (from: number, rows: number, features: (i: number) => Row['features']): Row[] =>
	Array.from({ length: rows }, (_, i) => ({
		at: from + Math.floor((i * dayMs) / rows),
		features: features(i),
	}))

describe('a baseline with times over four weeks', () => {
	it('is compared by what is usual at the time: a weekend as usual is no drift, a weekday like it is one', async () => {
		const chance = new Chance(1)
		const isWeekend = (d: number) => d % 7 >= 5
		const baseline = Array.from({ length: 28 }, (_, d) =>
			spread(startOfTest - (28 - d) * dayMs, 120, () => ({ x: chance.normal() + (isWeekend(d) ? 1 : 0) })),
		).flat()
		const { server } = await modelWith({ x: 'numeric' }, baseline)
		const monday = await day(
			server,
			spread(startOfTest, 500, () => ({ x: chance.normal() + 1 })),
			'x',
		)
		const saturday = await day(
			server,
			spread(startOfTest + 5 * dayMs, 500, () => ({ x: chance.normal() + 1 })),
			'x',
		)
		expect(monday.get('drift.detected')).toMatchObject({ value: 1, n: 500, m: 3360 })
		expect(saturday.get('drift.detected').value).toBe(0)
		expect(saturday.get('drift.detected').method).toContain('as it usually is at this time of the week')
		expect(saturday.get('drift.psi').value).toBeGreaterThan(0.2) // beside the baseline as a whole
		await server.close()
	})
})

describe('an identifier', () => {
	it('is named in the warnings of the baseline and in the reasons, and never drifts', async () => {
		const chance = new Chance(2)
		const of = (i: number) => ({ id: 5000 + i, reference: `R${i}`, x: chance.normal() })
		const { server, warnings } = await modelWith(
			{ id: 'numeric', reference: 'categorical', x: 'numeric' },
			spread(startOfTest - dayMs, 500, of),
		)
		expect(warnings('id').join()).toContain('identifier')
		expect(warnings('reference').join()).toContain('identifier')
		expect(warnings('x')).toEqual([])
		const rows = spread(startOfTest, 300, (i) => of(500 + i))
		const known = await day(server, rows, 'id')
		expect(known.get('drift.detected')).toMatchObject({ status: 'ok', value: 0 })
		expect(known.get('drift.detected').reason).toContain('looks like an identifier')
		expect(known.get('drift.psi')).toMatchObject({ status: 'insufficient', value: null })
		const text = await day(
			server,
			spread(startOfTest + dayMs, 300, (i) => of(800 + i)),
			'reference',
		)
		expect(text.get('drift.detected')).toMatchObject({ value: 0 })
		await server.close()
	})

	it('is not a measure that had another value in every row of the baseline', async () => {
		const of = (i: number, factor: number) => ({ income: (2000 + ((i * 7919) % 3000)) * factor })
		const { server } = await modelWith(
			{ income: 'numeric' },
			spread(startOfTest - dayMs, 2000, (i) => of(i, 1)),
		)
		const known = await day(
			server,
			spread(startOfTest, 500, (i) => of(i, 3)),
			'income',
		)
		expect(known.get('drift.psi').value).toBeGreaterThan(1)
		expect(known.get('drift.detected')).toMatchObject({ value: 1 })
		await server.close()
	})

	it('is recognised by its traffic when the baseline does not show it', async () => {
		const chance = new Chance(3)
		const of = (i: number) => ({ id: 100 * i + Math.floor(100 * chance.uniform()) })
		const shuffled = spread(startOfTest - dayMs, 500, (i) => of((i * 7) % 500))
		const { server, warnings } = await modelWith({ id: 'numeric' }, shuffled)
		expect(warnings('id')).toEqual([])
		const known = await day(
			server,
			spread(startOfTest, 300, (i) => of(500 + i)),
			'id',
		)
		expect(known.get('drift.detected')).toMatchObject({ value: 0 })
		expect(known.get('drift.detected').reason).toContain('only grow')
		await server.close()
	})
})

describe('rows of the same subjects', () => {
	it('count as many times as there are subjects', async () => {
		const chance = new Chance(4)
		const { server } = await modelWith(
			{ x: 'numeric' },
			spread(startOfTest - dayMs, 1000, () => ({ x: chance.normal() })),
		)
		const values = Array.from({ length: 60 }, () => chance.normal())
		const hourly = Array.from({ length: 24 }, (_, hour) =>
			values.map((x, e) => ({ at: startOfTest + hour * hourMs + e, subject: `e${e}`, features: { x } })),
		).flat()
		const known = await day(server, hourly, 'x')
		expect(known.get('drift.detected')).toMatchObject({ value: 0, n: 1440 })
		expect(known.get('drift.p').nEffective).toBeLessThanOrEqual(60)
		await server.close()
	})
})
