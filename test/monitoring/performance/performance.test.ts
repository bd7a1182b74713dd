import { describe, expect } from 'vitest'
import { dayMs, hourMs } from '../../../src/core/time.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { outcomeRows, predictionRows, registerModel } from '../../support/rows.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServerPerTest()

const day = startOfTest - 3 * dayMs

const register = (server: TestServer, task: string, more: Json = {}) =>
	registerModel(server, { task, ...more }, [{ name: 'SEX', type: 'categorical' }])

type Row = { score?: number; label?: unknown; probabilities?: Json; SEX?: string | null; subject?: string }
const predict = (server: TestServer, rows: Row[], from = day) =>
	server.post(
		'/v1/models/m/predictions',
		predictionRows(
			rows.map(({ SEX, ...row }) => ({ features: { SEX: SEX ?? null }, ...row })),
			{ start: from },
		),
	)
const outcomes = (server: TestServer, actuals: unknown[], from = day + hourMs) =>
	server.post('/v1/models/m/outcomes', outcomeRows(actuals, { at: from, step: 1 }))
const run = (server: TestServer) => compute.run(server.context)

async function read(server: TestServer, metric: string, more = ''): Promise<Json[]> {
	const { body } = await server.fetch(`/v1/models/m/metrics?limit=1000&window=1d&metric=${metric}${more}`)
	return body.items
}
const value = async (server: TestServer, metric: string) => (await read(server, metric))[0]

describe('performance of a binary model', () => {
	const rows: Row[] = Array.from({ length: 40 }, (_, i) => ({ score: i / 40, SEX: i % 2 ? 'f' : 'm' }))
	const actuals = rows.map((_, i) => (i % 3 === 0 || i > 30 ? 1 : 0))

	it('is known with its interval once outcomes are', async ({ server }) => {
		await register(server, 'binary', { positiveLabel: '1', threshold: 0.5, sensitive: ['SEX'] })
		await predict(server, rows)
		await run(server)
		expect(await value(server, 'performance.accuracy')).toMatchObject({
			status: 'insufficient',
			provisional: true,
			reason: 'no outcome is known',
		})
		expect(await value(server, 'performance.outcome_coverage')).toMatchObject({
			value: 0,
			provisional: false,
		})
		await outcomes(server, actuals)
		await run(server)
		let [pairs, won] = [0, 0]
		actuals.forEach((a, i) => {
			actuals.forEach((b, j) => {
				if (a === 1 && b === 0) {
					pairs++
					if (i > j) won++
				}
			})
		})
		const auc = await value(server, 'performance.roc_auc')
		expect(auc).toMatchObject({
			status: 'ok',
			n: 40,
			provisional: false,
			change: '40 late outcomes, the window is mature',
		})
		expect(auc?.value).toBeCloseTo(won / pairs, 12)
		expect(auc?.low).toBeLessThan(won / pairs)
		const right = actuals.filter((a, i) => (i >= 20 ? 1 : 0) === a).length
		expect((await value(server, 'performance.accuracy'))?.value).toBe(right / 40)
		expect(auc?.supersedes).toBeDefined()
		expect(await read(server, 'performance.accuracy', '&history=true')).toHaveLength(2)
	})

	it('is provisional below the coverage that the model requires, and final once its delay has passed', async ({
		server,
	}) => {
		await register(server, 'binary', {
			positiveLabel: '1',
			threshold: 0.5,
			maturity: { coverage: 0.9, delay: '5d' },
		})
		await predict(server, rows)
		await outcomes(
			server,
			actuals.map((a, i) => (i < 30 ? a : undefined)),
		)
		await run(server)
		expect(await value(server, 'performance.accuracy')).toMatchObject({
			status: 'ok',
			n: 30,
			provisional: true,
		})
		server.clock.advance(5 * dayMs)
		await run(server)
		expect(await value(server, 'performance.accuracy')).toMatchObject({
			n: 30,
			provisional: false,
			change: 'the window is mature',
		})
	})

	it('leaves rows out whose score is no probability, and says so, where they are few', async ({ server }) => {
		await register(server, 'binary', { positiveLabel: '1', threshold: 0.5 })
		await predict(server, [...rows, { score: 1.7 }, { score: -0.2 }])
		await outcomes(server, [...actuals, 1, 0])
		await run(server)
		const squares = rows.map(({ score }, i) => ((score as number) - (actuals[i] as number)) ** 2)
		const brier = await value(server, 'performance.brier')
		expect(brier).toMatchObject({
			status: 'ok',
			n: 40,
			reason: '2 of 42 rows are left out: their score is outside [0, 1]',
		})
		expect(brier?.value).toBeCloseTo(squares.reduce((a, b) => a + b, 0) / 40, 12)
		expect(await value(server, 'performance.roc_auc')).toMatchObject({ status: 'ok', n: 42, reason: null })
	})

	it('answers with a reason where there is no value', async ({ server }) => {
		await register(server, 'binary', { positiveLabel: '1', sensitive: ['SEX'] })
		await predict(server, [{ score: 7 }, { score: 7 }, { label: 1 }])
		await outcomes(server, [1, 1, 'what'])
		await run(server)
		const reasons = Object.fromEntries((await read(server, 'performance.*')).map((a) => [a.metric, a.reason]))
		expect(reasons['performance.roc_auc']).toBe('all 2 outcomes are positive')
		expect(reasons['performance.brier']).toBe('a score is outside [0, 1], so scores are not probabilities')
		expect(reasons['performance.precision']).toBe(
			'no row with an outcome has a decision: send label, or give the model a threshold',
		)
		expect(reasons['performance.outcome_coverage']).toBe(
			'1 outcomes are not a label of this task, such as "what"',
		)
		const [parity] = await read(server, 'fairness.demographic_parity_difference')
		expect(parity).toMatchObject({ status: 'insufficient', subject: { group: 'SEX' } })
		expect(parity?.reason).toContain('fewer than two groups')
	})
})

describe('performance of other tasks', () => {
	it('of a multiclass model whose classes are integers, whichever way they are written', async ({
		server,
	}) => {
		await register(server, 'multiclass')
		const classes = Array.from({ length: 30 }, (_, i) => i % 3)
		await predict(
			server,
			classes.map((c, i) => ({
				label: i % 2 ? c : `${c}.0`,
				probabilities: { '0.0': 0.2, '1': 0.3, '2.0': 0.5 },
			})),
		)
		await outcomes(
			server,
			classes.map((c, i) => (i % 4 < 2 ? `${c}.0` : c)),
		)
		await run(server)
		expect(await value(server, 'performance.accuracy')).toMatchObject({ status: 'ok', value: 1, n: 30 })
		const surprise = -(Math.log(0.2) + Math.log(0.3) + Math.log(0.5)) / 3
		expect((await value(server, 'performance.log_loss'))?.value).toBeCloseTo(surprise, 12)
	})

	it('of a multiclass model', async ({ server }) => {
		await register(server, 'multiclass')
		const classes = ['a', 'b', 'c']
		await predict(
			server,
			Array.from({ length: 60 }, (_, i) => ({
				probabilities: Object.fromEntries(classes.map((c, k) => [c, k === i % 3 ? 0.6 : 0.2])),
			})),
		)
		await outcomes(
			server,
			Array.from({ length: 60 }, (_, i) => classes[i % 4 === 0 ? (i + 1) % 3 : i % 3]),
		)
		await run(server)
		expect((await value(server, 'performance.accuracy'))?.value).toBe(0.75)
		expect((await value(server, 'performance.log_loss'))?.value).toBeCloseTo(
			-(0.75 * Math.log(0.6) + 0.25 * Math.log(0.2)),
			12,
		)
		expect((await value(server, 'performance.roc_auc'))?.status).toBe('ok')
		expect(await read(server, 'performance.mae')).toEqual([])
	})

	it('of a regression', async ({ server }) => {
		await register(server, 'regression')
		const y = Array.from({ length: 50 }, (_, i) => i * 1.5)
		await predict(
			server,
			y.map((v, i) => ({ score: v + (i % 2 ? 1 : -2) })),
		)
		await outcomes(
			server,
			y.map((v, i) => (i === 3 ? 'wrong' : v)),
		)
		await run(server)
		expect(await value(server, 'performance.mae')).toMatchObject({ n: 49 })
		expect((await value(server, 'performance.mae'))?.value).toBeCloseTo((25 * 2 + 24) / 49, 12)
		expect((await value(server, 'performance.mape'))?.reason).toBe('1 outcomes of zero are left out')
	})

	it('of a ranking', async ({ server }) => {
		await register(server, 'ranking')
		const rows = Array.from({ length: 40 }, (_, i) => ({
			score: (i * 7) % 10,
			subject: `q${Math.floor(i / 10)}`,
		}))
		await predict(server, rows)
		await outcomes(
			server,
			rows.map(({ score, subject }) => (subject === 'q3' ? 0 : score === 9 ? 1 : 0)),
		)
		await run(server)
		expect(await value(server, 'performance.mrr')).toMatchObject({
			value: 1,
			n: 3,
			reason: '1 queries with nothing relevant are left out',
		})
	})
})
