import { describe, expect, it } from 'vitest'
import { curveAt, isotonicRegression } from '../../../src/stats/estimation/isotonic.ts'
import {
	fitNannymlCbpe,
	fitNannymlCbpeMulticlass,
	nannymlCbpe,
} from '../../../src/stats/estimation/nannyml-cbpe.ts'
import { stratifiedSplits } from '../../../src/stats/estimation/stratified-splits.ts'
import { expectNear } from '../near.ts'
import { type ClassRows, expectAnswers, golden } from './nannyml-golden.ts'

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

	it('refuses what it cannot be fitted on', () => {
		expect(() => fitNannymlCbpe({ scores: [0.1], predictions: [0], actual: [] })).toThrow(RangeError)
		expect(() => fitNannymlCbpe({ scores: [Number.NaN], predictions: [0], actual: [1] })).toThrow(RangeError)
		expect(() =>
			fitNannymlCbpeMulticlass({ scores: { a: [1], b: [0] }, predictions: ['a'], actual: ['a'] }),
		).toThrow(RangeError)
	})
})
