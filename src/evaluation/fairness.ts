import { disparityMeasure, fourFifthsReason } from '../metrics/measure-groups.ts'
import { benjaminiHochberg } from '../stats/benjamini-hochberg.ts'
import { calibrationGap } from '../stats/fairness/calibration-gap.ts'
import type { Disparity, DisparityOptions } from '../stats/fairness/disparity.ts'
import type { Group } from '../stats/fairness/group-counts.ts'
import {
	demographicParityDifference,
	equalizedOddsDifference,
	equalOpportunityDifference,
	fnrDifference,
	fprDifference,
	predictiveParityDifference,
} from '../stats/fairness/rate-differences.ts'
import { demographicParityRatio, disparateImpact } from '../stats/fairness/rate-ratios.ts'
import { smd } from '../stats/fairness/smd.ts'
import type { GroupFinding } from './evaluation.ts'

type Measure = (groups: readonly Group[], options: DisparityOptions) => Disparity

/** The attribute metrics of the registry with the size of the smallest group as an option. */
export const disparities: Readonly<Record<string, Measure>> = {
	'fairness.demographic_parity_difference': demographicParityDifference,
	'fairness.demographic_parity_ratio': demographicParityRatio,
	'fairness.disparate_impact': (groups, options) => disparateImpact(groups, undefined, options),
	'fairness.equal_opportunity_difference': equalOpportunityDifference,
	'fairness.equalized_odds_difference': equalizedOddsDifference,
	'fairness.predictive_parity_difference': predictiveParityDifference,
	'fairness.fpr_difference': fprDifference,
	'fairness.fnr_difference': fnrDifference,
	'fairness.calibration_gap': calibrationGap,
	'fairness.smd': smd,
}

/** Those that need no decisions. */
export const ofScores: readonly string[] = ['fairness.smd']

export function fairnessOf(
	groups: readonly Group[],
	minGroup: number,
	ids: readonly string[],
): Map<string, GroupFinding> {
	return new Map(
		ids.map((id) => {
			const disparity = (disparities[id] as Measure)(groups, { minGroup })
			const more = id === 'fairness.disparate_impact' ? fourFifthsReason : undefined
			return [id, { ...disparityMeasure(groups, disparity, more), groups: disparity.groups }]
		}),
	)
}

/** q for every test of all attributes: one family. */
export function fillFamily(attributes: Iterable<ReadonlyMap<string, GroupFinding>>): void {
	const tests = [...attributes].flatMap((findings) => [...findings.values()])
	const q = benjaminiHochberg(tests.map((t) => t.p))
	tests.forEach((finding, i) => {
		finding.q = q[i] as number
	})
}
