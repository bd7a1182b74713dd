import { total } from '../counts.ts'
import type { ScoreCounts } from '../score-counts.ts'

export type ClassTotals = { positives: number; negatives: number; n: number }

/** Rows of either class. Throws RangeError unless the three columns have one length. */
export function classTotals({ scores, positives, negatives }: ScoreCounts): ClassTotals {
	if (scores.length !== positives.length || scores.length !== negatives.length)
		throw new RangeError('each score has a count of positives and one of negatives')
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
