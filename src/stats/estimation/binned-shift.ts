import { probit } from 'simple-statistics'
import { total } from '../counts.ts'
import { normalTail } from '../distributions.ts'

/** The shift of one column between a window and the reference, from rows in the same bins. */
export type BinnedShift = {
	/** AUC of the best classifier of window against reference rows by this column. */
	auc: number
	/** Kish's effective share of the reference's rows after importance weighting to the window. */
	effective: number
}

/** Bins with a smaller share of the reference are merged: their ratios would be chance. */
const minShare = 0.05
/** Rows added to each bin of the reference, since a bin may be empty by chance. */
const priorRows = 2

/** Compares counts in the bins of one column; bins are ordered by the ratio of both sides' shares (Neyman and Pearson). */
export function binnedShift(reference: ArrayLike<number>, window: ArrayLike<number>): BinnedShift {
	const rows = [total(Float64Array.from(reference)), total(Float64Array.from(window))] as const
	if (rows[0] === 0 || rows[1] === 0) return { auc: 0.5, effective: 1 }
	const bins = mergeRare(reference, window, minShare * rows[0])
	const shares = bins
		.map(([m, n]) => ({
			before: m / rows[0],
			now: n / rows[1],
			weight: (n * (n - 1)) / ((m + priorRows) / rows[0]),
		}))
		.sort((a, b) => a.now * b.before - b.now * a.before)
	let [auc, below] = [0, 0]
	for (const { before, now } of shares) {
		auc += now * (below + before / 2)
		below += before
	}
	// Squared shares without bias: a small window would look concentrated.
	const squares = shares.reduce((sum, { weight }) => sum + weight, 0) / (rows[1] * Math.max(1, rows[1] - 1))
	return { auc, effective: Math.min(1, 1 / squares) }
}

/** Bins as pairs of rows: those with enough reference rows, the rest merged, and those without reference rows merged. */
function mergeRare(reference: ArrayLike<number>, window: ArrayLike<number>, min: number) {
	const rare: [number, number] = [0, 0]
	const unknown: [number, number] = [0, 0]
	const bins = [rare, unknown]
	for (let i = 0; i < reference.length; i++) {
		const [m, n] = [reference[i] as number, window[i] ?? 0]
		if (m >= min) bins.push([m, n])
		else {
			const bin = m > 0 ? rare : unknown
			bin[0] += m
			bin[1] += n
		}
	}
	return bins.filter(([m, n]) => m + n > 0)
}

/** The AUC of two normal distributions of equal width at this Kolmogorov-Smirnov distance: finer than a few bins. */
export const aucOfDistance = (ks: number): number =>
	1 - normalTail(Math.SQRT2 * probit((1 + Math.min(ks, 0.999)) / 2))
