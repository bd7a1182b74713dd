import { beforeEach, describe, expect } from 'vitest'
import { dayMs, hourMs } from '../../../src/core/time.ts'
import { Chance } from '../../../src/demo/random.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { outcomeRows, predictionRows, registerModel } from '../../support/rows.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServerPerTest()
let chance: Chance
const day = startOfTest - 3 * dayMs
const logistic = (x: number) => 1 / (1 + Math.exp(-x))

beforeEach(() => {
	chance = new Chance(8)
})

const register = (server: TestServer, task: string, more: Json = {}) =>
	registerModel(server, { task, ...more }, ['x'])
const putBaseline = async (server: TestServer, rows: Json[]) =>
	expect((await server.fetch('/v1/models/m/versions/1/baseline', { method: 'PUT', json: rows })).status).toBe(
		201,
	)
const predict = (server: TestServer, rows: Json[]) =>
	server.post(
		'/v1/models/m/predictions',
		predictionRows(
			rows.map(({ actual: _, ...row }, i) => ({ features: { x: i }, ...row })),
			{ start: day },
		),
	)
const tell = (server: TestServer, rows: Json[], from: number, to: number) =>
	server.post(
		'/v1/models/m/outcomes',
		outcomeRows(
			rows.slice(from, to).map(({ actual }) => actual),
			{ at: day + dayMs + hourMs, first: from },
		),
	)
async function read(server: TestServer, metric: string): Promise<Record<string, Json>> {
	await compute.run(server.context)
	const { body } = await server.fetch(`/v1/models/m/metrics?window=1d&limit=1000&metric=${metric}`)
	return Object.fromEntries(body.items.map((a: Json) => [a.metric, a]))
}

/** Scores that are too sharp: the outcome follows half of their log-odds, plus `shift`. */
const rowsOf = (count: number, mean: number, shift = 0) =>
	Array.from({ length: count }, () => {
		const x = mean + 2 * chance.normal()
		return { features: { x }, score: logistic(x), actual: chance.uniform() < logistic(x / 2 + shift) ? 1 : 0 }
	})

describe('estimates without labels', () => {
	it('hold what the outcomes turn out to be, and are held against it afterwards', async ({ server }) => {
		await register(server, 'binary', { positiveLabel: '1', threshold: 0.5 })
		await putBaseline(server, rowsOf(4000, 0))
		const rows = rowsOf(1500, 1)
		await predict(server, rows)
		const before = await read(server, 'estimated.*')
		for (const name of ['roc_auc', 'accuracy', 'precision', 'recall', 'f1', 'brier', 'log_loss'])
			expect(before[`estimated.${name}`]).toMatchObject({
				status: 'ok',
				trust: 'ok',
				n: 1500,
				provisional: false,
			})
		expect(before['estimated.roc_auc'].realised).toBeUndefined()
		await tell(server, rows, 0, 1500)
		const after = await read(server, 'estimated.*,performance.*')
		for (const name of ['roc_auc', 'accuracy', 'brier']) {
			const { realised, value, low, high } = after[`estimated.${name}`]
			expect(realised.value).toBe(after[`performance.${name}`].value)
			expect(realised.error).toBeCloseTo(value - realised.value, 12)
			expect([name, realised.inside, low <= realised.value && realised.value <= high]).toEqual([
				name,
				true,
				true,
			])
		}
	})

	it('are unreliable once the outcomes that arrived contradict the baseline', async ({ server }) => {
		await register(server, 'binary', { positiveLabel: '1', threshold: 0.5 })
		await putBaseline(server, rowsOf(4000, 0))
		const rows = rowsOf(1500, 0, 1.5)
		await predict(server, rows)
		expect((await read(server, 'estimated.*'))['estimated.roc_auc'].trust).toBe('ok')
		await tell(server, rows, 0, 400)
		expect((await read(server, 'estimated.*'))['estimated.roc_auc']).toMatchObject({
			trust: 'doubtful',
			reason: expect.stringContaining('400 labels of this window contradict the reference'),
		})
	})

	describe('by what the features say', () => {
		const features = ['x', 'hidden', 'rest'].map((name) => ({ name, type: 'numeric' }))
		const city = { name: 'city', type: 'categorical' }
		/** The score is of x alone; `cities`: how many of them are usual. */
		const made = (count: number, { x = 0, hidden = 0, cities = 3 } = {}) =>
			Array.from({ length: count }, () => {
				const at = x + chance.normal()
				return {
					features: {
						x: at,
						hidden: hidden + chance.normal(),
						rest: chance.normal(),
						city: `c${Math.floor(chance.uniform() * cities)}`,
					},
					score: logistic(at),
					actual: chance.uniform() < logistic(at) ? 1 : 0,
				}
			})
		const trustOf = async (server: TestServer, rows: Json[]) => {
			await predict(server, rows)
			const { trust, reason } = (await read(server, 'estimated.*'))['estimated.roc_auc']
			return { trust, reason }
		}

		it.beforeEach(async ({ server }) => {
			await registerModel(server, { task: 'binary', positiveLabel: '1', threshold: 0.5 }, [...features, city])
			await putBaseline(server, made(3000))
		})

		it.for([
			['nothing', {}],
			['a feature by half a standard deviation', { hidden: 0.5 }],
			['the score with its feature, by one', { x: 1 }],
		] as const)('are believed when what moved is %s', async ([_, moved], { server }) => {
			expect((await trustOf(server, made(600, moved))).trust).toBe('ok')
		})

		it('are doubtful where a feature has moved by 1.7 standard deviations that the score does not see', async ({
			server,
		}) => {
			expect(await trustOf(server, made(600, { hidden: 1.7 }))).toEqual({
				trust: 'doubtful',
				reason: expect.stringMatching(
					/^"hidden" separates these rows from the reference \(AUC 0\.(8[6-9]|9\d), the score 0\.5\d\)/,
				),
			})
		})

		it('are doubtful where values are beyond the range of the reference', async ({ server }) => {
			expect(await trustOf(server, made(600, { hidden: 4 }))).toEqual({
				trust: 'doubtful',
				reason: expect.stringMatching(
					/^\d+% of the rows have values of "hidden" that are not in the reference$/,
				),
			})
		})

		it('are doubtful where categories are new', async ({ server }) => {
			expect((await trustOf(server, made(600, { cities: 4 }))).reason).toMatch(
				/^2\d% of the rows have values of "city" that are not in the reference$/,
			)
		})
	})

	it('of a regression are of its errors', async ({ server }) => {
		await register(server, 'regression')
		const made = (count: number, mean: number) =>
			Array.from({ length: count }, () => {
				const score = mean + 10 * chance.normal()
				return { features: { x: 1 }, score, actual: score + (1 + Math.abs(score) / 10) * chance.normal() }
			})
		await putBaseline(server, made(4000, 0))
		const rows = made(1500, 8)
		await predict(server, rows)
		await tell(server, rows, 0, 1500)
		const answers = await read(server, 'estimated.*')
		expect(Object.keys(answers).sort()).toEqual(['estimated.mae', 'estimated.rmse'])
		for (const { trust, realised } of Object.values(answers))
			expect([trust, realised.inside]).toEqual(['ok', true])
	})

	it('of several classes are of their mean', async ({ server }) => {
		await register(server, 'multiclass')
		const classes = ['a', 'b', 'c']
		const made = (count: number) =>
			Array.from({ length: count }, () => {
				const weights = classes.map(() => -Math.log(1 - chance.uniform()))
				const sum = weights.reduce((a, b) => a + b, 0)
				const p = weights.map((w) => w / sum)
				const draw = chance.uniform()
				const actual = draw < (p[0] as number) ? 'a' : draw < (p[0] as number) + (p[1] as number) ? 'b' : 'c'
				return {
					features: { x: 1 },
					probabilities: Object.fromEntries(classes.map((c, k) => [c, p[k]])),
					actual,
				}
			})
		await putBaseline(server, made(3000))
		const rows = made(1500)
		await predict(server, rows)
		await tell(server, rows, 0, 1500)
		const answers = await read(server, 'estimated.*')
		for (const name of ['accuracy', 'roc_auc', 'f1'])
			expect([name, answers[`estimated.${name}`].realised.inside]).toEqual([name, true])
	})

	it('are missing without a baseline that has outcomes', async ({ server }) => {
		await register(server, 'binary', { positiveLabel: '1', threshold: 0.5 })
		await putBaseline(
			server,
			rowsOf(500, 0).map(({ actual: _, ...row }) => row),
		)
		await predict(server, rowsOf(200, 0))
		expect(await read(server, 'estimated.*')).toEqual({})
	})
})
