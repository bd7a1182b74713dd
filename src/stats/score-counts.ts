import { total } from './counts.ts'

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

export type ClassTotals = { positives: number; negatives: number; n: number }

/** Rows of either class. Throws RangeError unless the three columns have one length. */
export function classTotals({ scores, positives, negatives }: ScoreCounts): ClassTotals {
	if (scores.length !== positives.length || scores.length !== negatives.length)
		throw new RangeError('each score needs a count of positives and one of negatives')
	const [p, n] = [total(positives), total(negatives)]
	return { positives: p, negatives: n, n: p + n }
}

/** Calls back with every score that has rows, and its two counts, in ascending order. */
export function eachScore(
	{ scores, positives, negatives }: ScoreCounts,
	visit: (score: number, positives: number, negatives: number) => void,
): void {
	for (let i = 0; i < scores.length; i++) {
		const [p, n] = [positives[i] as number, negatives[i] as number]
		if (p + n > 0) visit(scores[i] as number, p, n)
	}
}

/** The same from the highest score down. */
export function eachScoreDown(
	{ scores, positives, negatives }: ScoreCounts,
	visit: (score: number, positives: number, negatives: number) => void,
): void {
	for (let i = scores.length - 1; i >= 0; i--) {
		const [p, n] = [positives[i] as number, negatives[i] as number]
		if (p + n > 0) visit(scores[i] as number, p, n)
	}
}

/** Whether every score that has rows is a probability. */
export function areProbabilities(counts: ScoreCounts): boolean {
	let within = true
	eachScore(counts, (score) => {
		within &&= score >= 0 && score <= 1
	})
	return within
}
