import {
	type Estimate,
	fromSums,
	logEstimate,
	type MeanAndVariance,
	meanEstimate,
	positiveMeanEstimate,
	tailFactor,
	undefinedEstimate,
} from '../estimate.ts'

/**
 * Sums over the rows of a regression: e = prediction - actual, and y = actual - `origin`. Each adds up over parts with
 * one origin, in any order. The fourth powers lose digits when |y| is far above the spread of y: an origin near the
 * mean (the baseline's) keeps them; 0 will do up to a mean of a thousand standard deviations.
 */
export type RegressionMoments = {
	origin: number
	n: number
	e: number
	absE: number
	e2: number
	e4: number
	e2y: number
	e2y2: number
	y: number
	y2: number
	y3: number
	y4: number
	/** Rows whose actual is 0 have no relative error; the other sums of |e / actual| and its square leave them out. */
	zeroActuals: number
	absRelative: number
	relative2: number
}

export const noMoments = (origin = 0): RegressionMoments => ({
	origin,
	n: 0,
	e: 0,
	absE: 0,
	e2: 0,
	e4: 0,
	e2y: 0,
	e2y2: 0,
	y: 0,
	y2: 0,
	y3: 0,
	y4: 0,
	zeroActuals: 0,
	absRelative: 0,
	relative2: 0,
})

/** What one row adds to the sums. */
export function momentsOfRow(actual: number, predicted: number, origin = 0): RegressionMoments {
	const e = predicted - actual
	const y = actual - origin
	const [e2, y2] = [e * e, y * y]
	const relative = actual === 0 ? 0 : Math.abs(e / actual)
	return {
		origin,
		n: 1,
		e,
		absE: Math.abs(e),
		e2,
		e4: e2 * e2,
		e2y: e2 * y,
		e2y2: e2 * y2,
		y,
		y2,
		y3: y2 * y,
		y4: y2 * y2,
		zeroActuals: actual === 0 ? 1 : 0,
		absRelative: relative,
		relative2: relative * relative,
	}
}

/** The sums of two parts together. Throws RangeError unless they have one origin. */
export function mergeMoments(a: RegressionMoments, b: RegressionMoments): RegressionMoments {
	if (a.origin !== b.origin) throw new RangeError('moments of different origins cannot be added')
	const sum = { ...a }
	for (const key of Object.keys(a) as (keyof RegressionMoments)[])
		if (key !== 'origin') sum[key] = a[key] + b[key]
	return sum
}

/** The sums over raw rows. Rows with a NaN on either side are left out; RangeError for columns of unequal length. */
export function momentsOf(
	actual: ArrayLike<number>,
	predicted: ArrayLike<number>,
	origin = 0,
): RegressionMoments {
	if (actual.length !== predicted.length) throw new RangeError('there must be one prediction per actual')
	const sum = noMoments(origin)
	const keys = (Object.keys(sum) as (keyof RegressionMoments)[]).filter((key) => key !== 'origin')
	for (let i = 0; i < actual.length; i++) {
		const [y, p] = [actual[i] as number, predicted[i] as number]
		if (Number.isNaN(y) || Number.isNaN(p)) continue
		const row = momentsOfRow(y, p, origin)
		for (const key of keys) sum[key] += row[key]
	}
	return sum
}

/** Variance over mean squared of |e| and e^2 when errors are normal, and how far heavier tails widen (`tailFactor`). */
const absolute = { normal: Math.PI / 2 - 1, max: 1 }
const square = { normal: 2, max: 2 }
/** Of the ratio of two sums of squares, which share part of their tails. */
const ratio = { normal: 2, max: 1 }

const tailOf = (relativeVariance: number, { normal, max }: typeof square) =>
	tailFactor(Math.sqrt(relativeVariance / normal), max)

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
