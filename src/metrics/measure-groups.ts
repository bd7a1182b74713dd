import { total } from '../stats/counts.ts'
import { clarifyMetrics } from '../stats/fairness/clarify.ts'
import type { Disparity } from '../stats/fairness/disparity.ts'
import { fourFifths } from '../stats/fairness/four-fifths.ts'
import type { Group, GroupCounts } from '../stats/fairness/group-counts.ts'
import { groupRates, type RateName, rateRows, rateShares } from '../stats/fairness/rates.ts'
import { type Finding, found, missing } from './finding.ts'

export function rateMeasure(counts: GroupCounts, rate: RateName): Finding {
	const { n } = rateShares[rate](counts)
	return found(groupRates(counts)[rate], n, `no ${rateRows[rate]}`)
}

/** A disparity, with the two groups that decide it and those that were left out. */
export function disparityMeasure(
	groups: readonly Group[],
	disparity: Disparity,
	more: (disparity: Disparity) => string | undefined = () => undefined,
): Finding {
	const n = total(groups.map(({ counts }) => counts.n))
	const left = disparity.excluded
	const leftOut =
		left.length === 0
			? undefined
			: `left out: ${left
					.slice(0, 5)
					.map(({ group, reason }) => `${group} (${reason})`)
					.join(', ')}${left.length > 5 ? ` and ${left.length - 5} more` : ''}`
	if (!Number.isFinite(disparity.value))
		return { ...missing(n, [disparity.reason, leftOut].filter(Boolean).join('; ')), p: disparity.p }
	const [top, bottom] = disparity.groups
	const between = top === undefined ? undefined : `between ${top} and ${bottom}`
	const reason = [more(disparity), between, leftOut].filter(Boolean).join('; ')
	return { ...found(disparity, n), ...(reason === '' ? {} : { reason }) }
}

export function fourFifthsReason(disparity: Disparity): string {
	const { verdict, reason } = fourFifths(disparity)
	return `${verdict}: ${reason}`
}

export function clarifyMeasure(
	name: keyof typeof clarifyMetrics,
	own: GroupCounts,
	rest: GroupCounts,
): Finding {
	const value = clarifyMetrics[name](own, rest)
	const bare = { value, low: Number.NaN, high: Number.NaN }
	return found(
		bare,
		own.n + rest.n,
		value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? `${value}` : undefined,
	)
}
