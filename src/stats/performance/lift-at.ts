import { z95 } from '../distributions.ts'
import type { Estimate } from '../estimate.ts'
import { koopman } from '../fairness/shares.ts'
import { classTotals, eachScoreDown, type ScoreCounts } from '../score-counts.ts'
import { minOfEitherClass } from './roc.ts'

/** Rows either side of the border, as a share of all, from which the share positive at the border is taken. */
const around = 0.05

/**
 * Lift: the share positive among the `share` of rows with the highest scores, over the share positive of all. Rows of
 * the score at the border count in proportion. NaN without positives; RangeError unless 0 < share <= 1.
 *
 * With the ratio r of the shares positive below and above the border it is 1 / (share + (1 - share) r). The 95%
 * interval is Koopman's for r, with z widened because the border, a quantile of the scores, moves with the rows.
 */
export function liftAt(counts: ScoreCounts, share = 0.1): Estimate {
	if (!(share > 0 && share <= 1)) throw new RangeError('liftAt needs 0 < share <= 1')
	const { positives, negatives, n } = classTotals(counts)
	const inTop = positivesInTop(counts, share * n)
	const value = inTop / positives / share
	if (share === 1 || Math.min(positives, negatives) < minOfEitherClass)
		return { value, low: Number.NaN, high: Number.NaN }
	const top = { successes: inTop, n: share * n }
	const rest = { successes: Math.max(0, positives - inTop), n: n - share * n }
	const [from, to] = [Math.max(0, share - around) * n, Math.min(1, share + around) * n]
	const atBorder = (positivesInTop(counts, to) - positivesInTop(counts, from)) / (to - from)
	const { low, high } = koopman(rest, top, z95 * widening(top, rest, atBorder))
	const lift = (ratio: number) => 1 / (share + (1 - share) * ratio)
	return { value, low: Math.min(value, lift(high)), high: Math.max(value, lift(low)) }
}

type Share = { successes: number; n: number }

/** How much larger the standard error of the logarithm of the ratio is with a moving border than with a fixed one. */
function widening(top: Share, rest: Share, atBorder: number): number {
	const n = top.n + rest.n
	const share = top.n / n
	const [p, q] = [(top.successes + 0.5) / (top.n + 1), (rest.successes + 0.5) / (rest.n + 1)]
	const fixed = (1 - p) / (p * top.n) + (1 - q) / (q * rest.n)
	const slope = (q - atBorder) / (q * (1 - share)) - (atBorder - p) / (p * share)
	return Math.sqrt(1 + (slope * slope * share * (1 - share)) / n / fixed)
}

/** Positives among the `rows` rows with the highest scores; of the last score, as many as its share of rows. */
function positivesInTop(counts: ScoreCounts, rows: number): number {
	let left = rows
	let sum = 0
	eachScoreDown(counts, (_, p, n) => {
		const taken = Math.min(left, p + n)
		sum += (p * taken) / (p + n)
		left -= taken
	})
	return sum
}
