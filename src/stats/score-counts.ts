/**
 * Labelled rows of a binary model: at each distinct score (ascending), how many turned out positive and how many
 * negative. Counts are whole numbers; scores need not be probabilities.
 */
export type ScoreCounts = { scores: Float64Array; positives: Float64Array; negatives: Float64Array }

/** Counts of raw rows. Rows with a NaN score are left out. */
export function countScores(scores: ArrayLike<number>, positive: ArrayLike<number | boolean>): ScoreCounts {
	const order: number[] = []
	for (let i = 0; i < scores.length; i++) if (!Number.isNaN(scores[i])) order.push(i)
	const sorted = Uint32Array.from(order).sort((a, b) => (scores[a] as number) - (scores[b] as number))
	const counts = {
		scores: new Float64Array(sorted.length),
		positives: new Float64Array(sorted.length),
		negatives: new Float64Array(sorted.length),
	}
	let at = -1
	for (const i of sorted) {
		const score = scores[i] as number
		if (at === -1 || counts.scores[at] !== score) counts.scores[++at] = score
		const side = positive[i] ? counts.positives : counts.negatives
		side[at] = (side[at] as number) + 1
	}
	return {
		scores: counts.scores.slice(0, at + 1),
		positives: counts.positives.slice(0, at + 1),
		negatives: counts.negatives.slice(0, at + 1),
	}
}
