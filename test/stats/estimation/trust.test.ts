import { describe, expect, it } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { fitCalibration } from '../../../src/stats/estimation/calibration.ts'
import { estimatePerformance } from '../../../src/stats/estimation/estimate-performance.ts'
import { labelsContradict, trustOf } from '../../../src/stats/estimation/trust.ts'
import { countScores } from '../../../src/stats/score-counts.ts'
import {
	covers,
	labelled,
	logistic,
	makeRows,
	OutcomeSummary,
	type Rows,
	realised,
	tableOf,
} from './made-windows.ts'

const reference = [-0.5, 1.5] as const
const before = (x: number) => logistic(0.8 * x)
/** What P(positive | x) has become. */
const concepts = {
	'more positives': (x: number) => logistic(0.8 * x + 0.8),
	'fewer positives': (x: number) => logistic(0.8 * x - 0.8),
	'scores say less': (x: number) => logistic(0.3 * x),
	'scores say more': (x: number) => logistic(2 * x),
	'the top fails': (x: number) => (x > 1 ? 0.4 : logistic(0.8 * x)),
	reversed: (x: number) => logistic(-0.4 * x),
}

const part = ({ scores, predictions, actual }: Rows, share: number): Rows => {
	const rows = Math.round(scores.length * share)
	return {
		scores: scores.slice(0, rows),
		predictions: predictions.slice(0, rows),
		actual: actual.slice(0, rows),
	}
}

describe('trust in an estimate without labels', () => {
	it('is doubtful in nine of ten windows that the estimate misses for a changed concept, once a quarter of the labels is there', () => {
		const doubted = new OutcomeSummary()
		let seed = 100
		for (const [name, truth] of Object.entries(concepts))
			for (const [n, m] of [
				[1000, 1000],
				[5000, 1000],
				[5000, 4000],
			] as const)
				for (const shift of [reference, [0.3, 1.5]] as const)
					for (let repeat = 0; repeat < 2; repeat++) {
						const chance = new Chance(seed++)
						const calibration = fitCalibration(labelled(makeRows(chance, n, reference, before)))
						const window = makeRows(chance, m, shift, truth)
						const contradiction = labelsContradict(labelled(part(window, 0.25)), calibration)
						const { trust } = trustOf(tableOf(window), calibration, contradiction)
						const estimates = estimatePerformance(tableOf(window), calibration, () => chance.uniform())
						const known = realised(window)
						for (const metric of ['roc_auc', 'accuracy', 'f1', 'log_loss'] as const)
							if (!covers(estimates[metric], known[metric])) {
								doubted.add('missed', trust === 'doubtful')
								doubted.add(name, trust === 'doubtful')
							}
					}
		expect(doubted.of('missed')).toBeGreaterThan(100)
		expect(doubted.names).toHaveLength(1 + Object.keys(concepts).length)
		expect(doubted.share('missed')).toBeGreaterThanOrEqual(0.9)
	})

	it('doubts about one window in a hundred when nothing changed but the scores', () => {
		const doubted = new OutcomeSummary()
		const shifts = [reference, [0.3, 1.5], [-0.5, 2.2]] as const
		for (let seed = 0; seed < 300; seed++) {
			const chance = new Chance(seed)
			const calibration = fitCalibration(labelled(makeRows(chance, seed % 2 ? 500 : 3000, reference, before)))
			const window = makeRows(chance, seed % 5 ? 100 : 1000, shifts[seed % 3] ?? reference, before)
			const { p } = labelsContradict(labelled(window), calibration)
			doubted.add('at 1%', p < 0.01)
			doubted.add('at 10%', p < 0.1)
		}
		expect(doubted.share('at 1%')).toBeLessThan(0.025)
		expect(doubted.share('at 10%')).toBeLessThan(0.15)
		expect(doubted.share('at 10%')).toBeGreaterThan(0.02)
	})

	it('names what is wrong with the scores: outside the range, where the reference is thin, or no labels of a class', () => {
		const chance = new Chance(1)
		const calibration = fitCalibration(labelled(makeRows(chance, 2000, [-1, 0.8], before)))
		const trust = (mean: number, deviation: number) =>
			trustOf(tableOf(makeRows(chance, 500, [mean, deviation], before)), calibration)
		expect(trust(-1, 0.8)).toEqual({ trust: 'ok', reason: '' })
		expect(trust(3, 0.8).reason).toMatch(/^\d+% of the rows lie outside the reference's range$/)
		expect(trust(1.1, 0.05).reason).toMatch(/^the reference weighs as only \d+ rows where this window lies$/)
		const onlyNegative = fitCalibration(countScores([0.1, 0.2, 0.3], [0, 0, 0]))
		expect(trustOf(tableOf(makeRows(chance, 100, [-1, 0.8], before)), onlyNegative).reason).toBe(
			'the reference has 0 positive and 3 negative labels',
		)
	})

	it('has nothing to say of labels when there are none', () => {
		const chance = new Chance(1)
		const calibration = fitCalibration(labelled(makeRows(chance, 500, reference, before)))
		expect(labelsContradict(countScores([], []), calibration)).toEqual({ p: Number.NaN, rows: 0 })
		const window = tableOf(makeRows(chance, 500, reference, before))
		expect(trustOf(window, calibration, { p: Number.NaN, rows: 0 }).trust).toBe('ok')
		expect(trustOf(window, calibration, { p: 0.001, rows: 40 })).toEqual({
			trust: 'doubtful',
			reason: '40 labels of this window contradict the reference (p = 0.0010)',
		})
	})
})
