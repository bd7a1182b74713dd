import { bias, mae, mape, pinball, r2, rmse } from '../stats/performance/regression-measures.ts'
import type { RegressionMoments } from '../stats/performance/regression-moments.ts'
import { momentNames } from '../tally/tally.ts'
import { type Finding, found, missing } from './finding.ts'
import type { OutcomeView } from './outcome-view.ts'

const measures = { mae, rmse, mape, r2, bias, pinball }

/** A metric of a regression's errors. */
export function errorMeasure(view: OutcomeView, metric: keyof typeof measures): Finding {
	const moments = momentsOf(view)
	const { n, zeroActuals } = moments
	if (n === 0) return missing(0, 'no row has both a score and a numeric outcome')
	if (metric === 'mape') {
		if (n === zeroActuals) return missing(0, `all ${n} outcomes are zero`)
		const finding = found(mape(moments), n - zeroActuals)
		return zeroActuals === 0
			? finding
			: { ...finding, reason: `${zeroActuals} outcomes of zero are left out` }
	}
	const isConstant = metric === 'r2' && n > 0
	return found(
		measures[metric](moments),
		n,
		isConstant ? 'fewer than two outcomes, or all are the same' : undefined,
	)
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
