import { studentTail, tQuantile95 } from '../../stats/distributions.ts'
import { type AttributionMoments, effectiveRows, shareOf } from './attribution-moments.ts'

/** How much a feature's share of all contributions has changed, with its 95% interval and the p of no change. */
export type ShareChange = { value: number; low: number; high: number; p: number }

/** Shares of fewer rows are too skewed for Student's distribution. */
export const minEffectiveRows = 100

/**
 * The change of each feature's share of mean |contribution| since the reference, tested by Welch's t. Shares rather than
 * means: they do not move when the score as a whole does. Rounding is no change: less than 1e-9 counts as none.
 */
export function shareChanges(current: AttributionMoments, reference: AttributionMoments): ShareChange[] {
	const [n, m] = [effectiveRows(current), effectiveRows(reference)]
	return Array.from(current.absolute, (_, feature) => {
		const [now, then] = [shareOf(current, feature), shareOf(reference, feature)]
		const value = now.share - then.share
		const square = now.variance + then.variance
		if (!(square > 1e-24))
			// Rows that all say the same leave nothing to test by.
			return { value, low: value, high: value, p: Math.abs(value) < 1e-9 ? 1 : Number.NaN }
		const df = square ** 2 / (now.variance ** 2 / (n - 1) + then.variance ** 2 / (m - 1))
		const error = Math.sqrt(square)
		const reach = tQuantile95(df) * error
		const p = Math.min(1, 2 * studentTail(Math.abs(value) / error, df))
		return { value, low: value - reach, high: value + reach, p }
	})
}

/**
 * How well the features' order by importance agrees with the reference, as SageMaker Clarify reports attribution drift: the
 * discounted gain of the current order over that of the reference's own, each feature's gain being its mean |contribution|
 * in the reference. 1: the same order; Clarify warns below 0.9.
 */
export function attributionNdcg(current: ArrayLike<number>, reference: ArrayLike<number>): number {
	const gainOf = (by: ArrayLike<number>) =>
		Array.from({ length: by.length }, (_, j) => j)
			.sort((a, b) => (by[b] as number) - (by[a] as number) || a - b)
			.reduce((sum, j, place) => sum + (reference[j] as number) / Math.log2(place + 2), 0)
	return gainOf(current) / gainOf(reference)
}
