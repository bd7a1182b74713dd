import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { tQuantile95 } from '../../../src/stats/distributions.ts'
import { type Estimate, logitEstimate } from '../../../src/stats/estimate.ts'
import { calibrationCurve, expectedCalibrationError } from '../../../src/stats/performance/calibration.ts'
import {
	type Confusion,
	confusionMeasures,
	multiclassMeasures,
} from '../../../src/stats/performance/confusion.ts'
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
import { bias, mae, mape, momentsOf, pinball, r2, rmse } from '../../../src/stats/performance/regression.ts'
import {
	deLongVariance,
	gini,
	multiclassRocAuc,
	rocAuc,
	rocCurve,
} from '../../../src/stats/performance/roc.ts'
import { classTotals, countScores } from '../../../src/stats/score-counts.ts'
import { expectNear } from '../near.ts'

type Pair = [number, number]
type Columns = [number[], number[], number[]]
type Binary = {
	scores: number[]
	positive: number[]
	rocAuc: number
	deLong: number
	averagePrecision: number
	averagePrecisionInterval: Pair
	logLoss: number
	brier: number
	ece: number
	ks: number
	ksOfSamples: number
	gini: number
	lift: number
	liftOfThird: number
	calibration: [number[], number[]]
	roc?: Columns
	precisionRecall?: Columns
}
type Edges = Pick<Binary, 'scores' | 'positive' | 'logLoss' | 'brier' | 'ece' | 'averagePrecision' | 'rocAuc'>
type OfDecisions = { accuracy: number; precision: number; recall: number; f1: number }
type Golden = {
	binary: Binary[]
	edges: Edges
	confusion: (OfDecisions & { counts: Confusion })[]
	multiclass: (OfDecisions & {
		table: number[][]
		precisionError: number | null
		recallError: number | null
		f1Error: number | null
	})[]
	multiclassScores: {
		probabilities: number[][]
		actual: number[]
		rocAuc: number
		logLoss: number
		brier: number
		brierByDefault: number
	}[]
	regression: {
		actual: number[]
		predicted: number[]
		mae: number
		maeInterval: Pair
		rmse: number
		mape: number
		zeros: number
		r2: number
		r2Interval: Pair
		bias: number
		biasInterval: Pair
		pinball: number
	}[]
	queries: {
		scores: number[]
		relevance: number[]
		ndcg: number
		reciprocalRank: number
		averagePrecision: number
	}[]
	t: { df: number; t: number }[]
}

// What scikit-learn and SciPy answer: golden/make.py, with its versions in the file.
const golden: Golden = JSON.parse(await readFile(new URL('golden/golden.json', import.meta.url), 'utf8'))
const relative = 1e-9

const expectInterval = ({ low, high }: Estimate, [l, h]: Pair, error = relative) => {
	expectNear(low, l, error)
	expectNear(high, h, error)
}
const expectColumn = (actual: number[], expected: number[]) => {
	expect(actual).toHaveLength(expected.length)
	actual.forEach((value, i) => {
		expectNear(value, expected[i] as number, relative)
	})
}

describe.each(golden.binary)('a binary model with AUC $rocAuc', (of) => {
	const counts = countScores(of.scores, of.positive)

	it('has the scores that scikit-learn says', () => {
		expectNear(rocAuc(counts).value, of.rocAuc, relative)
		expectNear(gini(counts).value, of.gini, relative, 1e-12)
		expectNear(averagePrecision(counts).value, of.averagePrecision, relative)
		expectNear(logLoss(counts).value, of.logLoss, relative)
		expectNear(brierScore(counts).value, of.brier, relative)
		expectNear(ksStatistic(counts).value, of.ks, relative)
		expectNear(ksStatistic(counts).value, of.ksOfSamples, relative)
		const reversed = countScores(
			of.scores.map((score) => -score),
			of.positive,
		)
		expectNear(ksStatistic(reversed).value, of.ksOfSamples, relative)
	})

	it('has the calibration error and the lift of their plain definitions', () => {
		expectNear(expectedCalibrationError(counts).value, of.ece, relative)
		expectNear(liftAt(counts).value, of.lift, relative)
		expectNear(liftAt(counts, 0.3).value, of.liftOfThird, relative)
	})

	it("has DeLong's variance over all pairs, and the jackknife's interval of average precision", () => {
		expectNear(deLongVariance(counts, classTotals(counts), of.rocAuc), of.deLong, relative)
		// The golden derivatives are differences, good to 1e-9 or so.
		expectInterval(averagePrecision(counts), of.averagePrecisionInterval, 1e-7)
	})

	it('has the calibration curve', () => {
		const curve = calibrationCurve(counts, 5)
		const [mean, share] = of.calibration
		expectColumn(
			curve.map((point) => point.meanScore),
			mean,
		)
		expectColumn(
			curve.map((point) => point.positive.value),
			share,
		)
		expect(curve.reduce((sum, { n }) => sum + n, 0)).toBe(of.scores.length)
	})
})

describe('curves', () => {
	const withCurves = golden.binary.filter(({ roc }) => roc !== undefined)
	it.each(withCurves)('are those of scikit-learn, at AUC $rocAuc', (of) => {
		const counts = countScores(of.scores, of.positive)
		const [fpr, tpr, thresholds] = of.roc as Columns
		const roc = rocCurve(counts)
		expectColumn(
			roc.map((p) => p.falsePositiveRate),
			fpr,
		)
		expectColumn(
			roc.map((p) => p.truePositiveRate),
			tpr,
		)
		expect(roc.map((p) => p.threshold)).toEqual([Number.POSITIVE_INFINITY, ...thresholds])
		const [precision, recall, at] = of.precisionRecall as Columns
		const curve = precisionRecallCurve(counts)
		expectColumn(
			curve.map((p) => p.precision),
			precision,
		)
		expectColumn(
			curve.map((p) => p.recall),
			recall,
		)
		expect(curve.map((p) => p.threshold)).toEqual(at)
	})
})

it('scores on the borders of bins, and at 0 and 1, are where scikit-learn has them', () => {
	const counts = countScores(golden.edges.scores, golden.edges.positive)
	expectNear(logLoss(counts).value, golden.edges.logLoss, relative)
	expectNear(brierScore(counts).value, golden.edges.brier, relative)
	expectNear(expectedCalibrationError(counts).value, golden.edges.ece, relative)
	expectNear(averagePrecision(counts).value, golden.edges.averagePrecision, relative)
	expectNear(rocAuc(counts).value, golden.edges.rocAuc, relative)
})

it.each(golden.confusion)('decisions $counts have the measures of scikit-learn', (of) => {
	const measures = confusionMeasures(of.counts)
	for (const name of ['accuracy', 'precision', 'recall', 'f1'] as const)
		expectNear(measures[name].value, of[name], relative)
})

describe('several classes', () => {
	it.each(golden.multiclass)('have the macro measures of scikit-learn: $table', (of) => {
		const measures = multiclassMeasures(of.table)
		for (const name of ['accuracy', 'precision', 'recall', 'f1'] as const)
			expectNear(measures[name].value, of[name], relative)
	})

	it.each(golden.multiclass.filter(({ f1Error }) => f1Error !== null))(
		'have the multinomial standard errors: $table',
		(of) => {
			const n = of.table.flat().reduce((sum, count) => sum + count, 0)
			const measures = multiclassMeasures(of.table)
			for (const name of ['precision', 'recall', 'f1'] as const) {
				const { low, high } = logitEstimate(of[name], of[`${name}Error`] as number, n)
				// Theirs are gradients by differences.
				expectInterval(measures[name], [low, high], 1e-7)
			}
		},
	)

	it.each(golden.multiclassScores)('have the AUC $rocAuc and the losses of scikit-learn', (of) => {
		const classes = (of.probabilities[0] as number[]).map((_, k) =>
			countScores(
				of.probabilities.map((row) => row[k] as number),
				of.actual.map((actual) => actual === k),
			),
		)
		expectNear(multiclassRocAuc(classes).value, of.rocAuc, relative)
		expectNear(multiclassLogLoss(classes).value, of.logLoss, relative)
		expectNear(multiclassBrierScore(classes).value, of.brier, relative)
		expect(of.brierByDefault).toBe(of.brier)
	})
})

it.each(golden.regression)('a regression has the measures of scikit-learn, R2 $r2', (of) => {
	for (const origin of [0, 5]) {
		const moments = momentsOf(of.actual, of.predicted, origin)
		expect(moments.zeroActuals).toBe(of.zeros)
		expectNear(mae(moments).value, of.mae, relative)
		expectInterval(mae(moments), of.maeInterval)
		expectNear(rmse(moments).value, of.rmse, relative)
		expectNear(mape(moments).value, of.mape, relative)
		expectNear(r2(moments).value, of.r2, relative)
		expectInterval(r2(moments), of.r2Interval)
		expectNear(bias(moments).value, of.bias, relative)
		expectInterval(bias(moments), of.biasInterval)
		expectNear(pinball(moments).value, of.pinball, relative)
	}
})

describe('ranking', () => {
	it.each(golden.queries)(
		'of $scores has the gain of scikit-learn, and ranks over all orders of ties',
		(of) => {
			expectNear(ndcg([of]).value, of.ndcg, relative)
			expectNear(meanReciprocalRank([of]).value, of.reciprocalRank, relative)
			expectNear(meanAveragePrecision([of]).value, of.averagePrecision, relative)
		},
	)

	it('is the mean over the queries', () => {
		const mean = golden.queries.reduce((sum, of) => sum + of.ndcg, 0) / golden.queries.length
		const found = ndcg(golden.queries)
		expectNear(found.value, mean, relative)
		expect(found).toMatchObject({ queries: golden.queries.length, leftOut: 0 })
	})
})

it.each(golden.t)("Student's t for $df degrees of freedom is SciPy's", ({ df, t }) => {
	expectNear(tQuantile95(df), t, relative)
})
