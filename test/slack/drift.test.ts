import { afterAll, beforeAll, describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../src/core/time.ts'
import { pngRenderer } from '../../src/platform/node/render-png.ts'
import { checkMessage } from '../support/block-kit.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import { applicantsOf, predict, registerLender, run, tellOutcomes } from '../support/lender.ts'
import { type PlumbServer, plumbServer } from '../support/plumb.ts'
import type { Json } from '../support/server.ts'
import { FakeSlack } from '../support/slack-api.ts'

const fake = new FakeSlack()
beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())

const start = startOfTest - 6 * dayMs
const digits = (x: number) => String(Number(x.toPrecision(3)))
const work: Promise<unknown>[] = []
const settled = async () => {
	while (work.length > 0) await Promise.all(work.splice(0))
}

const it = withServer(() =>
	plumbServer({ renderPng: pngRenderer(), background: (promise) => void work.push(promise) }),
)
it.beforeAll(async ({ server }) => {
	await registerLender(server)
	server.clock.now = startOfTest + dayMs
	// From the fourth day on, everybody is married.
	const all = applicantsOf(7, 2).map((a) => (a.day < 4 ? a : { ...a, MARRIAGE: 'married' }))
	await predict(server, all, start)
	await tellOutcomes(server, all, start + 7 * dayMs - 3600_000)
	await run(server)
})

const point = async (server: PlumbServer, metric: string, feature: string, day: number): Promise<Json> => {
	const period = `from=${formatTime(start + day * dayMs)}&to=${formatTime(start + (day + 1) * dayMs)}`
	const { body } = await server.fetch(
		`/v1/models/lender/metrics?window=1d&metric=${metric}&feature=${feature}&version=1&${period}`,
	)
	return body.items.find((a: Json) => a.subject.segment === undefined)
}

describe('/plumb drift', () => {
	it('shows the worst columns with effect, PSI, p, q and rows, and the trend of the worst', async ({
		server,
	}) => {
		const { shown, text } = await server.plumb('drift lender')
		const [effect, psi, q] = await Promise.all(
			['drift.effect', 'drift.psi', 'drift.q'].map((metric) => point(server, metric, 'MARRIAGE', 6)),
		)
		expect(q?.value).toBeLessThan(0.05)
		for (const all of [shown, text]) {
			expect(all).toContain('1 of 4 columns has drifted: *MARRIAGE*')
			expect(all).toContain(`*MARRIAGE* effect ${digits(effect?.value)}, PSI ${digits(psi?.value)}, p `)
			expect(all).toContain('n 200 against 2,000')
			expect(all).toContain('*Trend* of *MARRIAGE* over 7 windows: from ')
		}
		expect(shown.indexOf('MARRIAGE')).toBeLessThan(shown.indexOf('*SEX*'))
		expect(shown).toContain('Version 1 in production, windows of 1d in UTC')
		expect(shown).toMatch(/MARRIAGE │█+/)
	})

	it('is reached by plain words, and narrowed by a window, a feature, a segment and an environment', async ({
		server,
	}) => {
		expect((await server.plumb('is lender drifting?')).text).toContain('Drift of lender')
		expect((await server.plumb('has the lender model drifted this week?')).shown).toContain('windows of 7d')
		const one = await server.plumb('drift lender SEX')
		expect(one.text).toContain('No drift was detected in 1 columns')
		expect(one.shown).not.toContain('*MARRIAGE*')
		expect((await server.plumb('drift lender segment branch:north in production')).shown).toContain(
			'branch = north',
		)
		const { text } = await server.plumb('drift lender MARIAGE')
		expect(text).toContain('Did you mean "MARRIAGE"?')
		expect((await server.plumb('drift nothing')).text).toContain('no model "nothing"')
	})

	it('is followed by a picture with the same in its alt text', async ({ server }) => {
		fake.toOne.length = 0
		await server.plumb('drift lender')
		await settled()
		const [message] = fake.toOne as unknown as [{ text: string; blocks: Json[] }]
		expect(message.blocks[0]).toMatchObject({ type: 'image' })
		expect(message.blocks[0].alt_text).toMatch(
			/^Drift of lender, 2026-03-02\. .*Effect: MARRIAGE [\d.]+ \(drifted\), /,
		)
		expect(message.text).toBe(message.blocks[0].alt_text)
	})

	it('is drawn by Slack where the workspace has charts', async ({ server }) => {
		fake.toOne.length = 0
		const { slack } = server.context
		if (!slack) throw new Error('no Slack')
		slack.drawsCharts = true
		await server.plumb('drift lender')
		await server.plumb('performance lender')
		await settled()
		slack.drawsCharts = false
		const [drift, performance] = fake.toOne as unknown as { text: string; blocks: Json[] }[]
		expect(drift?.blocks[0]).toMatchObject({
			type: 'data_visualization',
			chart: { type: 'bar', series: [{ name: 'effect' }] },
		})
		expect(performance?.blocks[0]).toMatchObject({ type: 'data_visualization', chart: { type: 'line' } })
		for (const message of [drift, performance]) {
			if (!message) throw new Error('no chart')
			expect(checkMessage(message)).toEqual([])
			const { title, chart } = message.blocks[0]
			expect(title.length).toBeLessThanOrEqual(50)
			const labels = chart.series[0].data.map((d: Json) => d.label)
			expect(labels).toEqual(chart.axis_config.categories)
			expect(new Set(labels).size).toBe(labels.length)
			expect(Math.max(...labels.map((l: string) => l.length))).toBeLessThanOrEqual(20)
		}
	})
})

describe('/plumb performance', () => {
	it('is followed by a picture of its trend', async ({ server }) => {
		fake.toOne.length = 0
		await server.plumb('how good is lender?')
		await settled()
		const [message] = fake.toOne as unknown as [{ blocks: Json[] }]
		expect(message.blocks[0].alt_text).toMatch(
			/^roc_auc of lender\. Version 1 in production.* 2026-03-02 0\.\d+/,
		)
	})

	it('takes an environment', async ({ server }) => {
		expect((await server.plumb('performance lender in production')).shown).toContain(
			'Version 1 in production',
		)
		expect((await server.plumb('performance lender in staging')).text).toContain('Unknown option "in"')
	})
})

describe('a feature that the serving version does not have', () => {
	it('is shown for the version that has it', async ({ server }) => {
		const features = [{ name: 'SEX', type: 'categorical' }]
		await server.post('/v1/models/lender/versions', { version: '2', features })
		await server.fetch('/v1/models/lender/deployments/production', { method: 'PUT', json: { champion: '2' } })
		const timestamp = formatTime(server.clock.now - 1000)
		const row = { predictionId: 'p-2', version: '2', timestamp, features: { SEX: 'male' }, score: 0.5 }
		await server.post('/v1/models/lender/predictions', [row])
		await run(server)
		expect((await server.plumb('drift lender')).shown).toContain('Version 2 in production')
		const { shown } = await server.plumb('drift lender MARRIAGE')
		expect(shown).toContain('Version 1 in production')
		expect(shown).toContain('*MARRIAGE* effect')
	})
})
