import { clarifyMetrics } from '../stats/fairness/clarify.ts'
import type { GroupMetric } from './descriptor.ts'
import { ok } from './metric-value.ts'

/** `name` is the metric's own, in Clarify's documentation. */
const facet = (
	id: `fairness.clarify.${keyof typeof clarifyMetrics}`,
	name: string,
	on: GroupMetric['on'],
): GroupMetric => {
	const compute = clarifyMetrics[id.slice('fairness.clarify.'.length) as keyof typeof clarifyMetrics]
	return {
		id,
		about: `SageMaker Clarify: ${name}, the group as the facet against all other rows.`,
		unit: 'see Clarify',
		subject: 'group',
		on,
		by: 'favourable',
		method: 'as Clarify defines it',
		measure: (own, rest) => {
			const value = compute(own, rest)
			const isInfinite = Math.abs(value) === Number.POSITIVE_INFINITY
			const n = own.n + rest.n
			return ok({ value, low: Number.NaN, high: Number.NaN }, n, isInfinite ? `${value}` : undefined)
		},
	}
}

/** The bias metrics of SageMaker Clarify. */
export const clarify: readonly GroupMetric[] = [
	facet('fairness.clarify.ci', 'class imbalance', 'predictions'),
	facet('fairness.clarify.dpl', 'difference in proportions of labels', 'outcomes'),
	facet('fairness.clarify.kl', 'Kullback-Leibler divergence of labels', 'outcomes'),
	facet('fairness.clarify.js', 'Jensen-Shannon divergence of labels', 'outcomes'),
	facet('fairness.clarify.lp', 'L2 distance of labels', 'outcomes'),
	facet('fairness.clarify.tvd', 'total variation distance of labels', 'outcomes'),
	facet('fairness.clarify.ks', 'Kolmogorov-Smirnov distance of labels', 'outcomes'),
	facet('fairness.clarify.dppl', 'difference in positive proportions of predicted labels', 'predictions'),
	facet('fairness.clarify.di', 'disparate impact', 'predictions'),
	facet('fairness.clarify.dca', 'difference in conditional acceptance', 'outcomes'),
	facet('fairness.clarify.dcr', 'difference in conditional rejection', 'outcomes'),
	facet('fairness.clarify.rd', 'recall difference', 'outcomes'),
	facet('fairness.clarify.sd', 'specificity difference', 'outcomes'),
	facet('fairness.clarify.ad', 'accuracy difference', 'outcomes'),
	facet('fairness.clarify.dar', 'difference in acceptance rates', 'outcomes'),
	facet('fairness.clarify.drr', 'difference in rejection rates', 'outcomes'),
	facet('fairness.clarify.te', 'treatment equality', 'outcomes'),
	facet('fairness.clarify.ge', 'generalised entropy', 'outcomes'),
]
