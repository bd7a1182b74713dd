import type { Estimate } from '../estimate.ts'
import { type Disparity, type DisparityOptions, type Excluded, undefinedDisparity } from './disparity.ts'
import type { Group } from './group-counts.ts'
import { demographicParityRatio } from './rate-disparities.ts'
import { groupShares } from './rates.ts'
import { koopman } from './shares.ts'

export type Verdict = { verdict: 'pass' | 'fail' | 'inconclusive' | 'unknown'; reason: string }

/** The rule on an attribute: its least selected group against the most selected one, the reference. */
export type FourFifths = Verdict & {
	ratio: number
	low: number
	high: number
	reference: string | null
	group: string | null
}

export const noFavourable = 'the favourable decision is not known; set `favourable` on the model'

const fourFifth = 0.8
const shown = (x: number) => (Number.isFinite(x) ? String(Number(x.toPrecision(3))) : 'infinity')

/**
 * The four-fifths rule (29 CFR 1607.4 D) on an impact ratio and its interval: fails when the whole interval is below
 * .8, passes when none of it is, and is otherwise inconclusive. A ratio that is not defined is inconclusive.
 */
export function fourFifths(ratio: Estimate): Verdict {
	if (Number.isNaN(ratio.value))
		return { verdict: 'inconclusive', reason: 'the impact ratio is not defined for these rows' }
	const interval = `95% interval ${shown(ratio.low)} to ${shown(ratio.high)}`
	if (ratio.low >= fourFifth)
		return { verdict: 'pass', reason: `impact ratio ${shown(ratio.value)}: the ${interval} is not below 0.8` }
	if (ratio.high < fourFifth)
		return { verdict: 'fail', reason: `impact ratio ${shown(ratio.value)}: the ${interval} is below 0.8` }
	const side = ratio.value < fourFifth - 1e-12 ? 'below' : 'not below'
	return {
		verdict: 'inconclusive',
		reason: `impact ratio ${shown(ratio.value)} is ${side} 0.8, but the ${interval} includes 0.8: more rows are needed`,
	}
}

/**
 * The rule on groups whose selected rows are those of the favourable decision: each group of at least `minGroup` against
 * that of the highest rate (29 CFR 1607.4 D; NYC 6 RCNY 5-301). Undefined groups: the favourable decision is not known.
 */
export function fourFifthsRule(
	groups: readonly Group[] | undefined,
	options?: DisparityOptions,
): { rule: FourFifths; disparity: Disparity } {
	if (!groups) {
		const disparity = undefinedDisparity([], `unknown: ${noFavourable}`)
		const none = { ratio: Number.NaN, low: Number.NaN, high: Number.NaN, reference: null, group: null }
		return { rule: { verdict: 'unknown', reason: noFavourable, ...none }, disparity }
	}
	const ratio = demographicParityRatio(groups, options)
	const [reference = null, group = null] = ratio.groups
	const { verdict, reason } = fourFifths(ratio)
	const why =
		reference === null
			? (ratio.reason ?? reason)
			: `${group === reference ? '' : `${group} against ${reference}: `}${reason}`
	const { value, low, high } = ratio
	const said = `${verdict}: ${why}`
	return {
		rule: { verdict, reason: why, ratio: value, low, high, reference, group },
		disparity: reference === null ? { ...ratio, reason: said } : { ...ratio, note: said },
	}
}

export type AuditRow = {
	group: string
	n: number
	selected: number
	selectionRate: number
	impactRatio: Estimate
}

export type AuditTable = { rows: AuditRow[]; unknown: number; excluded: Excluded[] }

export type AuditOptions = {
	/** Names of groups for an unknown category: counted, never compared. */
	unknown?: readonly string[]
	/** Groups below this share of the rows of a known group are left out; .02 by default. */
	minShare?: number
}

/**
 * The table of a bias audit (NYC 6 RCNY 5-301): per group its selection rate and impact ratio, the rate over that of
 * the most selected group, with Koopman's 95% interval of the pair. Rows without a decision do not count.
 */
export function auditTable(
	groups: readonly Group[],
	{ unknown = [], minShare = 0.02 }: AuditOptions = {},
): AuditTable {
	const shares = groupShares(groups, 'selectionRate')
	const known = shares.filter(({ group }) => !unknown.includes(group))
	const sum = (of: typeof shares) => of.reduce((n, share) => n + share.n, 0)
	const rows = sum(known)
	const kept = known.filter(({ n }) => n > 0 && n >= minShare * rows)
	const excluded = known
		.filter((share) => !kept.includes(share))
		.map(({ group, n }) => ({
			group,
			n,
			reason: `${n} of ${rows} rows, fewer than ${shown(minShare * 100)}%`,
		}))
	const rate = ({ successes, n }: { successes: number; n: number }) => successes / n
	const mostSelected = kept.reduce(
		(best, share) => (rate(share) > rate(best) ? share : best),
		kept[0] ?? nobody,
	)
	return {
		rows: kept.map((share) => ({
			group: share.group,
			n: share.n,
			selected: share.successes,
			selectionRate: rate(share),
			impactRatio:
				share === mostSelected && rate(share) > 0
					? { value: 1, low: 1, high: 1 }
					: { value: rate(share) / rate(mostSelected), ...koopman(share, mostSelected) },
		})),
		unknown: sum(shares) - rows,
		excluded,
	}
}

const nobody = { group: '', successes: 0, n: 0 }
