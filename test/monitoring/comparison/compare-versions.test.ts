import { describe, expect } from 'vitest'
import { hourMs } from '../../../src/core/time.ts'
import { Chance } from '../../../src/demo/random.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import type { TestServer } from '../../support/server.ts'

const it = withServerPerTest()
const count = 3000
const clip = (p: number) => Math.min(0.99, Math.max(0.01, p))

it.beforeEach(async ({ server }) => {
	await server.post('/v1/models', { model: 'm', task: 'binary', positiveLabel: '1', threshold: 0.5 })
	for (const version of ['1', '2'])
		await server.post('/v1/models/m/versions', { version, features: [{ name: 'x', type: 'numeric' }] })
})

/** Scores of two versions and the outcome: the second version is off by `noise` (the first by .25). */
async function live(server: TestServer, noise: number, shadow: boolean) {
	const chance = new Chance(3)
	const predictions: object[] = []
	const outcomes: object[] = []
	for (let i = 0; i < count; i++) {
		const p = chance.uniform()
		const actual = chance.uniform() < p ? 1 : 0
		const timestamp = new Date(startOfTest + i * 100).toISOString()
		for (const version of shadow ? ['1', '2'] : [i % 2 === 0 ? '1' : '2']) {
			const score = clip(p + (version === '1' ? 0.25 : noise) * chance.normal())
			const predictionId = `${version}-${i}`
			predictions.push({ predictionId, version, timestamp, subject: `s${i}`, features: { x: p }, score })
			if (version === '1' || !shadow) outcomes.push({ predictionId, actual, timestamp })
		}
	}
	server.clock.advance(hourMs)
	for (const [path, rows] of [
		['predictions', predictions],
		['outcomes', outcomes],
	] as const)
		for (let i = 0; i < rows.length; i += 3000)
			expect((await server.post(`/v1/models/m/${path}`, rows.slice(i, i + 3000))).body.rejected).toEqual([])
}
const deploy = (server: TestServer, more: object) =>
	server.fetch('/v1/models/m/deployments/production', { method: 'PUT', json: { champion: '1', ...more } })
const compare = async (server: TestServer, query = '') =>
	(await server.fetch(`/v1/models/m/deployments/production/comparison${query}`)).body

describe('a challenger', () => {
	it('that scores the same requests is compared in pairs, and promoted when it is better', async ({
		server,
	}) => {
		await deploy(server, { challenger: '2' })
		await live(server, 0.05, true)
		const answer = await compare(server)
		expect(answer).toMatchObject({
			design: 'paired',
			outcomes: count,
			loss: 'brier',
			verdict: 'promote',
			moreOutcomes: 0,
		})
		expect(answer.gain.low).toBeGreaterThan(0)
		const { body } = await server.post('/v1/requests', {
			kind: 'promotion',
			model: 'm',
			environment: 'production',
			to: '2',
			reason: 'better',
		})
		expect(body.evidence.comparison).toMatchObject({ verdict: 'promote', challenger: '2', design: 'paired' })
	})

	it('that is no better waits, and estimates for how many outcomes', async ({ server }) => {
		await deploy(server, { challenger: '2' })
		await live(server, 0.25, true)
		const answer = await compare(server)
		expect(answer.verdict).toBe('not-yet')
		expect(answer.moreOutcomes === null || answer.moreOutcomes > 1000).toBe(true)
	})

	it('as a canary on traffic of its own is compared as a second sample; a worse one is kept out', async ({
		server,
	}) => {
		await deploy(server, { canary: { version: '2', percent: 50 } })
		await live(server, 0.6, false)
		const answer = await compare(server)
		expect(answer).toMatchObject({ design: 'split', outcomes: count, verdict: 'keep' })
		expect(answer.gain.high).toBeLessThan(0)
	})

	it('that gives no answers breaks a guard', async ({ server }) => {
		await deploy(server, { challenger: '2' })
		const rows = Array.from({ length: 2000 }, (_, i) => ({
			predictionId: `p${i}`,
			version: i % 2 === 0 ? '1' : '2',
			timestamp: new Date(startOfTest + i).toISOString(),
			features: { x: i },
			...(i % 2 === 0 || i % 4 === 1 ? { score: 0.5 } : {}),
		}))
		server.clock.advance(hourMs)
		await server.post('/v1/models/m/predictions', rows)
		expect(await compare(server)).toMatchObject({
			verdict: 'keep',
			reason: 'the challenger breaks no answer',
		})
	})

	it('is compared on outcomes that are a label; the others are not known', async ({ server }) => {
		await server.post('/v1/models', { model: 'loans', task: 'binary', positiveLabel: 'bad', threshold: 0.5 })
		for (const version of ['1', '2'])
			await server.post('/v1/models/loans/versions', { version, features: [{ name: 'x', type: 'numeric' }] })
		await server.fetch('/v1/models/loans/deployments/production', {
			method: 'PUT',
			json: { champion: '1', challenger: '2' },
		})
		const timestamp = new Date(startOfTest).toISOString()
		const ids = Array.from({ length: 60 }, (_, i) => i)
		server.clock.advance(1000)
		await server.post(
			'/v1/models/loans/predictions',
			ids.flatMap((i) =>
				['1', '2'].map((version) => ({
					...{ predictionId: `${version}-${i}`, version, timestamp, subject: `s${i}` },
					...{ features: { x: i }, score: version === '1' ? 0.5 : 0.4 },
				})),
			),
		)
		const labels = ['good', 'unknown', 'bad', 'good']
		await server.post(
			'/v1/models/loans/outcomes',
			ids.map((i) => ({ predictionId: `1-${i}`, actual: labels[i % 4], timestamp })),
		)
		const { body } = await server.fetch('/v1/models/loans/deployments/production/comparison')
		expect(body).toMatchObject({ design: 'paired', outcomes: 45 })
		// Two of three are good: (.25 - .16) * 2 / 3 + (.25 - .36) / 3.
		expect(body.gain.value).toBeCloseTo(0.07 / 3)
	})

	it('that is not there is a clear fault', async ({ server }) => {
		await deploy(server, {})
		expect(await compare(server)).toMatchObject({ status: 422, errors: [{ path: 'challenger' }] })
	})
})
