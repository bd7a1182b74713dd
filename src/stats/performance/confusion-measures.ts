import { type Estimate, undefinedEstimate } from '../estimate.ts'
import { wilson } from '../wilson.ts'

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

/** A share with Wilson's 95% interval; NaN of nothing. */
export const proportion = (successes: number, n: number): Estimate =>
	n > 0 ? { value: successes / n, ...wilson(successes, n) } : undefinedEstimate

/**
 * F1 = 2 tp / (2 tp + fp + fn). It rises with Jaccard's index J = tp / (tp + fp + fn), F1 = 2 J / (1 + J), and J is a
 * plain share of the rows that are not true negatives: Wilson's interval for J gives that of F1.
 */
export function f1({ tp, fp, fn }: Omit<Confusion, 'tn'>): Estimate {
	const { value, low, high } = proportion(tp, tp + fp + fn)
	const ofJaccard = (j: number) => (2 * j) / (1 + j)
	return { value: ofJaccard(value), low: ofJaccard(low), high: ofJaccard(high) }
}
