import { z95 } from '../distributions.ts'
import { type Estimate, meanOfCorrelated, undefinedEstimate } from '../estimate.ts'
import { type ClassTotals, classTotals, eachScore, eachScoreDown, type ScoreCounts } from '../score-counts.ts'

/** With fewer rows in the smaller class, none of the intervals tried covers 93% for every shape of scores. */
export const minOfEitherClass = 10

/** Pseudo-rows of the smaller class by which the variance of Hanley and McNeil weighs against DeLong's. */
const priorRows = 5

/**
 * Area under the ROC curve, ties counted half (scikit-learn roc_auc_score), with a 95% interval: DeLong's variance
 * (1988) drawn towards the model of Hanley and McNeil (1982), and carried along the AUC by that model in a score
 * interval, as Newcombe's method 5 (2006). So an AUC of 1 has a lower bound. No interval below 10 rows of either class.
 */
export function rocAuc(counts: ScoreCounts): Estimate {
	const totals = classTotals(counts)
	const value = areaUnderRoc(counts, totals)
	const min = Math.min(totals.positives, totals.negatives)
	if (min < minOfEitherClass) return { value, low: Number.NaN, high: Number.NaN }
	return { value, ...scoreInterval(value, varianceRatio(counts, totals, value), totals) }
}

/** The area alone: twice the pairs won is a whole number, so sums stay exact. NaN unless both classes are there. */
export function areaUnderRoc(counts: ScoreCounts, totals: ClassTotals): number {
	let below = 0
	let twiceWon = 0
	eachScore(counts, (_, p, n) => {
		twiceWon += p * (2 * below + n)
		below += n
	})
	return twiceWon / (2 * totals.positives * totals.negatives)
}

/** Variance of the AUC by DeLong's structural components, from counts: the share of the other class that a row beats. */
export function deLongVariance(counts: ScoreCounts, totals: ClassTotals, auc: number): number {
	const { positives, negatives } = totals
	let [won, lost] = [0, 0]
	let [below, above] = [0, positives]
	eachScore(counts, (_, p, n) => {
		above -= p
		won += p * ((below + n / 2) / negatives - auc) ** 2
		lost += n * ((above + p / 2) / positives - auc) ** 2
		below += n
	})
	return won / ((positives - 1) * positives) + lost / ((negatives - 1) * negatives)
}

/** Hanley and McNeil's variance of an AUC, for negative exponential scores. */
function modelVariance(auc: number, { positives, negatives }: ClassTotals): number {
	const q1 = auc / (2 - auc) - auc * auc
	const q2 = (2 * auc * auc) / (1 + auc) - auc * auc
	return (auc * (1 - auc) + (positives - 1) * q1 + (negatives - 1) * q2) / (positives * negatives)
}

/** DeLong's variance over the model's, drawn to 1 where there are few rows; 1 where the AUC leaves none. */
function varianceRatio(counts: ScoreCounts, totals: ClassTotals, auc: number): number {
	const min = Math.min(totals.positives, totals.negatives)
	const weight = min / (min + priorRows)
	const model = modelVariance(auc, totals)
	const seen = model > 0 ? deLongVariance(counts, totals, auc) / model : 1
	return weight * seen + 1 - weight
}

/** All AUCs from which the one seen is no more than 1.96 of their own standard errors away. */
function scoreInterval(auc: number, ratio: number, totals: ClassTotals): { low: number; high: number } {
	const near = (other: number) => (auc - other) ** 2 <= z95 * z95 * ratio * modelVariance(other, totals)
	const end = (outer: number) => {
		let [inside, outside] = [auc, outer]
		for (let i = 0; i < 60 && inside !== outside; i++) {
			const middle = (inside + outside) / 2
			if (near(middle)) inside = middle
			else outside = middle
		}
		return inside
	}
	return { low: end(0), high: end(1) }
}

/** Gini coefficient (accuracy ratio, Somers' D) of a score: 2 AUC - 1, its interval that of the AUC. */
export function gini(counts: ScoreCounts): Estimate {
	const { value, low, high } = rocAuc(counts)
	return { value: 2 * value - 1, low: 2 * low - 1, high: 2 * high - 1 }
}

/**
 * Macro one-v-rest ROC AUC: the plain mean over the classes, each by its own score against all others (scikit-learn
 * roc_auc_score, multi_class="ovr"). Classes without rows, or with all rows, have no AUC and are left out.
 *
 * The classes' AUCs share rows, and counts by class do not say how they vary together. That hardly depends on the
 * model: over softmax, ordinal and confident scores, even and skewed classes, the mean correlation by DeLong's
 * components is 1 for two classes, .31 to .50 for three, .13 to .23 for four, .06 to .15 for five, .01 to .04 for ten.
 * (classes - 1)^(-4/3) lies within these ranges and is used as the approximation. NaN when a class has too few rows for an interval of its own.
 */
export function multiclassRocAuc(classes: readonly ScoreCounts[]): Estimate {
	const parts = classes.map(rocAuc).filter(({ value }) => !Number.isNaN(value))
	if (parts.length === 0) return undefinedEstimate
	return meanOfCorrelated(parts, Math.max(1, parts.length - 1) ** (-4 / 3))
}

export type RocPoint = { threshold: number; truePositiveRate: number; falsePositiveRate: number }

/**
 * ROC curve from (0, 0), at a threshold of infinity, one point a score, highest first: rows at or above the threshold
 * are called positive (scikit-learn roc_curve, drop_intermediate=False). Rates are NaN without rows of their class.
 */
export function rocCurve(counts: ScoreCounts): RocPoint[] {
	const { positives, negatives } = classTotals(counts)
	let [tp, fp] = [0, 0]
	const at = (threshold: number) => ({
		threshold,
		truePositiveRate: tp / positives,
		falsePositiveRate: fp / negatives,
	})
	const points = [at(Number.POSITIVE_INFINITY)]
	eachScoreDown(counts, (score, p, n) => {
		tp += p
		fp += n
		points.push(at(score))
	})
	return points
}
