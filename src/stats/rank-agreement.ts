import { midRanks } from './mid-ranks.ts'

/**
 * Spearman's rho with mid-ranks (scipy.stats.spearmanr), in [-1, 1]: 1 when both lists are in the same order. Null for
 * fewer than three pairs or where all values of a list are equal. Throws RangeError for lists of different lengths.
 */
export function rankAgreement(a: readonly number[], b: readonly number[]): number | null {
	if (a.length !== b.length) throw new RangeError('rankAgreement needs lists of one length')
	if (a.length < 3) return null
	const [x, y] = [midRanks(a), midRanks(b)]
	const mean = (a.length + 1) / 2
	let [xy, xx, yy] = [0, 0, 0]
	x.forEach((rank, i) => {
		const [dx, dy] = [rank - mean, (y[i] as number) - mean]
		xy += dx * dy
		xx += dx * dx
		yy += dy * dy
	})
	return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy)
}
