/** Ranks from 1; equal values share the mean of their ranks (scipy.stats.rankdata, method average). */
export function midRanks(values: readonly number[]): number[] {
	const order = values.map((_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number))
	const ranks = new Array<number>(values.length)
	for (let from = 0; from < order.length; ) {
		let to = from + 1
		while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++
		for (let i = from; i < to; i++) ranks[order[i] as number] = (from + to + 1) / 2
		from = to
	}
	return ranks
}

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
