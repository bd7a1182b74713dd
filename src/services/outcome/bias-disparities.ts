import type { AttributeMetric } from '../../metrics/descriptor.ts'
import { metrics } from '../../metrics/index.ts'
import { calibrationGap } from '../../stats/fairness/calibration-gap.ts'
import type { Disparity, Excluded } from '../../stats/fairness/disparity.ts'
import { type AuditTable, fourFifths } from '../../stats/fairness/four-fifths.ts'
import type { Group } from '../../stats/fairness/group-counts.ts'
import {
	demographicParityDifference,
	equalizedOddsDifference,
	equalOpportunityDifference,
	fnrDifference,
	fprDifference,
	predictiveParityDifference,
} from '../../stats/fairness/rate-differences.ts'
import { demographicParityRatio, disparateImpact } from '../../stats/fairness/rate-ratios.ts'
import { smd } from '../../stats/fairness/smd.ts'
import { orNull, toEstimate } from './audit-numbers.ts'

/** The four-fifths rule on the groups of the table, small ones included: what these cannot tell comes out as inconclusive. */
export function fourFifthsOf(known: readonly Group[], { rows }: AuditTable) {
	const inTable = known.filter(({ group }) => rows.some((row) => row.group === group))
	const ratio = demographicParityRatio(inTable, { minGroup: 1 })
	return { ...fourFifths(ratio), ...toEstimate(ratio), groups: [...ratio.groups] as string[] }
}

type Measured = Disparity & { basis?: 'outcomes' | 'scores' }

/** By the id under which the same is measured of every window. */
const disparityOf: Readonly<Record<string, (groups: readonly Group[]) => Measured>> = {
	'fairness.demographic_parity_difference': demographicParityDifference,
	'fairness.demographic_parity_ratio': demographicParityRatio,
	'fairness.disparate_impact': (groups) => disparateImpact(groups),
	'fairness.equal_opportunity_difference': equalOpportunityDifference,
	'fairness.equalized_odds_difference': equalizedOddsDifference,
	'fairness.predictive_parity_difference': predictiveParityDifference,
	'fairness.fpr_difference': fprDifference,
	'fairness.fnr_difference': fnrDifference,
	'fairness.calibration_gap': calibrationGap,
	'fairness.smd': smd,
}

const attributeMetrics: readonly AttributeMetric[] = metrics.filter((m) => m.subject === 'attribute')

/** Comparing is quadratic in groups: the largest are. */
const mostCompared = 50

/** Every disparity metric over the known groups, largest first. `q` is filled in later, from the whole answer. */
export function disparitiesOf(known: readonly Group[]) {
	const leftOut: Excluded[] = known.slice(mostCompared).map(({ group, counts: { n } }) => ({
		group,
		n,
		reason: `beyond the ${mostCompared} largest groups`,
	}))
	return attributeMetrics.flatMap(({ id, method }) => {
		const found = disparityOf[id]?.(known.slice(0, mostCompared))
		return found ? [toDisparity(id, method, found, leftOut)] : []
	})
}

function toDisparity(metric: string, method: string, found: Measured, leftOut: readonly Excluded[]) {
	const { value, low, high } = toEstimate(found)
	return {
		metric,
		status: value === null ? ('insufficient' as const) : ('ok' as const),
		value,
		low,
		high,
		p: orNull(found.p),
		q: null as number | null,
		groups: [...found.groups] as string[],
		excluded: [...found.excluded, ...leftOut],
		method,
		reason: found.reason ?? (found.basis === 'scores' ? 'no outcomes: mean scores are compared' : null),
	}
}
