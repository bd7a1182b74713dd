import { describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { Chance } from '../../../src/demo/random.ts'
import { attribute } from '../../../src/jobs/attribute.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { rollUp } from '../../../src/jobs/index.ts'
import { readFacts } from '../../../src/monitoring/windows/window-facts.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServer()

const features = ['income', 'late', 'age'].map((name) => ({ name, type: 'numeric' }))
const linear = {
	format: 'linear-json',
	link: 'logit',
	intercept: -1,
	coefficients: { income: -1, late: 1, age: 0 },
	means: { income: 0, late: 0, age: 0 },
}

async function register(server: TestServer, model: string, artifact: boolean): Promise<void> {
	await server.post('/v1/models', {
		model,
		task: 'binary',
		positiveLabel: '1',
		segments: ['branch'],
		threshold: 0.5,
	})
	await server.post(`/v1/models/${model}/versions`, { version: '1', features })
	if (artifact) await upload(server, model)
	await server.fetch(`/v1/models/${model}/deployments/production`, { method: 'PUT', json: { champion: '1' } })
}

async function upload(server: TestServer, model: string): Promise<void> {
	const { status } = await server.fetch(`/v1/models/${model}/versions/1/artifact`, {
		method: 'PUT',
		body: JSON.stringify(linear),
		headers: { 'content-type': 'application/octet-stream' },
	})
	expect(status).toBeLessThan(300)
}

/** `spread` stretches the values of `late`: then it moves the score more than it did. */
function makeRow(chance: Chance, spread: number) {
	const normal = () => chance.uniform() + chance.uniform() + chance.uniform() - 1.5
	return { income: normal(), late: spread * normal(), age: 30 + 10 * chance.uniform() }
}

async function log(
	server: TestServer,
	model: string,
	from: number,
	rows: number,
	spread: number,
	more: (f: Json) => Json = () => ({}),
) {
	const chance = new Chance(from % 1e6)
	const sent = Array.from({ length: rows }, (_, i) => {
		const row = makeRow(chance, spread)
		return {
			predictionId: `${from}-${i}`,
			version: '1',
			timestamp: formatTime(from + Math.floor((i * dayMs) / rows)),
			score: 1 / (1 + Math.exp(1 + row.income - row.late)),
			features: row,
			segment: { branch: i % 3 === 0 ? 'north' : 'south' },
			...more(row),
		}
	})
	const { body } = await server.post(`/v1/models/${model}/predictions`, sent)
	expect(body).toMatchObject({ accepted: rows, rejected: [] })
}

const baseline = async (server: TestServer, model: string) => {
	const chance = new Chance(3)
	const rows = Array.from({ length: 2500 }, () => ({ features: makeRow(chance, 1), score: 0.3 }))
	const { status } = await server.fetch(`/v1/models/${model}/versions/1/baseline`, {
		method: 'PUT',
		json: rows,
	})
	expect(status).toBeLessThan(300)
}

async function run(server: TestServer) {
	const { context } = server
	await rollUp.run(context)
	await compute.run(context)
	return attribute.run(context)
}

const first = startOfTest - 3 * dayMs
const read = async (server: TestServer, model: string, query: string): Promise<Json[]> =>
	(await server.fetch(`/v1/models/${model}/metrics?metric=drift.attribution,drift.attribution_ndcg&${query}`))
		.body.items

describe('importance drift', () => {
	it('compares each day with the baseline, and finds the feature that took over', async ({ server }) => {
		await register(server, 'drifting', true)
		await baseline(server, 'drifting')
		await log(server, 'drifting', first, 600, 1)
		await log(server, 'drifting', first + dayMs, 600, 2.5)
		const done = await run(server)
		expect(done).toMatchObject({ hours: 48, remaining: 0, failed: [], waiting: {} })
		const items = await read(server, 'drifting', 'window=1d')
		expect(items).toHaveLength(8)
		const of = (day: number, feature?: string) =>
			items.find(
				(a: Json) => a.window.from === formatTime(first + day * dayMs) && a.subject.feature === feature,
			)
		expect(of(0, 'late')).toMatchObject({ status: 'ok', n: 600, m: 1000, provisional: false })
		expect(of(0, 'late').q).toBeGreaterThan(0.05)
		expect(of(1, 'late').value).toBeGreaterThan(0.15)
		expect(of(1, 'late').low).toBeGreaterThan(0.1)
		expect(of(1, 'late').q).toBeLessThan(1e-6)
		expect(of(1, 'age')).toMatchObject({ value: 0, p: 1 })
		expect(of(1).metric).toBe('drift.attribution_ndcg')
		expect(of(1).value).toBeGreaterThan(0)
		expect(of(1).baseline).toMatch(/^[0-9a-f]{64}$/)
		expect(await read(server, 'drifting', 'window=7d&feature=late')).toHaveLength(1)
	})

	it('does nothing more until something changes, and then only for what did', async ({ server }) => {
		expect(await run(server)).toMatchObject({ hours: 0, windows: 0, changed: 0 })
		await log(server, 'drifting', first + 2 * dayMs, 240, 1)
		expect(await run(server)).toMatchObject({ hours: 24, windows: 2 })
		expect(await run(server)).toMatchObject({ hours: 0, windows: 0 })
		// Of segments neither: they are not explained by hour.
		expect(await server.context.sql.values({ sql: 'SELECT * FROM attribution_dirty' })).toEqual([])
	})

	it('is a fact of its feature for rules', async ({ server }) => {
		const [table] = await readFacts(server.context, {
			model: 'drifting', version: '1', environment: 'production', window: '1d', froms: [first + dayMs],
		}) // biome-ignore format: one window
		const late = table?.subjects.find((s) => s.feature === 'late' && s.segment === undefined)
		expect(late?.facts.get('drift.attribution')).toBeGreaterThan(0.15)
		expect(late?.facts.get('drift.attribution.q')).toBeLessThan(1e-6)
		expect(late?.facts.get('drift.psi')).toBeTypeOf('number')
	})

	it('keeps the earlier values when late rows change a day', async ({ server }) => {
		await log(server, 'drifting', first + 1000, 48, 1)
		await run(server)
		const items = await read(
			server,
			'drifting',
			`window=1d&feature=late&history=true&to=${formatTime(first + 1)}`,
		)
		expect(items.map((a) => a.n)).toEqual([600, 648])
		expect(items[1]).toMatchObject({ supersedes: items[0]?.computedAt })
	})

	it('says what is missing where there are too few rows, and compares with the first week where there is no baseline', async ({
		server,
	}) => {
		await register(server, 'young', true)
		await log(server, 'young', first, 90, 1)
		await run(server)
		const [few] = await read(server, 'young', 'window=1d&feature=late')
		expect(few).toMatchObject({ status: 'insufficient', value: null, baseline: null })
		expect(few?.reason).toContain('first week')
		await log(server, 'young', first - 20 * dayMs, 300, 1)
		await log(server, 'young', first + dayMs, 300, 2.5)
		await run(server)
		const days = await read(server, 'young', 'window=1d&feature=late')
		expect(days.map((a) => a.status)).toEqual(['insufficient', 'insufficient', 'ok'])
		expect(days[1]?.reason).toContain("the window's count for 90")
		expect(days[2]?.value).toBeGreaterThan(0.15)
	})

	it('uses attributions that were sent where the version has no model, and its model once it has one', async ({
		server,
	}) => {
		await register(server, 'sent', false)
		const attributions = ({ income, late }: Json) => ({ attributions: { income: -income, late } })
		await log(server, 'sent', first, 200, 1, attributions)
		expect((await server.fetch('/v1/models/sent/importance')).body).toMatchObject({
			method: 'sent with the predictions', space: null, rows: 200, explained: 200,
		}) // biome-ignore format: a short answer
		await register(server, 'silent', false)
		await log(server, 'silent', first, 200, 1)
		expect(await run(server)).toMatchObject({ hours: 48, failed: [] })
		expect(await read(server, 'sent', 'window=1d&feature=late')).toHaveLength(1)
		expect(await read(server, 'silent', 'window=1d&feature=late')).toHaveLength(0)
		expect((await server.fetch('/v1/models/silent/importance')).body).toMatchObject({
			explained: 0,
			features: [],
			reason: 'the version has no model that can be explained, and the predictions came without attributions',
		})
		expect(await run(server)).toMatchObject({ hours: 0 })
		await upload(server, 'silent')
		expect(await run(server)).toMatchObject({ hours: 24 })
		expect(await read(server, 'silent', 'window=1d&feature=late')).toHaveLength(1)
	})
})

describe('importance over a period', () => {
	it('is the mean absolute contribution, with its error, most important first, and by segment', async ({
		server,
	}) => {
		const { body } = await server.fetch('/v1/models/drifting/importance?segment=branch')
		expect(body).toMatchObject({
			method: 'linear-shap',
			space: 'log-odds',
			rows: 1488,
			sampled: 1000,
			explained: 1000,
		})
		expect(body.features.map((f: Json) => f.feature)).toEqual(['late', 'income', 'age'])
		expect(body.features[0].standardError).toBeGreaterThan(0)
		expect(body.features.reduce((sum: number, f: Json) => sum + f.share, 0)).toBeCloseTo(1, 12)
		expect(body.segments.map((s: Json) => s.value)).toEqual(['south', 'north'])
		expect(body.segments[0].explained + body.segments[1].explained).toBe(1000)
		const again = await server.fetch('/v1/models/drifting/importance?segment=branch')
		expect(again.body.features).toEqual(body.features)
	})

	it('refuses what there is not, with the nearest name', async ({ server }) => {
		const wrong = await server.fetch('/v1/models/drifting/importance?segment=brunch')
		expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: 'segment' }] } })
		expect(wrong.body.detail).toContain('"branch"')
		expect(
			(await server.fetch('/v1/models/drifting/partial-dependence?feature=incom')).body.detail,
		).toContain('"income"')
		expect((await server.fetch('/v1/models/drifting/importance?version=9')).status).toBe(422)
	})
})

describe('partial dependence', () => {
	it('of a logistic model with one moving feature follows its curve', async ({ server }) => {
		const { body } = await server.fetch('/v1/models/drifting/partial-dependence?feature=late')
		expect(body).toMatchObject({ feature: 'late', output: null, rows: 1488, averaged: 300, reason: null })
		expect(body.points).toHaveLength(20)
		const means = body.points.map((p: Json) => p.mean)
		expect([...means].sort((a, b) => a - b)).toEqual(means)
		for (const { low, mean, high } of body.points) expect(low <= mean && mean <= high).toBe(true)
		expect(body.points.reduce((sum: number, p: Json) => sum + p.rows, 0)).toBe(300)
	})

	it('of a feature that the model does not use is flat', async ({ server }) => {
		const { body } = await server.fetch('/v1/models/drifting/partial-dependence?feature=age')
		const means = body.points.map((p: Json) => p.mean)
		expect(Math.max(...means) - Math.min(...means)).toBeLessThan(1e-12)
	})
})
