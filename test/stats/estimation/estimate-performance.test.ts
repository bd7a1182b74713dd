import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { type Calibration, fitCalibration } from '../../../src/stats/estimation/calibration.ts'
import { estimatePerformance } from '../../../src/stats/estimation/estimate-performance.ts'
import { fitNannymlCbpe } from '../../../src/stats/estimation/nannyml-cbpe.ts'
import { countScores } from '../../../src/stats/score-counts.ts'
import { expectNear } from '../near.ts'
import { covers, labelled, logistic, makeRows, OutcomeSummary, realised, tableOf } from './made-windows.ts'

/** P(positive | x) where the score is logistic(x): right, overconfident, rare positives, and bent. */
const worlds = {
	right: (x: number) => logistic(x),
	overconfident: (x: number) => logistic(0.6 * x - 0.2),
	rare: (x: number) => logistic(x - 3),
	bent: (x: number) => 0.05 + 0.9 * logistic(1.5 * x + 0.5 * Math.sin(2 * x)),
}
const reference = [-0.5, 1.5] as const
const shifts = {
	none: reference,
	up: [0.3, 1.5],
	down: [-1.3, 1.5],
	narrow: [-0.5, 0.8],
	wide: [-0.5, 2.2],
} as const
const sizes = [
	[500, 200],
	[500, 5000],
	[2000, 1000],
	[10_000, 1000],
] as const
const withBands = ['roc_auc', 'accuracy', 'precision', 'recall', 'f1'] as const

describe('the estimate of performance without labels', () => {
	it('has an interval that covers what turns out in nine windows of ten or more, whatever the shift of the scores', () => {
		const ours = new OutcomeSummary()
		const theirs = new OutcomeSummary()
		let seed = 1
		for (const truth of Object.values(worlds))
			for (const [shift, of] of [...Object.entries(shifts), ...Object.entries(shifts)])
				for (const [n, m] of sizes) {
					const chance = new Chance(seed++)
					const past = makeRows(chance, n, reference, truth)
					const window = makeRows(chance, m, of, truth)
					const known = realised(window)
					const estimates = estimatePerformance(tableOf(window), fitCalibration(labelled(past)), () =>
						chance.uniform(),
					)
					const peer = n < m ? fitNannymlCbpe(past) : undefined
					for (const [metric, estimate] of Object.entries(estimates)) {
						const value = known[metric as keyof typeof known]
						if (Number.isNaN(value) || Number.isNaN(estimate.value)) continue
						ours.add('all', covers(estimate, value))
						ours.add(metric, covers(estimate, value))
						ours.add(`shift ${shift}`, covers(estimate, value))
						ours.add(`rows ${n} v ${m}`, covers(estimate, value))
					}
					for (const metric of withBands)
						if (peer && Number.isFinite(known[metric]))
							theirs.add(metric, covers(peer.estimate(window, metric), known[metric]))
				}
		expect(ours.of('all')).toBeGreaterThan(500)
		expect(ours.share('all')).toBeGreaterThan(0.92)
		for (const name of ours.names) expect(ours.share(name), name).toBeGreaterThan(0.9)
		// NannyML's three sampling errors, nominally 99.7%, know nothing of a small reference.
		expect(theirs.of('roc_auc')).toBe(40)
		expect(theirs.share('roc_auc')).toBeLessThan(0.6)
	})

	it('covers a model whose calibration moves from period to period, once it is shown the reference by period', () => {
		const shown = new OutcomeSummary()
		const hidden = new OutcomeSummary()
		for (let seed = 0; seed < 60; seed++) {
			const chance = new Chance(seed)
			const period = (rows: number) => {
				const level = 0.5 * chance.normal()
				return makeRows(chance, rows, reference, (x) => logistic(x + level))
			}
			const periods = Array.from({ length: 10 }, () => period(400))
			const past = labelled({
				scores: periods.flatMap((p) => p.scores),
				predictions: [],
				actual: periods.flatMap((p) => p.actual),
			})
			const window = period(1000)
			const known = realised(window)
			for (const [outcomeSummary, parts] of [
				[shown, periods.map(labelled)],
				[hidden, []],
			] as const) {
				const calibration = fitCalibration(past, parts)
				const estimates = estimatePerformance(tableOf(window), calibration, () => chance.uniform())
				for (const metric of ['precision', 'recall', 'brier'] as const)
					outcomeSummary.add('all', covers(estimates[metric], known[metric]))
			}
		}
		expect(shown.share('all')).toBeGreaterThan(0.9)
		expect(hidden.share('all')).toBeLessThan(0.7)
	})

	it('comes down to the expected counts when the calibration is certain', () => {
		const chance = new Chance(7)
		const past = makeRows(chance, 200_000, reference, worlds.right)
		const window = makeRows(chance, 20_000, shifts.up, worlds.right)
		const { accuracy, brier } = estimatePerformance(tableOf(window), fitCalibration(labelled(past)), () =>
			chance.uniform(),
		)
		const mean = (of: (s: number) => number) => window.scores.reduce((sum, s) => sum + of(s), 0) / 20_000
		expectNear(
			accuracy.value,
			mean((s) => Math.max(s, 1 - s)),
			0.005,
		)
		expectNear(
			brier.value,
			mean((s) => s * (1 - s)),
			0.01,
		)
	})

	it('is the same for the same seed, and for scores on any rising scale but for log loss and Brier', () => {
		const chance = new Chance(3)
		const past = makeRows(chance, 1000, reference, worlds.right)
		const window = makeRows(chance, 500, reference, worlds.right)
		const scaled = (rows: typeof past) => ({ ...rows, scores: rows.scores.map((s) => 300 + 550 * s) })
		const from = (seed: number, a = past, b = window) => {
			const random = new Chance(seed)
			return estimatePerformance(tableOf(b), fitCalibration(labelled(a)), () => random.uniform())
		}
		expect(from(5)).toEqual(from(5))
		const other = from(5, scaled(past), scaled(window))
		for (const metric of withBands) expectNear(other[metric].value, from(5)[metric].value, 1e-6)
		expect(other.log_loss.value).toBeNaN()
		expect(other.brier.value).toBeNaN()
	})

	it('survives the calibration’s way through JSON, which is small', () => {
		const chance = new Chance(11)
		const past = makeRows(chance, 20_000, reference, worlds.bent)
		const calibration = fitCalibration(labelled(past))
		const json = JSON.stringify(calibration)
		expect(json.length).toBeLessThan(16_000)
		const window = tableOf(makeRows(chance, 300, reference, worlds.bent))
		const from = (of: Calibration) => {
			const random = new Chance(1)
			return estimatePerformance(window, of, () => random.uniform())
		}
		expect(from(JSON.parse(json))).toEqual(from(calibration))
	})

	it('is not defined without rows, here or in the reference, and where the metric is 0/0', () => {
		const none = { scores: new Float64Array(), selected: new Float64Array(), rejected: new Float64Array() }
		const some = {
			scores: Float64Array.of(0.2, 0.7),
			selected: Float64Array.of(0, 0),
			rejected: Float64Array.of(5, 9),
		}
		const chance = new Chance(2)
		const calibration = fitCalibration(labelled(makeRows(chance, 500, reference, worlds.right)))
		const random = () => chance.uniform()
		expect(estimatePerformance(none, calibration, random).accuracy.value).toBeNaN()
		expect(estimatePerformance(some, fitCalibration(countScores([], [])), random).accuracy.value).toBeNaN()
		expect(estimatePerformance(some, calibration, random).precision.value).toBeNaN()
		expect(estimatePerformance(some, calibration, random).recall.value).toBe(0)
	})

	it('refuses tables that are not tables', () => {
		const calibration = fitCalibration(countScores([0.1, 0.9], [0, 1]))
		const table = (scores: number[], selected: number[]) => ({
			scores: Float64Array.from(scores),
			selected: Float64Array.from(selected),
			rejected: Float64Array.from(scores, () => 1),
		})
		expect(() => estimatePerformance(table([0.1, 0.9], [1]), calibration, () => 0.5)).toThrow(RangeError)
		expect(() => estimatePerformance(table([0.9, 0.1], [1, 1]), calibration, () => 0.5)).toThrow(RangeError)
	})

	it('keeps every metric in its range and inside its interval, for any labels and scores', () => {
		const row = fc.record({ score: fc.integer({ min: 0, max: 20 }), actual: fc.boolean() })
		fc.assert(
			fc.property(
				fc.array(row, { minLength: 1, maxLength: 60 }),
				fc.array(row, { minLength: 1, maxLength: 60 }),
				(past, now) => {
					const scores = now.map((r) => r.score / 20)
					const window = tableOf({ scores, predictions: scores.map((s) => Number(s > 0.4)), actual: [] })
					const calibration = fitCalibration(
						countScores(
							past.map((r) => r.score / 20),
							past.map((r) => r.actual),
						),
					)
					const chance = new Chance(1)
					const estimates = estimatePerformance(window, calibration, () => chance.uniform())
					for (const [metric, { value, low, high }] of Object.entries(estimates)) {
						if (Number.isNaN(value)) continue
						expect(low).toBeLessThanOrEqual(value)
						expect(value).toBeLessThanOrEqual(high)
						expect(low).toBeGreaterThanOrEqual(-1e-9)
						if (metric !== 'log_loss') expect(high).toBeLessThanOrEqual(1 + 1e-9)
					}
				},
			),
			{ numRuns: 60, seed: 20260301 },
		)
	})
})
