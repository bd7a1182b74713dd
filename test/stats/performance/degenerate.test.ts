import { describe, expect, it } from 'vitest'
import type { Estimate } from '../../../src/stats/estimate.ts'
import {
	calibrationBins,
	calibrationCurve,
	expectedCalibrationError,
} from '../../../src/stats/performance/calibration.ts'
import { confusionMeasures, multiclassMeasures } from '../../../src/stats/performance/confusion.ts'
import { ksStatistic } from '../../../src/stats/performance/ks-statistic.ts'
import { liftAt } from '../../../src/stats/performance/lift-at.ts'
import { averagePrecision, precisionRecallCurve } from '../../../src/stats/performance/precision-recall.ts'
import {
	brierScore,
	logLoss,
	multiclassBrierScore,
	multiclassLogLoss,
} from '../../../src/stats/performance/probability-losses.ts'
import { meanAveragePrecision, meanReciprocalRank, ndcg } from '../../../src/stats/performance/ranking.ts'
import {
	bias,
	mae,
	mape,
	mergeMoments,
	momentsOf,
	noMoments,
	r2,
	rmse,
} from '../../../src/stats/performance/regression.ts'
import { gini, multiclassRocAuc, rocAuc, rocCurve } from '../../../src/stats/performance/roc.ts'
import { countScores, type ScoreCounts } from '../../../src/stats/score-counts.ts'

const nothing = { value: Number.NaN, low: Number.NaN, high: Number.NaN }
const rows = (pairs: [score: number, positive: number, times: number][]): ScoreCounts => {
	const each = pairs.flatMap(([score, y, times]) => Array.from({ length: times }, () => [score, y] as const))
	return countScores(
		each.map(([score]) => score),
		each.map(([, y]) => y),
	)
}

const ofRanks = { rocAuc, gini, averagePrecision, ksStatistic, liftAt: (c: ScoreCounts) => liftAt(c) }
const ofProbabilities = { logLoss, brierScore, expectedCalibrationError }
const measures: Record<string, (counts: ScoreCounts) => Estimate> = { ...ofRanks, ...ofProbabilities }

describe.each(Object.entries(measures))('%s', (name, measure) => {
	it('of no rows is not defined', () => {
		expect(measure(rows([]))).toEqual(nothing)
		const empty = {
			scores: Float64Array.of(0.5),
			positives: Float64Array.of(0),
			negatives: Float64Array.of(0),
		}
		expect(measure(empty)).toEqual(nothing)
	})

	it('of one row has no interval', () => {
		for (const positive of [0, 1]) {
			const { low, high } = measure(rows([[0.3, positive, 1]]))
			expect([low, high]).toEqual([Number.NaN, Number.NaN])
		}
	})

	it('has its value within its interval, also for scores all alike and for a perfect or a useless score', () => {
		for (const counts of [
			rows([
				[0.4, 0, 60],
				[0.4, 1, 40],
			]),
			rows([
				[0, 0, 60],
				[1, 1, 40],
			]),
			rows([
				[0.9, 0, 60],
				[0.1, 1, 40],
			]),
			rows([
				[0.2, 0, 11],
				[0.7, 1, 11],
				[0.7, 0, 1],
			]),
		]) {
			const { value, low, high } = measure(counts)
			expect(low, name).toBeLessThanOrEqual(value)
			expect(high, name).toBeGreaterThanOrEqual(value)
		}
	})

	it('refuses columns of unlike length', () => {
		const torn = {
			scores: Float64Array.of(1, 2),
			positives: Float64Array.of(1),
			negatives: Float64Array.of(1, 2),
		}
		expect(() => measure(torn)).toThrow(RangeError)
	})
})

describe('one class alone', () => {
	const positive = rows([
		[0.2, 1, 20],
		[0.7, 1, 30],
	])
	const negative = rows([
		[0.2, 0, 20],
		[0.7, 0, 30],
	])

	it.each([rocAuc, gini, ksStatistic])('has nothing to be told from: %o', (measure) => {
		expect(measure(positive)).toEqual(nothing)
		expect(measure(negative)).toEqual(nothing)
	})

	it('has no precision or lift without positives', () => {
		expect(averagePrecision(negative)).toEqual(nothing)
		expect(liftAt(negative)).toEqual(nothing)
		expect(averagePrecision(positive).value).toBe(1)
		expect(liftAt(positive).value).toBeCloseTo(1, 12)
	})

	it('has losses, of which only the calibration error has an interval', () => {
		for (const counts of [positive, negative]) {
			for (const measure of [logLoss, brierScore]) {
				expect(measure(counts).value).toBeGreaterThan(0)
				expect(measure(counts).low).toBeNaN()
			}
			const { value, low, high } = expectedCalibrationError(counts)
			expect(low).toBeGreaterThan(0)
			expect(low).toBeLessThan(value)
			expect(high).toBeGreaterThanOrEqual(value)
		}
	})

	it('has curves that say which rate is not defined', () => {
		expect(rocCurve(positive).map((p) => p.falsePositiveRate)).toEqual([Number.NaN, Number.NaN, Number.NaN])
		expect(precisionRecallCurve(negative).map((p) => p.recall)).toEqual([Number.NaN, Number.NaN])
		expect(rocCurve(rows([]))).toHaveLength(1)
		expect(calibrationCurve(rows([]))).toEqual([])
	})
})

describe('the AUC', () => {
	it('of 1, and of 0, has an interval that few rows leave wide', () => {
		for (const [n, least, most] of [
			[10, 0.5, 0.9],
			[1000, 0.995, 0.9999],
		] as const) {
			const perfect = rocAuc(
				rows([
					[0.2, 0, n],
					[0.8, 1, n],
				]),
			)
			expect(perfect).toMatchObject({ value: 1, high: 1 })
			expect(perfect.low).toBeGreaterThan(least)
			expect(perfect.low).toBeLessThan(most)
			const reversed = rocAuc(
				rows([
					[0.2, 1, n],
					[0.8, 0, n],
				]),
			)
			expect(reversed).toMatchObject({ value: 0, low: 0 })
			expect(reversed.high).toBeCloseTo(1 - perfect.low, 9)
		}
	})

	it('has no interval with nine rows of a class, and one with ten', () => {
		const of = (positives: number) =>
			rocAuc(
				rows([
					[0.2, 0, 500],
					[0.2, 1, 2],
					[0.8, 1, positives - 2],
				]),
			)
		expect(of(9)).toMatchObject({ low: Number.NaN, high: Number.NaN })
		expect(of(9).value).toBeGreaterThan(0.8)
		expect(of(10).low).toBeLessThan(of(10).value)
	})

	it('of scores that are all alike is a half', () => {
		const alike = rows([
			[3, 1, 30],
			[3, 0, 40],
		])
		const { value, low, high } = rocAuc(alike)
		expect(value).toBe(0.5)
		expect(low).toBeLessThan(0.45)
		expect(high).toBeGreaterThan(0.55)
	})
})

describe('scores that are no probabilities', () => {
	const counts = rows([
		[-2, 0, 20],
		[3, 1, 20],
		[2.5, 0, 5],
	])

	it('have ranks, and no losses', () => {
		for (const measure of Object.values(ofProbabilities)) expect(measure(counts)).toEqual(nothing)
		for (const measure of Object.values(ofRanks)) expect(measure(counts).value).toBeGreaterThan(0)
		expect(multiclassLogLoss([counts])).toEqual(nothing)
		expect(multiclassBrierScore([counts])).toEqual(nothing)
	})
})

describe('shares of nothing', () => {
	it('are not defined', () => {
		expect(confusionMeasures({ tp: 0, fp: 0, tn: 0, fn: 0 })).toEqual({
			accuracy: nothing,
			precision: nothing,
			recall: nothing,
			f1: nothing,
		})
		const noDecisions = confusionMeasures({ tp: 0, fp: 0, tn: 20, fn: 3 })
		expect(noDecisions.precision).toEqual(nothing)
		expect(noDecisions.f1).toMatchObject({ value: 0, low: 0 })
		expect(noDecisions.f1.high).toBeGreaterThan(0.5)
	})

	it('of several classes are 0 for a class that is never predicted, and not defined without rows', () => {
		expect(multiclassMeasures([])).toEqual(multiclassMeasures([[0]]))
		expect(multiclassMeasures([[0]]).f1).toEqual(nothing)
		const halved = multiclassMeasures([
			[9, 0],
			[3, 0],
		])
		expect(halved.recall.value).toBe(0.5)
		expect(halved.precision.value).toBe(0.375)
		expect(() => multiclassMeasures([[1, 2]])).toThrow(RangeError)
		expect(multiclassRocAuc([])).toEqual(nothing)
		expect(multiclassLogLoss([])).toEqual(nothing)
		expect(multiclassBrierScore([])).toEqual(nothing)
	})

	it('leave a class out of the macro AUC that has no rows, or all of them', () => {
		const counts = rows([
			[0.2, 0, 20],
			[0.8, 1, 20],
			[0.8, 0, 4],
		])
		const absent = rows([[0.1, 0, 44]])
		expect(multiclassRocAuc([counts, absent])).toEqual(rocAuc(counts))
	})
})

describe('a regression', () => {
	it('of no rows is not defined, and of one has no interval', () => {
		for (const measure of [mae, rmse, mape, bias, r2]) expect(measure(noMoments())).toEqual(nothing)
		const one = momentsOf([2], [3])
		expect(bias(one)).toEqual({ ...nothing, value: 1 })
		expect(mape(one)).toEqual({ ...nothing, value: 0.5 })
		expect(r2(one)).toEqual(nothing)
	})

	it('of equal actuals has no R2, and without errors is certain', () => {
		expect(r2(momentsOf([4, 4, 4], [3, 4, 5]))).toEqual(nothing)
		const exact = momentsOf([1, 2, 4], [1, 2, 4])
		expect(r2(exact)).toEqual({ value: 1, low: 1, high: 1 })
		expect(rmse(exact)).toEqual({ value: 0, low: 0, high: 0 })
	})

	it('leaves actuals of 0 out of the relative error, and counts them', () => {
		const moments = momentsOf([0, 2, 4], [1, 3, 3])
		expect(moments.zeroActuals).toBe(1)
		expect(mape(moments).value).toBe(0.375)
		expect(mape(momentsOf([0, 0], [1, 2]))).toEqual(nothing)
	})

	it('leaves rows out that have a NaN, and refuses columns of unlike length and other origins', () => {
		expect(momentsOf([1, Number.NaN, 3], [2, 2, Number.NaN])).toEqual(momentsOf([1], [2]))
		expect(() => momentsOf([1], [])).toThrow(RangeError)
		expect(() => mergeMoments(noMoments(0), noMoments(1))).toThrow(RangeError)
	})
})

describe('ranking', () => {
	const useless = { scores: [1, 2], relevance: [0, 0] }
	const perfect = { scores: [2, 1], relevance: [1, 0] }

	it.each([ndcg, meanReciprocalRank, meanAveragePrecision])(
		'leaves queries out that have nothing relevant, and counts them: %o',
		(measure) => {
			expect(measure([])).toEqual({ ...nothing, queries: 0, leftOut: 0 })
			expect(measure([useless])).toEqual({ ...nothing, queries: 0, leftOut: 1 })
			expect(measure([useless, perfect])).toEqual({ ...nothing, value: 1, queries: 1, leftOut: 1 })
			expect(() => measure([{ scores: [1], relevance: [1, 0] }])).toThrow(RangeError)
		},
	)

	it('does not call twenty perfect queries certain', () => {
		const { value, low, high } = ndcg(Array.from({ length: 20 }, () => perfect))
		expect([value, high]).toEqual([1, 1])
		expect(low).toBeGreaterThan(0.8)
		expect(low).toBeLessThan(0.9)
	})
})

it('a share outside (0, 1], and no bins, are refused', () => {
	const counts = rows([[0.5, 1, 3]])
	for (const share of [0, -1, 1.1, Number.NaN]) expect(() => liftAt(counts, share)).toThrow(RangeError)
	for (const bins of [0, 2.5]) expect(() => calibrationBins(counts, bins)).toThrow(RangeError)
})
