import { type Estimate, logitEstimate, proportion, undefinedEstimate } from '../estimate.ts'

/** Rows by decision and outcome. */
export type Confusion = { tp: number; fp: number; tn: number; fn: number }

export type ConfusionMeasures = { accuracy: Estimate; precision: Estimate; recall: Estimate; f1: Estimate }

/** Accuracy, precision and recall with Wilson's 95% intervals, and F1. NaN where the denominator is 0 (no decisions, no positives). */
export function confusionMeasures({ tp, fp, tn, fn }: Confusion): ConfusionMeasures {
	return {
		accuracy: proportion(tp + tn, tp + fp + tn + fn),
		precision: proportion(tp, tp + fp),
		recall: proportion(tp, tp + fn),
		f1: f1({ tp, fp, fn }),
	}
}

/**
 * F1 = 2 tp / (2 tp + fp + fn). It rises with Jaccard's index J = tp / (tp + fp + fn), F1 = 2 J / (1 + J), and J is a
 * plain share of the rows that are not true negatives: Wilson's interval for J gives that of F1.
 */
export function f1({ tp, fp, fn }: Omit<Confusion, 'tn'>): Estimate {
	const { value, low, high } = proportion(tp, tp + fp + fn)
	const ofJaccard = (j: number) => (2 * j) / (1 + j)
	return { value: ofJaccard(value), low: ofJaccard(low), high: ofJaccard(high) }
}

export type MulticlassMeasures = { accuracy: Estimate; precision: Estimate; recall: Estimate; f1: Estimate }

/** With fewer rows of a class its measure is often 0 or 1, and looks certain. */
const minOfAClass = 5

type Margins = { hit: number; actual: number; predicted: number }
type Measure = { of: (m: Margins) => number; slope: (m: Margins) => Margins }

const ratio = (a: number, b: number) => (b > 0 ? a / b : 0)

const measures = {
	precision: {
		of: ({ hit, predicted }) => ratio(hit, predicted),
		slope: ({ hit, predicted }) => ({
			hit: ratio(1, predicted),
			actual: 0,
			predicted: -ratio(hit, predicted ** 2),
		}),
	},
	recall: {
		of: ({ hit, actual }) => ratio(hit, actual),
		slope: ({ hit, actual }) => ({ hit: ratio(1, actual), actual: -ratio(hit, actual ** 2), predicted: 0 }),
	},
	f1: {
		of: ({ hit, actual, predicted }) => ratio(2 * hit, actual + predicted),
		slope: ({ hit, actual, predicted }) => {
			const both = -ratio(2 * hit, (actual + predicted) ** 2)
			return { hit: ratio(2, actual + predicted), actual: both, predicted: both }
		},
	},
} satisfies Record<string, Measure>

/**
 * Accuracy with Wilson's 95% interval; macro precision, recall and F1 (the plain mean over the classes, 0 where a
 * denominator is 0) with the multinomial delta method (Takahashi et al. 2022) on the logit scale. `table[actual][predicted]`
 * counts rows; classes that are neither seen nor predicted are left out, as scikit-learn does. Throws RangeError unless square.
 * The macro measures have no interval when a class that has rows has fewer than five.
 */
export function multiclassMeasures(table: readonly ArrayLike<number>[]): MulticlassMeasures {
	const margins = marginsOf(table)
	const n = margins.reduce((sum, { actual }) => sum + actual, 0)
	const hits = margins.reduce((sum, { hit }) => sum + hit, 0)
	return {
		accuracy: proportion(hits, n),
		precision: macro(measures.precision, table, margins, n),
		recall: macro(measures.recall, table, margins, n),
		f1: macro(measures.f1, table, margins, n),
	}
}

function marginsOf(table: readonly ArrayLike<number>[]): Margins[] {
	const margins = table.map(() => ({ hit: 0, actual: 0, predicted: 0 }))
	table.forEach((row, actual) => {
		if (row.length !== table.length) throw new RangeError('a confusion matrix must be square')
		margins.forEach((margin, predicted) => {
			const count = row[predicted] as number
			margin.predicted += count
			const own = margins[actual] as Margins
			own.actual += count
			if (actual === predicted) own.hit = count
		})
	})
	return margins
}

function macro(
	measure: Measure,
	table: readonly ArrayLike<number>[],
	margins: Margins[],
	n: number,
): Estimate {
	const classes = margins.filter(({ actual, predicted }) => actual + predicted > 0).length
	if (classes === 0) return undefinedEstimate
	const value = margins.reduce((sum, margin) => sum + measure.of(margin), 0) / classes
	const slopes = margins.map(measure.slope)
	// Measures do not change when all counts are scaled, so the slopes sum to 0 over the rows: the variance is the plain sum.
	let variance = 0
	table.forEach((row, actual) => {
		slopes.forEach((of, predicted) => {
			const own = slopes[actual] as Margins
			const slope = own.actual + of.predicted + (actual === predicted ? own.hit : 0)
			variance += (row[predicted] as number) * (slope / classes) ** 2
		})
	})
	const min = Math.min(...margins.map(({ actual }) => actual || n))
	return logitEstimate(value, Math.sqrt(variance), min < minOfAClass ? 0 : n)
}
