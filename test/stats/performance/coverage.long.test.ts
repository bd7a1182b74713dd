import { describe, expect, it } from 'vitest'
import { multiclassCoverage, regressionCoverage } from '../../../bench/calibration/coverage.ts'
import { seeded } from '../../../src/core/random.ts'
import { type Estimate, wilson } from '../../../src/stats/estimate.ts'
import { expectedCalibrationError } from '../../../src/stats/performance/calibration.ts'
import { f1, multiclassMeasures } from '../../../src/stats/performance/confusion.ts'
import { ksStatistic } from '../../../src/stats/performance/ks-statistic.ts'
import { liftAt } from '../../../src/stats/performance/lift-at.ts'
import { averagePrecision } from '../../../src/stats/performance/precision-recall.ts'
import { brierScore, logLoss } from '../../../src/stats/performance/probability-losses.ts'
import { bias, mae, momentsOf, r2, rmse } from '../../../src/stats/performance/regression.ts'
import { rocAuc } from '../../../src/stats/performance/roc.ts'
import type { ScoreCounts } from '../../../src/stats/score-counts.ts'
import { binomial } from '../fairness/chance.ts'
import { binormal, Chance, expit, logistic, logit } from './made-scores.ts'
import { bootstrapCalibrationError, type Interval, wald, waldDeLong } from './peers.ts'

type Measure = (counts: ScoreCounts) => Interval
const holds = ({ low, high }: Interval, truth: number) => low <= truth + 1e-12 && truth <= high + 1e-12

/** The shares of `runs` samples in which each interval holds the truth. */
function coverage(runs: number, truth: number, sample: () => ScoreCounts, measures: Measure[]): number[] {
	const held = measures.map(() => 0)
	for (let run = 0; run < runs; run++) {
		const counts = sample()
		measures.forEach((measure, i) => {
			if (holds(measure(counts), truth)) held[i] = (held[i] as number) + 1
		})
	}
	return held.map((count) => count / runs)
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('the 95% interval of the AUC', () => {
	// With the positives given: AUC .60, .75, .90, and .67 where positives spread twice as wide.
	const shapes = [
		[0.36, 1],
		[0.95, 1],
		[1.81, 1],
		[1, 2],
	] as const
	const of = (n: number, positives: number, runs: number, mean_: number, deviation: number) => {
		const chance = new Chance(41)
		const made = binormal(mean_, deviation)
		const truth = rocAuc(made.population(positives, n - positives)).value
		const sample = () => made.sample(positives, n - positives, chance)
		return coverage(runs, truth, sample, [rocAuc, waldDeLong]) as [number, number]
	}

	it.each([
		[100, 0.1, 500],
		[100, 0.5, 500],
		[1000, 0.01, 500],
		[1000, 0.05, 500],
		[1000, 0.2, 500],
		[1000, 0.5, 500],
		[10_000, 0.01, 150],
		[10_000, 0.5, 150],
	])('holds it in 93% to 97%: %i rows, base rate %f', (n, base, runs) => {
		const held = mean(shapes.map(([m, d]) => of(n, Math.round(n * base), runs, m, d)[0]))
		expect(held).toBeGreaterThan(0.93)
		expect(held).toBeLessThan(0.97)
	})

	it('holds an AUC of .97 with ten positives, where the plain one does so in three of four', () => {
		const [ours, plain] = of(1000, 10, 1000, 2.66, 1)
		expect(ours).toBeGreaterThan(0.95)
		expect(plain).toBeLessThan(0.78)
	})

	it('is nearer to 95% than the plain one with ten positives, and no further away with many', () => {
		const few = shapes.map(([m, d]) => of(100, 10, 500, m, d))
		expect(mean(few.map(([, plain]) => plain))).toBeLessThan(0.91)
		const many = of(1000, 500, 500, 0.95, 1)
		expect(Math.abs(many[0] - many[1])).toBeLessThan(0.01)
	})
})

describe("Wilson's 95% interval, of accuracy, precision and recall", () => {
	// Outcomes are whole numbers, so coverage jumps with p: the mean over p a fifth to either side of the base rate.
	const around = (base: number) => Array.from({ length: 41 }, (_, i) => base * (0.8 + i / 100))
	const exact = (n: number, base: number, interval: (x: number, n: number) => Interval) =>
		mean(
			around(base).map((p) =>
				binomial(n, p).reduce((sum, { x, chance }) => sum + (holds(interval(x, n), p) ? chance : 0), 0),
			),
		)
	const cases = [100, 1000, 10_000].flatMap((n) => [0.01, 0.05, 0.2, 0.5].map((base) => [n, base] as const))

	it.each(cases)('holds a share in 93% to 97%: %i rows, around %f', (n, base) => {
		const held = exact(n, base, wilson)
		expect(held).toBeGreaterThan(0.93)
		expect(held).toBeLessThan(0.97)
	})

	it("of Jaccard's index holds F1 of .3 and .8, where the plain interval of rare events does not hold", () => {
		for (const truth of [0.3, 0.8])
			for (const rows of [30, 100, 1000]) {
				const jaccard = truth / (2 - truth)
				const held = binomial(rows, jaccard).reduce(
					(sum, { x, chance }) => sum + (holds(f1({ tp: x, fp: rows - x, fn: 0 }), truth) ? chance : 0),
					0,
				)
				expect(held).toBeGreaterThan(0.93)
				expect(held).toBeLessThan(0.97)
			}
		expect(exact(100, 0.01, wald)).toBeLessThan(0.65)
	})
})

describe('the 95% interval of the calibration error', () => {
	const truths = {
		calibrated: (score: number) => score,
		'too low': (score: number) => expit(logit(score) + 0.5),
		'too high': (score: number) => expit(logit(score) - 0.5),
		'too timid': (score: number) => expit(1.5 * logit(score)),
		'too bold': (score: number) => expit(0.6 * logit(score)),
	}
	const of = (n: number, base: number, runs: number, truth: keyof typeof truths) => {
		const chance = new Chance(53)
		const made = logistic(base, 1.2, truths[truth])
		const error = expectedCalibrationError(made.population()).value
		return coverage(runs, error, () => made.sample(n, chance), [expectedCalibrationError])[0] as number
	}
	const cases = [100, 1000, 10_000].flatMap((n) => [0.01, 0.05, 0.2, 0.5].map((base) => [n, base] as const))

	it.each(cases)('holds that of the population in at least 93%: %i rows, base rate %f', (n, base) => {
		const runs = n === 10_000 ? 200 : 300
		const names = Object.keys(truths) as (keyof typeof truths)[]
		const held = names.map((name) => of(n, base, runs, name))
		expect(mean(held)).toBeGreaterThan(0.93)
		// Each by itself, less two standard errors of so few runs.
		expect(Math.min(...held)).toBeGreaterThan(0.93 - 2 * Math.sqrt((0.93 * 0.07) / runs))
	})

	it.each([
		[1000, 0.2, 'too low'],
		[1000, 0.5, 'too high'],
		[1000, 0.5, 'too bold'],
		[300, 0.2, 'too low'],
	] as const)('holds it in no more than 97% away from 0: %i rows, base rate %f, %s', (n, base, truth) => {
		const held = of(n, base, 800, truth)
		expect(held).toBeGreaterThan(0.93)
		expect(held).toBeLessThan(0.97)
	})

	it('is needed: the percentile bootstrap, which knows nothing of the bias, misses a small error', () => {
		const chance = new Chance(59)
		const made = logistic(0.2, 1.2, (score) => expit(logit(score) + 0.1))
		const error = expectedCalibrationError(made.population()).value
		const bootstrap = (counts: ScoreCounts) => bootstrapCalibrationError(counts, 60, chance)
		const measures = [expectedCalibrationError, bootstrap]
		const [ours, peer] = coverage(100, error, () => made.sample(300, chance), measures) as [number, number]
		expect(ours).toBeGreaterThan(0.93)
		expect(peer).toBeLessThan(0.5)
	})
})

describe('the other 95% intervals of a binary model', () => {
	const measures = {
		averagePrecision,
		ksStatistic,
		liftAt: (c: ScoreCounts) => liftAt(c),
		brierScore,
		logLoss,
	}

	it.each([
		[200, 0.2, 0.8],
		[200, 0.5, 1.5],
		[1000, 0.05, 0.8],
		[1000, 0.2, 1.5],
	])('hold the truth in 91% to 98%: %i rows, base rate %f, spread %f', (n, base, spread) => {
		const made = logistic(base, spread, (score) => score)
		for (const [name, measure] of Object.entries<(c: ScoreCounts) => Estimate>(measures)) {
			const chance = new Chance(61)
			const truth = measure(made.population()).value
			const [held] = coverage(500, truth, () => made.sample(n, chance), [measure]) as [number]
			expect(held, name).toBeGreaterThan(0.91)
			expect(held, name).toBeLessThan(0.98)
		}
	})
})

it('the 95% intervals of a regression hold the truth in 93% to 97%: errors normal, actuals skewed', () => {
	const chance = new Chance(67)
	const runs = 1500
	const held = { mae: 0, rmse: 0, bias: 0, r2: 0 }
	for (let run = 0; run < runs; run++) {
		const actual: number[] = []
		const predicted: number[] = []
		for (let i = 0; i < 200; i++) {
			const y = Math.exp(chance.normal() / 2)
			actual.push(y)
			predicted.push(y + 0.1 + 0.4 * chance.normal())
		}
		const moments = momentsOf(actual, predicted, 1)
		const spread = Math.E ** 0.25 * (Math.E ** 0.25 - 1)
		if (holds(bias(moments), 0.1)) held.bias++
		if (holds(rmse(moments), Math.sqrt(0.17))) held.rmse++
		// Mean of |N(.1, .4)|, the folded normal.
		if (holds(mae(moments), 0.3290758)) held.mae++
		if (holds(r2(moments), 1 - 0.17 / spread)) held.r2++
	}
	for (const name of ['mae', 'rmse', 'bias'] as const) {
		expect(held[name] / runs, name).toBeGreaterThan(0.93)
		expect(held[name] / runs, name).toBeLessThan(0.97)
	}
	// The variance of skewed actuals is seen too small in most samples, and R2 hangs on it.
	expect(held.r2 / runs).toBeGreaterThan(0.93)
})

describe('the 95% intervals of a regression with heavy tails', () => {
	it.each(
		['lognormal', 't3', 'heteroskedastic', 'exponential'].flatMap((data) =>
			[200, 1000].map((rows) => [data, rows] as const),
		),
	)('hold the truth in at least 90%: %s errors, %i rows', (data, rows) => {
		const runs = rows === 200 ? 500 : 150
		// The mean error is Student's, which no tail of one side alone can widen.
		const least = (metric: string) => (metric === 'performance.bias' ? 0.88 : 0.9)
		for (const { metric, covered } of regressionCoverage(data, { random: seeded(71), rows, runs }))
			expect(covered, metric).toBeGreaterThanOrEqual(least(metric))
	})

	it('say so little of a rare error that they have not seen: it needs about 1,000 rows', () => {
		const [, few] = regressionCoverage('rare, ten times larger', { random: seeded(73), rows: 200, runs: 200 })
		const [, many] = regressionCoverage('rare, ten times larger', {
			random: seeded(73),
			rows: 1000,
			runs: 200,
		})
		expect(few?.covered).toBeLessThan(0.8)
		expect(many?.covered).toBeGreaterThan(0.9)
	})
})

describe('the 95% intervals of several classes', () => {
	it.each([[[1, 1, 1]], [[6, 3, 1]], [[5, 4, 3, 2, 1]]])(
		'hold the Brier score and the macro AUC in 93% to 97%: classes as %o',
		(weights) => {
			const runs = 300
			const chance = 2 * Math.sqrt((0.95 * 0.05) / runs)
			for (const row of multiclassCoverage(weights, { random: seeded(79), rows: 500, runs })) {
				expect(row.covered, row.metric).toBeGreaterThan(0.93 - chance)
				expect(row.covered, row.metric).toBeLessThan(0.97 + chance)
			}
		},
	)
})

describe('the 95% intervals of macro measures', () => {
	const weights = [
		[60, 3, 1],
		[5, 25, 2],
		[2, 1, 3],
	]
	const cells = weights.flatMap((row, actual) =>
		row.flatMap((weight, predicted) => Array.from({ length: weight }, () => [actual, predicted] as const)),
	)
	const draw = (n: number, chance: Chance) => {
		const table = weights.map((row) => row.map(() => 0))
		for (let i = 0; i < n; i++) {
			const [actual, predicted] = chance.pick(cells)
			const row = table[actual] as number[]
			row[predicted] = (row[predicted] as number) + 1
		}
		return multiclassMeasures(table)
	}

	it('hold the truth in 92% to 97% with sixty rows of the rarest class', () => {
		const chance = new Chance(71)
		const truth = multiclassMeasures(weights)
		for (const name of ['accuracy', 'precision', 'recall', 'f1'] as const) {
			let held = 0
			for (let run = 0; run < 1500; run++) if (holds(draw(1000, chance)[name], truth[name].value)) held++
			expect(held / 1500, name).toBeGreaterThan(0.92)
			expect(held / 1500, name).toBeLessThan(0.97)
		}
	})

	it('are not given when a class has fewer than five rows', () => {
		const of = (rows: number) =>
			multiclassMeasures([
				[60, 3, 1],
				[5, 25, 2],
				[0, 0, rows],
			]).f1
		expect(of(4)).toMatchObject({ low: Number.NaN, high: Number.NaN })
		expect(of(5).low).toBeGreaterThan(0.5)
	})
})
