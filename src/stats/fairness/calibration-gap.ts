import { chiSquareTail } from '../chi-square.ts'
import { total } from '../counts.ts'
import {
	type Disparity,
	type DisparityOptions,
	enough,
	fewerThanTwo,
	largestDifference,
	undefinedDisparity,
} from './disparity.ts'
import type { Group, GroupCounts } from './group-counts.ts'
import { type Interval, newcombe } from './shares.ts'

type Calibration = { group: string; n: number; positives: number; score: number }

/** Mean score less the share of positives: above 0 the scores are too high. */
const error = ({ n, positives, score }: Calibration) => score - positives / n

/**
 * The largest difference between two groups of their calibration error, the mean score less the share of positives
 * over labelled rows with a score (calibration in the large). Scores are probabilities of the positive outcome. The
 * interval is Newcombe's of the two shares, moved by the difference of the mean scores, at the number of rows that has
 * the variance of score - outcome.
 * The first of `groups` has the highest error.
 */
export function calibrationGap(groups: readonly Group[], options?: DisparityOptions): Disparity {
	const all = groups.map(({ group, counts }) => calibrationOf(group, counts))
	if (all.every(({ n }) => n === 0)) return undefinedDisparity([], 'no row has both a score and an outcome')
	const { included, excluded } = enough(all, 'rows with a score and an outcome', options)
	if (included.length < 2) return fewerThanTwo(excluded)
	const names = new Set(included.map(({ group }) => group))
	const inflation = varianceInflation(groups.filter(({ group }) => names.has(group)))
	const rows = ({ n, positives }: Calibration) => ({ n: n / inflation, successes: positives / inflation })
	const difference = (a: Calibration, b: Calibration, z: number): Interval => {
		const { low, high } = newcombe(rows(b), rows(a), z)
		return { low: a.score - b.score + low, high: a.score - b.score + high }
	}
	const { value, low, high, top, bottom } = largestDifference(included, error, difference)
	const p = equalErrorsP(included, inflation)
	return { value, low, high, p, groups: [top.group, bottom.group], excluded }
}

function calibrationOf(group: string, { bins }: GroupCounts): Calibration {
	const n = total(bins.map((bin) => bin.n))
	return {
		group,
		n,
		positives: total(bins.map(({ positives }) => positives)),
		score: total(bins.map(({ scoreSum }) => scoreSum)) / n,
	}
}

/**
 * The variance of score - outcome within groups, as a ratio to that of the outcome: below 1 when scores tell outcomes
 * apart, above when they are only noise. Scores are taken at the means of their bins. One figure for all groups, since
 * that of a small group would rest on a few positives.
 */
function varianceInflation(groups: readonly Group[]): number {
	let [ofErrors, ofOutcomes] = [0, 0]
	for (const { group, counts } of groups) {
		const all = calibrationOf(group, counts)
		const share = all.positives / all.n
		ofOutcomes += all.n * share * (1 - share)
		for (const { n, positives, scoreSum } of counts.bins) {
			const score = n > 0 ? scoreSum / n : 0
			ofErrors += positives * (1 - score) ** 2 + (n - positives) * score ** 2
		}
		ofErrors -= all.n * error(all) ** 2
	}
	return ofOutcomes > 0 && ofErrors > 0 ? ofErrors / ofOutcomes : 1
}

// With few positives expected, the count is too coarse for its variance: half a row is subtracted (Yates 1934).
const fewExpected = 10

/** p that all groups have one calibration error: positives against those expected under it, chi-square with k - 1 degrees. */
function equalErrorsP(groups: readonly Calibration[], inflation: number): number {
	const rows = total(groups.map(({ n }) => n))
	const shared = total(groups.map((group) => group.n * error(group))) / rows
	const expected = groups.map(({ n, score }) => {
		const share = Math.min(1 - 0.5 / n, Math.max(0.5 / n, score - shared))
		return { count: n * share, variance: n * share * (1 - share) * inflation }
	})
	const min = Math.min(...expected.map(({ count }, i) => Math.min(count, (groups[i]?.n ?? 0) - count)))
	const taken = min < fewExpected ? 0.5 : 0
	const terms = expected.map(
		({ count, variance }, i) =>
			Math.max(0, Math.abs((groups[i]?.positives ?? 0) - count) - taken) ** 2 / variance,
	)
	return chiSquareTail(total(terms), groups.length - 1)
}
