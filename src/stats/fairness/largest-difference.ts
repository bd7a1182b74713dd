import { extremes, simultaneousZ } from './disparity.ts'
import type { Interval } from './two-shares.ts'

type Range<G> = Interval & { value: number; top: G; bottom: G }

/**
 * The largest difference between any two of at least two groups, with an interval that is honest about the choice of
 * the two. `difference` gives the interval of one group less another, at z.
 *
 * High: whichever two groups truly lie furthest apart, their own end is beyond the truth in 97.5% of samples, and the
 * largest of all pairs' ends is no smaller: no correction is needed. Low: any pair's may be above the truth by chance,
 * so all pairs share the error (Bonferroni). For two groups this is the plain interval, folded at 0.
 */
export function largestDifference<G>(
	groups: readonly G[],
	figure: (group: G) => number,
	difference: (a: G, b: G, z: number) => Interval,
	alpha = 0.05,
): Range<G> {
	const { top, bottom } = extremes(groups, figure)
	const pairs = (groups.length * (groups.length - 1)) / 2
	const [lowZ, highZ] = [simultaneousZ(pairs, alpha), simultaneousZ(1)]
	let [low, high] = [0, 0]
	for (const a of groups)
		for (const b of groups) {
			if (a === b) continue
			low = Math.max(low, difference(a, b, lowZ).low)
			high = Math.max(high, difference(a, b, highZ).high)
		}
	return { value: figure(top) - figure(bottom), low, high, top, bottom }
}
