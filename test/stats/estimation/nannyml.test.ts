import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { curveAt, isotonicRegression } from '../../../src/stats/estimation/isotonic.ts'
import {
	type BinaryRows,
	fitNannymlCbpe,
	type LabelledBinaryRows,
	type NannymlEstimate,
	nannymlCbpe,
} from '../../../src/stats/estimation/nannyml-cbpe.ts'
import { fitNannymlCbpeMulticlass } from '../../../src/stats/estimation/nannyml-cbpe-multiclass.ts'
import type { NannymlMetric } from '../../../src/stats/estimation/nannyml-sampling-error.ts'
import { stratifiedSplits } from '../../../src/stats/estimation/stratified-splits.ts'
import { expectNear } from '../near.ts'
import { hasCalifornia, readCalifornia } from './california.ts'

type Answers = Record<NannymlMetric, NannymlEstimate>
type ClassRows = { scores: Record<string, number[]>; predictions: string }
type Golden = {
	isotonic: {
		x: number[]
		y: number[]
		weights: number[]
		thresholds: [number[], number[]]
		at: number[]
		values: number[]
	}[]
	splits: { actual: number[]; tests: number[][] }[]
	binary: {
		name: string
		reference: LabelledBinaryRows
		analysis: BinaryRows
		calibrated: boolean
		answers: Answers
	}[]
	multiclass: {
		name: string
		reference: ClassRows & { actual: string }
		analysis: ClassRows
		calibrated: Record<string, boolean>
		answers: Answers
	}[]
	california: { calibrated: boolean; months: { month: string; answers: Answers }[] }
}

// What NannyML and scikit-learn answer: golden/make.py, with its versions in the file.
const golden: Golden = JSON.parse(readFileSync(new URL('golden/nannyml.json', import.meta.url), 'utf8'))

const metrics: readonly NannymlMetric[] = ['roc_auc', 'accuracy', 'precision', 'recall', 'f1', 'specificity']
const parts = ['value', 'samplingError', 'low', 'high'] as const

/** NannyML leaves rows of one score in whatever order its sort made, and only ROC AUC's error depends on it. */
const tiedError = 1e-3

function expectAnswers(
	estimate: (metric: NannymlMetric) => NannymlEstimate,
	answers: Answers,
	tied: boolean,
) {
	for (const metric of metrics) {
		const ours = estimate(metric)
		for (const part of parts) {
			const dependsOnTies = tied && metric === 'roc_auc' && part !== 'value'
			expectNear(ours[part], answers[metric][part], dependsOnTies ? tiedError : 1e-9, 1e-9)
		}
	}
}

const classRows = ({ scores, predictions }: ClassRows) => ({ scores, predictions: predictions.split(' ') })

describe('isotonic regression', () => {
	it.each(golden.isotonic)('has scikit-learn’s thresholds and values (%#)', (given) => {
		const curve = isotonicRegression(given.x, given.y, given.weights)
		expect(curve.x.length).toBe(given.thresholds[0].length)
		given.thresholds[0].forEach((x, i) => {
			expectNear(curve.x[i] as number, x, 1e-12)
			expectNear(curve.y[i] as number, given.thresholds[1][i] as number, 1e-12, 1e-15)
		})
		given.at.forEach((at, i) => {
			expectNear(curveAt(curve, at), given.values[i] as number, 1e-12, 1e-15)
		})
	})

	it('has no value anywhere without rows, and refuses columns of unequal length', () => {
		expect(curveAt(isotonicRegression([], []), 0.5)).toBeNaN()
		expect(() => isotonicRegression([1, 2], [1])).toThrow(RangeError)
	})
})

describe('NannyML’s CBPE', () => {
	it.each(golden.splits)('holds out the rows that scikit-learn’s seeded splits hold out (%#)', (given) => {
		expect(stratifiedSplits(given.actual, 3, 42).map((s) => [...s.test])).toEqual(given.tests)
	})

	it.each(golden.binary)('answers as NannyML does: $name', ({ reference, analysis, calibrated, answers }) => {
		const cbpe = fitNannymlCbpe(reference)
		expect(cbpe.isCalibrated).toBe(calibrated)
		const tied = new Set(Array.from(reference.scores)).size < reference.scores.length * 0.9
		expectAnswers((metric) => cbpe.estimate(analysis, metric), answers, tied)
		expect(nannymlCbpe({ reference, analysis, metric: 'f1' })).toEqual(cbpe.estimate(analysis, 'f1'))
	})

	it.each(golden.multiclass)('answers as NannyML does for several classes: $name', (given) => {
		const reference = { ...classRows(given.reference), actual: given.reference.actual.split(' ') }
		const cbpe = fitNannymlCbpeMulticlass(reference)
		expect(cbpe.isCalibrated).toEqual(given.calibrated)
		expectAnswers((metric) => cbpe.estimate(classRows(given.analysis), metric), given.answers, false)
	})

	it('is tried on scores that need calibration and on scores that do not', () => {
		expect(new Set(golden.binary.map((b) => b.calibrated))).toEqual(new Set([true, false]))
	})

	it.runIf(hasCalifornia)('answers as NannyML does on California housing, month by month', () => {
		const { reference, analysisMonths } = readCalifornia()
		const cbpe = fitNannymlCbpe(reference)
		expect(cbpe.isCalibrated).toBe(golden.california.calibrated)
		expect(analysisMonths.map((m) => m.month)).toEqual(golden.california.months.map((m) => m.month))
		golden.california.months.forEach(({ answers }, i) => {
			const rows = analysisMonths[i]?.rows
			expect(rows).toBeDefined()
			if (rows) expectAnswers((metric) => cbpe.estimate(rows, metric), answers, true)
		})
		const auc = (month: string) => {
			const rows = analysisMonths.find((m) => m.month === month)?.rows
			return rows ? cbpe.estimate(rows, 'roc_auc').value : Number.NaN
		}
		expect(auc('2022-03')).toBeCloseTo(0.829077, 6)
		expect(auc('2022-04')).toBeCloseTo(0.910661, 6)
	})

	it('refuses what it cannot be fitted on', () => {
		expect(() => fitNannymlCbpe({ scores: [0.1], predictions: [0], actual: [] })).toThrow(RangeError)
		expect(() => fitNannymlCbpe({ scores: [Number.NaN], predictions: [0], actual: [1] })).toThrow(RangeError)
		expect(() =>
			fitNannymlCbpeMulticlass({ scores: { a: [1], b: [0] }, predictions: ['a'], actual: ['a'] }),
		).toThrow(RangeError)
	})
})
