import { bias, mae, mape, pinball, r2, rmse } from '../stats/performance/regression-measures.ts'
import type { RegressionMoments } from '../stats/performance/regression-moments.ts'
import { momentNames } from '../summaries/outcomes/outcome-summary.ts'
import { failed, type MetricValue, notEnoughData, ok } from './metric-value.ts'
import type { OutcomeView } from './outcome-view.ts'

const measures = { mae, rmse, mape, r2, bias, pinball }

/** A metric of a regression's errors. */
export function errorMeasure(view: OutcomeView, metric: keyof typeof measures): MetricValue {
	const moments = momentsOf(view)
	const { n, zeroActuals } = moments
	const outside = view.moments[momentNames.indexOf('outside')] ?? 0
	if (outside > 0)
		return failed(n, `${outside} rows are too large, or too near to zero, for their powers to be numbers`)
	if (n === 0) return notEnoughData(0, 'no row has both a score and a numeric outcome')
	if (metric === 'mape') {
		if (n === zeroActuals) return notEnoughData(0, `all ${n} outcomes are zero`)
		const finding = ok(mape(moments), n - zeroActuals)
		return zeroActuals === 0
			? finding
			: { ...finding, reason: `${zeroActuals} outcomes of zero are left out` }
	}
	if (metric === 'r2') return warned(r2Measure(view, moments), moments)
	const finding = ok(measures[metric](moments), n)
	return metric === 'rmse' ? warned(finding, moments) : finding
}

/** With more rows, intervals hold for heavy tails too. */
const enoughRows = 1000
/** Of the errors; normal ones have 3. */
const maxKurtosis = 30

/** Squares of a few errors tell little of those to come: the interval is then said to be unreliable. */
function warned(finding: MetricValue, { n, e2, e4 }: RegressionMoments): MetricValue {
	const isHeavy = n < enoughRows && e4 * n > maxKurtosis * e2 ** 2
	if (!isHeavy || finding.reason !== undefined) return finding
	const carriers = Math.max(1, Math.round(e2 ** 2 / e4))
	return {
		...finding,
		reason: `the interval is unreliable: about ${carriers} of ${n} errors make up most of the squares`,
	}
}

/** Where actuals spread less than this share of their mean, their fourth powers cancel out. */
const minSpread = 1e-3

/** R2, with the spread of the actuals without rounding; its interval takes powers that a large mean rounds away. */
function r2Measure(view: OutcomeView, moments: RegressionMoments): MetricValue {
	const { n, e2, y } = moments
	const variance = view.actualVariance
	if (n < 2 || !(variance > 0)) return notEnoughData(n, 'fewer than two outcomes, or all are the same')
	const value = 1 - e2 / n / variance
	const { low, high } = r2(moments)
	if (Math.sqrt(variance) >= minSpread * Math.abs(y / n)) return ok({ value, low, high }, n)
	const bare = ok({ value, low: Number.NaN, high: Number.NaN }, n)
	return { ...bare, reason: 'no interval: the outcomes spread too little for their mean' }
}

function momentsOf({ moments }: OutcomeView): RegressionMoments {
	const of = (name: (typeof momentNames)[number]) => moments[momentNames.indexOf(name)] ?? 0
	return {
		origin: 0,
		n: of('n'),
		e: of('e'),
		absE: of('abs'),
		e2: of('e2'),
		e4: of('e4'),
		e2y: of('e2y'),
		e2y2: of('e2y2'),
		y: of('y'),
		y2: of('y2'),
		y3: of('y3'),
		y4: of('y4'),
		zeroActuals: of('zeros'),
		absRelative: of('ape'),
		relative2: of('ape2'),
	}
}
