import { type Interval, z95 } from './two-shares.ts'

/** Hanley and McNeil's variance of an AUC (1982), with Newcombe's single number of rows. */
function variance(auc: number, inside: number, outside: number): number {
	const extra = (inside + outside) / 2 - 1
	const ties = 1 + (extra * (1 - auc)) / (2 - auc) + (extra * auc) / (1 + auc)
	return (auc * (1 - auc) * ties) / (inside * outside)
}

/**
 * Interval of an AUC, 95% by default: the values that the one seen does not contradict (Newcombe 2006, method 5), within [0, 1]
 * and of some width even at 0 and 1.
 */
export function aucInterval(auc: number, inside: number, outside: number, z = z95): Interval {
	const end = (limit: 0 | 1): number => {
		let [near, far] = [auc, limit as number]
		for (let i = 0; i < 60; i++) {
			const middle = (near + far) / 2
			if (Math.abs(middle - auc) < z * Math.sqrt(variance(middle, inside, outside))) near = middle
			else far = middle
		}
		return near
	}
	return { low: auc === 0 ? 0 : end(0), high: auc === 1 ? 1 : end(1) }
}

/**
 * The same for the mean AUC of folds, each judged by what the others taught. They share those rows, which doubles the
 * variance when there is nothing to learn: half the rows are counted.
 */
export const crossFittedInterval = (auc: number, inside: number, outside: number, z = z95): Interval =>
	aucInterval(auc, inside / 2, outside / 2, z)

/** Rows with one score: so many of the group, so many not. */
export type Tied = { score: number; inside: number; outside: number }

/** The share of pairs (one of the group, one not) in which the member scores higher, ties half. NaN without pairs. */
export function aucOf(scored: readonly Tied[]): number {
	const ordered = [...scored].sort((a, b) => a.score - b.score)
	let [won, inside, outside] = [0, 0, 0]
	for (let i = 0; i < ordered.length; ) {
		let [tiedIn, tiedOut] = [0, 0]
		const { score } = ordered[i] as Tied
		for (; i < ordered.length && ordered[i]?.score === score; i++) {
			tiedIn += ordered[i]?.inside ?? 0
			tiedOut += ordered[i]?.outside ?? 0
		}
		won += tiedIn * (outside + tiedOut / 2)
		inside += tiedIn
		outside += tiedOut
	}
	return won / (inside * outside)
}
