import { type Estimate, undefinedEstimate, wilson } from '../estimate.ts'
import type { Group, GroupCounts } from './group-counts.ts'

/** So many of n rows. */
export type Share = { successes: number; n: number }

/** What each rate counts: the names and definitions of fairlearn's MetricFrame metrics. */
export const rateShares = {
	selectionRate: ({ selected, decided }) => ({ successes: selected, n: decided }),
	tpr: ({ tp, fn }) => ({ successes: tp, n: tp + fn }),
	fpr: ({ fp, tn }) => ({ successes: fp, n: fp + tn }),
	fnr: ({ tp, fn }) => ({ successes: fn, n: tp + fn }),
	precision: ({ tp, fp }) => ({ successes: tp, n: tp + fp }),
	baseRate: ({ positives, labelled }) => ({ successes: positives, n: labelled }),
} satisfies Record<string, (counts: GroupCounts) => Share>

export type RateName = keyof typeof rateShares

/** The rows that a rate is a share of, in words for a reason. */
export const rateRows: Record<RateName, string> = {
	selectionRate: 'rows with a decision',
	tpr: 'rows whose outcome was positive',
	fpr: 'rows whose outcome was negative',
	fnr: 'rows whose outcome was positive',
	precision: 'rows decided positive with an outcome',
	baseRate: 'rows with an outcome',
}

/** A share with Wilson's 95% interval; NaN of no rows. */
export const shareEstimate = ({ successes, n }: Share): Estimate =>
	n > 0 ? { value: successes / n, ...wilson(successes, n) } : undefinedEstimate

/** The rates of one group, each with Wilson's 95% interval; NaN without rows. */
export const groupRates = (counts: GroupCounts): Record<RateName, Estimate> => ({
	selectionRate: shareEstimate(rateShares.selectionRate(counts)),
	tpr: shareEstimate(rateShares.tpr(counts)),
	fpr: shareEstimate(rateShares.fpr(counts)),
	fnr: shareEstimate(rateShares.fnr(counts)),
	precision: shareEstimate(rateShares.precision(counts)),
	baseRate: shareEstimate(rateShares.baseRate(counts)),
})

/** A group's share of one rate. */
export type GroupShare = Share & { group: string }

export const groupShares = (groups: readonly Group[], rate: RateName): GroupShare[] =>
	groups.map(({ group, counts }) => ({ group, ...rateShares[rate](counts) }))
