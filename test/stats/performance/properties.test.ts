import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectedCalibrationError } from '../../../src/stats/performance/calibration.ts'
import { confusionMeasures, multiclassMeasures } from '../../../src/stats/performance/confusion.ts'
import { ksStatistic } from '../../../src/stats/performance/ks-statistic.ts'
import { liftAt } from '../../../src/stats/performance/lift-at.ts'
import { averagePrecision } from '../../../src/stats/performance/precision-recall.ts'
import {
	brierScore,
	logLoss,
	multiclassBrierScore,
	multiclassLogLoss,
} from '../../../src/stats/performance/probability-losses.ts'
import { meanAveragePrecision, meanReciprocalRank, ndcg } from '../../../src/stats/performance/ranking.ts'
import { bias, mae, mergeMoments, momentsOf, r2, rmse } from '../../../src/stats/performance/regression.ts'
import { gini, multiclassRocAuc, rocAuc } from '../../../src/stats/performance/roc.ts'
import { countScores, type ScoreCounts } from '../../../src/stats/score-counts.ts'
import { expectNear } from '../near.ts'

// Whole twentieths, so that scores tie, and 1 - score is exact enough to tie alike.
const row = fc.record({ score: fc.integer({ min: 0, max: 20 }), positive: fc.boolean() })
const both = (rows: { positive: boolean }[]) =>
	rows.filter((r) => r.positive).length >= 10 && rows.filter((r) => !r.positive).length >= 10
const sample = fc.array(row, { minLength: 20, maxLength: 120 }).filter(both)
type Row = { score: number; positive: boolean }

const count = (rows: Row[], of = (score: number) => score / 20): ScoreCounts =>
	countScores(
		rows.map((r) => of(r.score)),
		rows.map((r) => r.positive),
	)
const flipped = (rows: Row[]) => rows.map((r) => ({ ...r, positive: !r.positive }))
const parts = ['value', 'low', 'high'] as const
const ofRanks = {
	rocAuc,
	gini,
	averagePrecision,
	ksStatistic,
	liftAt: (counts: ScoreCounts) => liftAt(counts),
}
const all = { ...ofRanks, logLoss, brierScore, expectedCalibrationError }

describe('the AUC and its interval', () => {
	it('are turned about a half when the classes change places and keep their scores', () => {
		fc.assert(
			fc.property(sample, (rows) => {
				// Hanley and McNeil's model is the same from both sides: positives and negatives swap, and scores turn round.
				const [one, other] = [rocAuc(count(rows)), rocAuc(count(flipped(rows), (score) => 1 - score / 20))]
				expectNear(other.value, one.value, 1e-12)
				const reversed = rocAuc(count(rows, (score) => 1 - score / 20))
				expectNear(reversed.value, 1 - one.value, 1e-12, 1e-12)
			}),
		)
	})

	it.each(Object.entries(ofRanks))('and %s only know the order of the scores', (_, measure) => {
		fc.assert(
			fc.property(sample, (rows) => {
				const [one, other] = [measure(count(rows)), measure(count(rows, (score) => Math.exp(score) - 7))]
				expect(other).toEqual(one)
			}),
		)
	})
})

describe.each(Object.entries(all))('%s', (_, measure) => {
	it('does not care about the order of the rows, and is within its interval', () => {
		fc.assert(
			fc.property(sample, (rows) => {
				const counts = count(rows)
				expect(measure(count([...rows].reverse()))).toEqual(measure(counts))
				const { value, low, high } = measure(counts)
				expect(low).toBeLessThanOrEqual(value + 1e-12)
				expect(high).toBeGreaterThanOrEqual(value - 1e-12)
			}),
		)
	})

	it('is the same for the rows four times over, and then more certain', () => {
		fc.assert(
			fc.property(sample, (rows) => {
				const [one, more] = [measure(count(rows)), measure(count([...rows, ...rows, ...rows, ...rows]))]
				expectNear(more.value, one.value, 1e-9, 1e-9)
				// A calibration error's two ends move by tests of their own, and the upper never below the value.
				if (measure !== expectedCalibrationError)
					expect(more.high - more.low).toBeLessThanOrEqual(one.high - one.low + 1e-9)
			}),
		)
	})
})

it('all measures stay in their bounds', () => {
	fc.assert(
		fc.property(sample, (rows) => {
			const counts = count(rows)
			for (const measure of [rocAuc, averagePrecision, ksStatistic, expectedCalibrationError])
				for (const part of parts) {
					expect(measure(counts)[part]).toBeGreaterThanOrEqual(0)
					expect(measure(counts)[part]).toBeLessThanOrEqual(1)
				}
			const lift = liftAt(counts)
			expect(lift.low).toBeGreaterThanOrEqual(0)
			expect(lift.high).toBeLessThanOrEqual(10 + 1e-9)
		}),
	)
})

it('the KS statistic is the same with the classes exchanged: it has no direction', () => {
	fc.assert(
		fc.property(sample, (rows) => {
			const counts = count(rows)
			const exchanged = { ...counts, positives: counts.negatives, negatives: counts.positives }
			for (const part of parts)
				expectNear(ksStatistic(exchanged)[part], ksStatistic(counts)[part], 1e-9, 1e-9)
		}),
	)
})

describe('two classes as several', () => {
	it('have the mean AUC, twice the Brier score and the log loss of the binary model', () => {
		fc.assert(
			fc.property(sample, (rows) => {
				const counts = count(rows)
				const classes = [count(flipped(rows), (score) => (20 - score) / 20), counts]
				expectNear(multiclassRocAuc(classes).value, rocAuc(counts).value, 1e-12)
				expectNear(multiclassBrierScore(classes).value, 2 * brierScore(counts).value, 1e-9)
				expectNear(multiclassLogLoss(classes).value, logLoss(counts).value, 1e-9)
			}),
		)
	})

	it('have a macro recall that is the mean of both recalls', () => {
		const cell = fc.integer({ min: 1, max: 1000 })
		fc.assert(
			fc.property(cell, cell, cell, cell, (tp, fp, tn, fn) => {
				const measures = multiclassMeasures([
					[tn, fp],
					[fn, tp],
				])
				const binary = confusionMeasures({ tp, fp, tn, fn })
				const other = confusionMeasures({ tp: tn, fp: fn, tn: tp, fn: fp })
				expect(measures.accuracy).toEqual(binary.accuracy)
				expectNear(measures.recall.value, (binary.recall.value + other.recall.value) / 2, 1e-12)
				expectNear(measures.f1.value, (binary.f1.value + other.f1.value) / 2, 1e-12)
			}),
		)
	})
})

describe('moments of a regression', () => {
	const target = fc.integer({ min: -50, max: 50 })
	const pairs = fc.array(fc.tuple(target, target), { minLength: 3, maxLength: 40 })
	const of = (made: [number, number][], origin = 0) =>
		momentsOf(
			made.map(([y]) => y),
			made.map(([, p]) => p),
			origin,
		)

	it('of two parts add up to those of the whole', () => {
		fc.assert(
			fc.property(pairs, pairs, (a, b) => {
				const [merged, whole] = [mergeMoments(of(a), of(b)), of([...a, ...b])]
				// All sums of whole numbers, and so exact, but for those of shares.
				const { absRelative, relative2, ...exact } = whole
				expect(merged).toMatchObject(exact)
				expectNear(merged.absRelative, absRelative, 1e-12)
				expectNear(merged.relative2, relative2, 1e-12)
			}),
		)
	})

	it('say the same about any origin', () => {
		fc.assert(
			fc.property(pairs, target, (made, origin) => {
				for (const measure of [mae, rmse, bias]) expect(measure(of(made, origin))).toEqual(measure(of(made)))
				const [one, other] = [r2(of(made)), r2(of(made, origin))]
				fc.pre(one.value > -50)
				for (const part of parts) expectNear(other[part], one[part], 1e-6, 1e-6)
			}),
		)
	})

	it('of an error that is one constant are that constant', () => {
		fc.assert(
			fc.property(
				fc.array(target, { minLength: 3, maxLength: 30 }),
				fc.integer({ min: 1, max: 9 }),
				(y, shift) => {
					const moments = of(y.map((value) => [value, value + shift]))
					for (const measure of [mae, rmse, bias])
						for (const part of parts) expectNear(measure(moments)[part], shift, 1e-7)
				},
			),
		)
	})
})

describe('ranking', () => {
	const item = fc.record({ score: fc.integer({ min: 0, max: 8 }), relevance: fc.integer({ min: 0, max: 3 }) })
	const query = fc
		.array(item, { minLength: 1, maxLength: 30 })
		.filter((items) => items.some(({ relevance }) => relevance > 0))
	const asQuery = (items: { score: number; relevance: number }[]) => ({
		scores: items.map(({ score }) => score),
		relevance: items.map(({ relevance }) => relevance),
	})

	it.each([ndcg, meanReciprocalRank, meanAveragePrecision])(
		'does not care about the order of the items: %o',
		(measure) => {
			fc.assert(
				fc.property(query, (items) => {
					const [one, other] = [measure([asQuery(items)]), measure([asQuery([...items].reverse())])]
					expectNear(other.value, one.value, 1e-12)
					expect(one.value).toBeGreaterThanOrEqual(0)
					expect(one.value).toBeLessThanOrEqual(1)
				}),
			)
		},
	)

	it.each([ndcg, meanReciprocalRank, meanAveragePrecision])(
		'by relevance itself is perfect: %o',
		(measure) => {
			fc.assert(
				fc.property(query, (items) => {
					const { relevance } = asQuery(items)
					expectNear(measure([{ scores: relevance, relevance }]).value, 1, 1e-12)
				}),
			)
		},
	)
})
