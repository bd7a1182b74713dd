import { type Estimate, undefinedEstimate } from '../estimate.ts'
import {
	fromSums,
	logEstimate,
	type MeanAndVariance,
	meanEstimate,
	positiveMeanEstimate,
	tailFactor,
} from './mean-estimate.ts'
import type { RegressionMoments } from './regression-moments.ts'

/** Variance over mean squared of |e| and e^2 when errors are normal, and how far heavier tails widen (`tailFactor`). */
const absolute = { normal: Math.PI / 2 - 1, most: 1 }
const square = { normal: 2, most: 2 }
/** Of the ratio of two sums of squares, which share part of their tails. */
const ratio = { normal: 2, most: 1 }

const tailOf = (relativeVariance: number, { normal, most }: typeof square) =>
	tailFactor(Math.sqrt(relativeVariance / normal), most)

const lossEstimate = (loss: MeanAndVariance, kind: typeof square): Estimate =>
	positiveMeanEstimate(loss, tailOf(loss.variance / loss.mean ** 2, kind))

/**
 * Mean absolute error, in units of the target (scikit-learn mean_absolute_error); 95% delta-method interval on the log
 * scale, its upper half wider where tails are heavy.
 */
export const mae = ({ n, absE, e2 }: RegressionMoments): Estimate =>
	lossEstimate(fromSums(n, absE, e2), absolute)

/** Pinball loss of the median, alpha .5 (scikit-learn mean_pinball_loss): half the mean absolute error. */
export function pinball(moments: RegressionMoments): Estimate {
	const { value, low, high } = mae(moments)
	return { value: value / 2, low: low / 2, high: high / 2 }
}

/** Root mean squared error, in units of the target (scikit-learn root_mean_squared_error); the interval is that of the mean square. */
export function rmse({ n, e2, e4 }: RegressionMoments): Estimate {
	const { value, low, high } = lossEstimate(fromSums(n, e2, e4), square)
	return { value: Math.sqrt(value), low: Math.sqrt(low), high: Math.sqrt(high) }
}

/**
 * Mean absolute error relative to the actual, as a fraction (scikit-learn mean_absolute_percentage_error over the rows
 * whose actual is not 0; the moments count the others); 95% delta-method interval on the log scale.
 */
export const mape = ({ n, zeroActuals, absRelative, relative2 }: RegressionMoments): Estimate =>
	lossEstimate(fromSums(n - zeroActuals, absRelative, relative2), absolute)

/** Mean of prediction - actual, in units of the target; Student's 95% interval. */
export const bias = ({ n, e, e2 }: RegressionMoments): Estimate => meanEstimate(fromSums(n, e, e2))

/**
 * R2 = 1 - residual / total sum of squares (scikit-learn r2_score). The 95% interval is by the delta method on the
 * logarithm of 1 - R2, over random actuals; wider below for a heavy tail of the errors, above for one of the actuals.
 * NaN below two rows and when all actuals are equal.
 */
export function r2(moments: RegressionMoments): Estimate {
	const { n, e2 } = moments
	const spread = centralMoments(moments)
	if (n < 2 || !(spread.second > 0)) return undefinedEstimate
	const unexplained = e2 / n / spread.second
	const ofErrors = moments.e4 / e2 ** 2
	const ofActuals = spread.fourth / (n * spread.second ** 2)
	const both = spread.squaredErrors / (e2 * spread.second)
	const variance = ofErrors + ofActuals - 2 * both
	const tails = { up: tailOf(n * ofErrors - 1, ratio), down: tailOf(n * ofActuals - 1, ratio) }
	const { value, low, high } = logEstimate(unexplained, Math.sqrt(Math.max(0, variance)), n, tails)
	return { value: 1 - value, low: 1 - high, high: 1 - low }
}

/** Second and fourth central moments of the actuals, and the sum of e^2 (y - mean)^2 over n. */
function centralMoments({ n, y, y2, y3, y4, e2, e2y, e2y2 }: RegressionMoments) {
	const mean = y / n
	return {
		second: y2 / n - mean ** 2,
		fourth: y4 / n - (4 * mean * y3) / n + (6 * mean ** 2 * y2) / n - 3 * mean ** 4,
		squaredErrors: (e2y2 - 2 * mean * e2y + mean ** 2 * e2) / n,
	}
}
