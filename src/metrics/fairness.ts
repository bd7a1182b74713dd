import { total } from '../stats/counts.ts'
import { calibrationGap } from '../stats/fairness/calibration-gap.ts'
import type { Disparity, DisparityOptions } from '../stats/fairness/disparity.ts'
import { type FourFifths, fourFifthsRule } from '../stats/fairness/four-fifths.ts'
import { type Favourable, type Group, type GroupCounts, inFavour } from '../stats/fairness/group-counts.ts'
import { meanScoreDifference, smd } from '../stats/fairness/mean-scores.ts'
import {
	demographicParityDifference,
	demographicParityRatio,
	disparateImpact,
	equalizedOddsDifference,
	equalOpportunityDifference,
	fnrDifference,
	fprDifference,
	predictiveParityDifference,
} from '../stats/fairness/rate-disparities.ts'
import { groupRates, type RateName, rateRows, rateShares } from '../stats/fairness/rates.ts'
import { missingGroup } from '../summaries/outcomes/make-join-index.ts'
import type { AttributeMetric, GroupMetric } from './descriptor.ts'
import { type MetricValue, notEnoughData, ok } from './metric-value.ts'

const rate =
	(name: RateName): GroupMetric['measure'] =>
	(counts) =>
		ok(groupRates(counts)[name], rateShares[name](counts).n, `no ${rateRows[name]}`)

/** The groups whose rows are known to belong to them. A missing value is compared, but does not decide a verdict. */
const knownGroups = (groups: readonly Group[]): Group[] =>
	groups.filter(({ group }) => !group.split(' x ').includes(missingGroup))

/** Metrics of one group, then those of all groups of an attribute. */
export const fairness: readonly (GroupMetric | AttributeMetric)[] = [
	{
		id: 'fairness.selection_rate',
		about:
			'The share of the group that got the favourable decision; the positive one while the model does not say which is favourable.',
		unit: 'share',
		subject: 'group',
		on: 'predictions',
		by: 'favourable',
		method: 'Wilson interval',
		measure: rate('selectionRate'),
	},
	{
		id: 'fairness.tpr',
		about: 'Of the group and turned out positive, the share that was decided positive.',
		unit: 'share',
		subject: 'group',
		on: 'outcomes',
		method: 'Wilson interval',
		measure: rate('tpr'),
	},
	{
		id: 'fairness.fpr',
		about: 'Of the group and turned out negative, the share that was decided positive.',
		unit: 'share',
		subject: 'group',
		on: 'outcomes',
		method: 'Wilson interval',
		measure: rate('fpr'),
	},
	{
		id: 'fairness.fnr',
		about: 'Of the group and turned out positive, the share that was decided negative.',
		unit: 'share',
		subject: 'group',
		on: 'outcomes',
		method: 'Wilson interval',
		measure: rate('fnr'),
	},
	{
		id: 'fairness.precision',
		about: 'Of the group and decided positive, the share that turned out positive.',
		unit: 'share',
		subject: 'group',
		on: 'outcomes',
		method: 'Wilson interval',
		measure: rate('precision'),
	},
	{
		id: 'fairness.base_rate',
		about: 'The share of the group that turned out positive.',
		unit: 'share',
		subject: 'group',
		on: 'outcomes',
		method: 'Wilson interval',
		measure: rate('baseRate'),
	},
	{
		id: 'fairness.demographic_parity_difference',
		about: 'The largest difference between two groups of their selection rates.',
		unit: 'share',
		subject: 'attribute',
		on: 'predictions',
		by: 'favourable',
		method: 'Newcombe, simultaneous over pairs; p of equal rates',
		disparity: demographicParityDifference,
	},
	{
		id: 'fairness.demographic_parity_ratio',
		about: 'The lowest selection rate of a group over the highest, the group of a missing value among them.',
		unit: 'ratio',
		subject: 'attribute',
		on: 'predictions',
		by: 'favourable',
		method: 'Koopman, simultaneous over pairs; p of equal rates',
		disparity: demographicParityRatio,
	},
	{
		id: 'fairness.disparate_impact',
		about:
			'The lowest selection rate of a group over that of the largest group; above 1 where every other is selected more. A number, not a verdict.',
		unit: 'ratio',
		subject: 'attribute',
		on: 'predictions',
		by: 'favourable',
		method: 'Koopman, simultaneous over groups; p of equal rates',
		disparity: (groups, options) => disparateImpact(groups, undefined, options),
	},
	{
		id: 'fairness.equal_opportunity_difference',
		about: 'The largest difference between two groups of their true positive rates.',
		unit: 'share',
		subject: 'attribute',
		on: 'outcomes',
		method: 'Newcombe, simultaneous over pairs; p of equal rates',
		disparity: equalOpportunityDifference,
	},
	{
		id: 'fairness.equalized_odds_difference',
		about: 'The larger of the differences of true and of false positive rates.',
		unit: 'share',
		subject: 'attribute',
		on: 'outcomes',
		method: 'Newcombe, simultaneous over pairs; p of equal rates',
		disparity: equalizedOddsDifference,
	},
	{
		id: 'fairness.predictive_parity_difference',
		about: 'The largest difference between two groups of their precision.',
		unit: 'share',
		subject: 'attribute',
		on: 'outcomes',
		method: 'Newcombe, simultaneous over pairs; p of equal rates',
		disparity: predictiveParityDifference,
	},
	{
		id: 'fairness.fpr_difference',
		about: 'The largest difference between two groups of their false positive rates.',
		unit: 'share',
		subject: 'attribute',
		on: 'outcomes',
		method: 'Newcombe, simultaneous over pairs; p of equal rates',
		disparity: fprDifference,
	},
	{
		id: 'fairness.fnr_difference',
		about: 'The largest difference between two groups of their false negative rates.',
		unit: 'share',
		subject: 'attribute',
		on: 'outcomes',
		method: 'Newcombe, simultaneous over pairs; p of equal rates',
		disparity: fnrDifference,
	},
	{
		id: 'fairness.calibration_gap',
		about: 'The largest difference between two groups of mean score less share of positives.',
		unit: 'share',
		subject: 'attribute',
		on: 'outcomes',
		method: 'Newcombe, simultaneous over pairs; p of equal errors',
		disparity: calibrationGap,
	},
	{
		id: 'fairness.smd',
		about: 'The largest standardised difference between two groups of their mean scores.',
		unit: 'standard deviations',
		subject: 'attribute',
		on: 'predictions',
		method: 'normal interval, simultaneous over pairs; p of equal means',
		disparity: smd,
	},
	{
		id: 'fairness.mean_score_difference',
		about: 'The largest difference between two groups of their mean scores, whatever the outcomes.',
		unit: 'of the score',
		subject: 'attribute',
		on: 'predictions',
		method: 'normal interval, simultaneous over pairs; p of equal means',
		disparity: meanScoreDifference,
	},
	{
		id: 'fairness.four_fifths',
		about:
			'The four-fifths rule: the lowest rate of the favourable decision over the highest, of known groups. The reason begins with the verdict: pass, fail, inconclusive or unknown.',
		unit: 'ratio',
		subject: 'attribute',
		on: 'predictions',
		by: 'favourable',
		needsFavourable: true,
		method: 'Koopman, simultaneous over pairs; p of equal rates',
		disparity: (groups, options) => fourFifthsRule(knownGroups(groups), options).disparity,
	},
]

/** Tasks without a positive side have scores to compare, but no rates of decisions or errors. */
export const scoreFairnessIds: readonly string[] = ['fairness.mean_score_difference', 'fairness.smd']

/** The counts that a metric uses: by the positive label, or by the favourable decision where it is known. */
const countedBy = ({ by }: AttributeMetric | GroupMetric, counts: GroupCounts, favourable?: Favourable) =>
	by === 'favourable' ? inFavour(counts, favourable) : counts

const favouredGroups = (groups: readonly Group[], favourable: Favourable | undefined): readonly Group[] =>
	favourable === 'negative'
		? groups.map(({ group, counts }) => ({ group, counts: inFavour(counts, favourable) }))
		: groups

/** A metric of one group. */
export const groupMeasure = (
	metric: GroupMetric,
	{ own, rest }: { own: GroupCounts; rest: GroupCounts },
	favourable: Favourable | undefined,
): MetricValue => metric.measure(countedBy(metric, own, favourable), countedBy(metric, rest, favourable))

/** The verdict of the four-fifths rule on an attribute. */
export const fourFifthsOf = (
	groups: readonly Group[],
	favourable: Favourable | undefined,
	options?: DisparityOptions,
): FourFifths => fourFifthsRule(favourable && knownGroups(favouredGroups(groups, favourable)), options).rule

/** A metric of all groups of an attribute. */
export const disparityIn = (
	metric: AttributeMetric,
	groups: readonly Group[],
	favourable: Favourable | undefined,
	options?: DisparityOptions,
): Disparity =>
	metric.needsFavourable && favourable === undefined
		? fourFifthsRule(undefined).disparity
		: metric.disparity(metric.by ? favouredGroups(groups, favourable) : groups, options)

/** A metric of all groups of an attribute as it is stored, with the two groups that decide it. */
export function attributeMeasure(
	metric: AttributeMetric,
	groups: readonly Group[],
	favourable: Favourable | undefined,
	options?: DisparityOptions,
): MetricValue & { groups: readonly string[] } {
	const disparity = disparityIn(metric, groups, favourable, options)
	return { ...metricValueOf(groups, disparity), groups: disparity.groups }
}

/** A disparity as a metric value; the reason names the two groups that decide it and those left out. */
function metricValueOf(groups: readonly Group[], disparity: Disparity): MetricValue {
	const n = total(groups.map(({ counts }) => counts.n))
	const left = disparity.excluded
	const leftOut =
		left.length === 0
			? undefined
			: `${leftOutSign}${left
					.slice(0, 5)
					.map(({ group, reason }) => `${group} (${reason})`)
					.join(', ')}${left.length > 5 ? ` and ${left.length - 5} more` : ''}`
	if (!Number.isFinite(disparity.value))
		return { ...notEnoughData(n, [disparity.reason, leftOut].filter(Boolean).join('; ')), p: disparity.p }
	const [top, bottom] = disparity.groups
	const between = top === undefined ? undefined : `between ${top} and ${bottom}`
	const reason = [disparity.note ?? between, leftOut].filter(Boolean).join('; ')
	return { ...ok(disparity, n), ...(reason === '' ? {} : { reason }) }
}

const leftOutSign = 'left out: '

/** Splits a reason into its statement and the groups that were left out. */
export function splitLeftOut(reason: string | null): { statement: string; leftOut: string } {
	const at = (reason ?? '').indexOf(leftOutSign)
	if (reason === null || at === -1) return { statement: reason ?? '', leftOut: '' }
	return { statement: reason.slice(0, at).replace(/; $/, ''), leftOut: reason.slice(at + leftOutSign.length) }
}

/** A reason for readers who may not see which groups are small. */
export function withoutSmallGroups(reason: string | null): string | null {
	const { statement, leftOut } = splitLeftOut(reason)
	if (leftOut === '') return reason
	return [statement, `${leftOutSign}groups of too few rows`].filter((part) => part !== '').join('; ')
}
