/** Ranks from 1, equal values sharing the mean of theirs (scipy.stats.rankdata, method average). */
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
