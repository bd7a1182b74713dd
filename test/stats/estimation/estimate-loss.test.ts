import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import {
	errorsContradict,
	estimateLoss,
	fitLoss,
	type PredictionTable,
	trustOfLoss,
} from '../../../src/stats/estimation/estimate-loss.ts'
import { expectNear } from '../near.ts'
import { covers, OutcomeSummary } from './made-windows.ts'

type Rows = { predicted: number[]; actual: number[] }
type Noise = (chance: Chance) => number

const noises: Record<string, Noise> = {
	normal: (chance) => chance.normal(),
	laplace: (chance) => (chance.uniform() < 0.5 ? -1 : 1) * -Math.log(1 - chance.uniform()),
}
/** How large errors are at a prediction. */
const scales: Record<string, (predicted: number) => number> = {
	flat: () => 1,
	growing: (x) => Math.exp(0.5 * x),
	bump: (x) => 0.5 + 2 * Math.exp(-2 * x * x),
}

function makeRows(
	chance: Chance,
	rows: number,
	[mean, deviation]: readonly [number, number],
	scale: (predicted: number) => number,
	noise: Noise = noises.normal as Noise,
): Rows {
	const predicted = Array.from({ length: rows }, () => mean + deviation * chance.normal())
	return { predicted, actual: predicted.map((x) => x + scale(x) * noise(chance)) }
}

const tableOf = ({ predicted }: Rows): PredictionTable => ({
	values: Float64Array.from(predicted).sort(),
	rows: new Float64Array(predicted.length).fill(1),
})

function realised({ predicted, actual }: Rows) {
	const mean = (of: (error: number) => number) =>
		predicted.reduce((sum, x, i) => sum + of(x - (actual[i] as number)), 0) / predicted.length
	return { mae: mean(Math.abs), rmse: Math.sqrt(mean((e) => e * e)) }
}

const flat = scales.flat as (x: number) => number

describe('the estimate of a regression’s error without labels', () => {
	it('covers the MAE and RMSE that turn out in about 93 windows of 100, whatever the shift of the predictions', () => {
		const outcomeSummary = new OutcomeSummary()
		let seed = 1
		for (const noise of Object.values(noises))
			for (const scale of Object.values(scales))
				for (const [n, m] of [
					[500, 200],
					[2000, 1000],
					[10_000, 3000],
				] as const)
					for (const shift of [
						[0, 1],
						[0.8, 1],
						[0, 1.3],
						[0, 0.6],
					] as const) {
						const chance = new Chance(seed++)
						const fit = fitLoss(...columns(makeRows(chance, n, [0, 1], scale, noise)))
						const window = makeRows(chance, m, shift, scale, noise)
						const estimates = estimateLoss(tableOf(window), fit, () => chance.uniform())
						const known = realised(window)
						for (const metric of ['mae', 'rmse'] as const)
							outcomeSummary.add(metric, covers(estimates[metric], known[metric]))
					}
		expect(outcomeSummary.of('mae')).toBe(72)
		expect(outcomeSummary.share('mae')).toBeGreaterThanOrEqual(0.9)
		expect(outcomeSummary.share('rmse')).toBeGreaterThanOrEqual(0.9)
	})

	it('follows the predictions to where errors are larger', () => {
		const chance = new Chance(5)
		const scale = scales.growing as (x: number) => number
		const fit = fitLoss(...columns(makeRows(chance, 50_000, [0, 1], scale)))
		const { mae, rmse } = estimateLoss(tableOf(makeRows(chance, 20_000, [1, 1], scale)), fit, () =>
			chance.uniform(),
		)
		// E exp(x / 2) for x normal about 1 is exp(1/2 + 1/8), E |normal| is sqrt(2 / pi); E exp(x) is exp(1 + 1/2).
		expectNear(mae.value, Math.exp(0.625) * Math.sqrt(2 / Math.PI), 0.03)
		expectNear(rmse.value, Math.sqrt(Math.exp(1.5)), 0.04)
	})

	it('is doubted when errors grew, seldom when they did not, and where the reference has no predictions', () => {
		const outcomeSummary = new OutcomeSummary()
		for (let seed = 0; seed < 40; seed++) {
			const chance = new Chance(seed)
			const fit = fitLoss(...columns(makeRows(chance, 2000, [0, 1], flat)))
			const same = makeRows(chance, 300, [0.5, 1], flat)
			const worse = makeRows(chance, 300, [0.5, 1], () => 1.4)
			outcomeSummary.add(
				'same',
				trustOfLoss(tableOf(same), fit, errorsContradict(...columns(same), fit)).trust === 'doubtful',
			)
			outcomeSummary.add(
				'worse',
				trustOfLoss(tableOf(worse), fit, errorsContradict(...columns(worse), fit)).trust === 'doubtful',
			)
			outcomeSummary.add(
				'elsewhere',
				trustOfLoss(tableOf(makeRows(chance, 300, [9, 1], flat)), fit).trust === 'doubtful',
			)
		}
		expect(outcomeSummary.share('same')).toBeLessThan(0.08)
		expect(outcomeSummary.share('worse')).toBeGreaterThan(0.9)
		expect(outcomeSummary.share('elsewhere')).toBe(1)
	})

	it('leaves rows without a value out, is 0 for a model without errors, and not defined without rows', () => {
		const random = () => 0.4
		const window = { values: Float64Array.of(1, 2), rows: Float64Array.of(3, 4) }
		const none = { values: new Float64Array(), rows: new Float64Array() }
		const exact = fitLoss([1, 2, 3, Number.NaN], [1, 2, 3, 4])
		expect(exact.axis.rows.reduce((a, b) => a + b, 0)).toBe(3)
		expect(estimateLoss(window, exact, random).mae).toEqual({ value: 0, low: 0, high: 0 })
		expect(estimateLoss(none, exact, random).rmse.value).toBeNaN()
		expect(estimateLoss(window, fitLoss([], []), random).mae.value).toBeNaN()
		expect(errorsContradict([], [], exact).p).toBeNaN()
		expect(() => fitLoss([1], [])).toThrow(RangeError)
	})
})

const columns = ({ predicted, actual }: Rows) => [predicted, actual] as const
