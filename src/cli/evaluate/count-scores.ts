import type { ScoreTable } from '../../stats/estimation/score-table.ts'
import type { ScoreCounts } from '../../stats/score-counts.ts'
import { type Chosen, type Codes, eachRow } from './rows.ts'

/** Scores of one side, then of the other, in one array: `split` is where the other begins. */
type Sides = { scores: Float64Array; split: number }

/** The scores of the chosen rows that are on one of two sides; those that are NaN are on neither. */
function gather(
	scores: Float64Array,
	chosen: Chosen,
	sideOf: (row: number) => 'one' | 'other' | undefined,
): Sides {
	const found = new Float64Array(chosen?.length ?? scores.length)
	let [n, end] = [0, found.length]
	eachRow(scores.length, chosen, (row) => {
		const score = scores[row] as number
		const side = Number.isNaN(score) ? undefined : sideOf(row)
		if (side === 'one') found[n++] = score
		else if (side === 'other') found[--end] = score
	})
	found.copyWithin(n, end)
	return { scores: found.subarray(0, n + found.length - end), split: n }
}

/** The same without a copy, for labels of two codes: the scores and labels are no columns of the rows afterwards. */
function partition(scores: Float64Array, labels: Codes, [one, other]: readonly [number, number]): Sides {
	let [front, at, end] = [0, 0, scores.length]
	const swap = (i: number, j: number) => {
		const [score, label] = [scores[i] as number, labels[i] as number]
		scores[i] = scores[j] as number
		labels[i] = labels[j] as number
		scores[j] = score
		labels[j] = label
	}
	while (at < end) {
		const label = labels[at]
		if ((label !== one && label !== other) || Number.isNaN(scores[at])) swap(at, --end)
		else if (label === one) swap(at++, front++)
		else at++
	}
	return { scores: scores.subarray(0, end), split: front }
}

/** Rows of either side at each distinct score, ascending. The scores are sorted and joined where they are. */
function countSides({ scores, split }: Sides): [Float64Array, Float64Array, Float64Array] {
	const n = scores.length
	const [one, other] = [scores.subarray(0, split).sort(), scores.subarray(split).sort()]
	const [ofOne, ofOther] = [new Float64Array(n), new Float64Array(n)]
	let [i, j, at] = [0, 0, 0]
	for (; i < one.length || j < other.length; at++) {
		const takesOne = j >= other.length || (i < one.length && (one[i] as number) <= (other[j] as number))
		const score = takesOne ? one[i] : other[j]
		const [fromOne, fromOther] = [i, j]
		while (i < one.length && one[i] === score) i++
		while (j < other.length && other[j] === score) j++
		ofOne[at] = i - fromOne
		ofOther[at] = j - fromOther
	}
	return [distinct(scores.sort()), ofOne.subarray(0, at), ofOther.subarray(0, at)]
}

/** The values of an ascending array, once each, at its beginning. */
function distinct(sorted: Float64Array): Float64Array {
	let n = 0
	for (let i = 0; i < sorted.length; i++)
		if (i === 0 || sorted[i] !== sorted[n - 1]) sorted[n++] = sorted[i] as number
	return sorted.subarray(0, n)
}

const countsOf = (sides: Sides): ScoreCounts => {
	const [scores, positives, negatives] = countSides(sides)
	return { scores, positives, negatives }
}

export const scoreCounts = (
	scores: Float64Array,
	chosen: Chosen,
	sideOf: (row: number) => 'one' | 'other' | undefined,
): ScoreCounts => countsOf(gather(scores, chosen, sideOf))

/** The same of all rows, in the place of their scores and labels. */
export const scoreCountsInPlace = (
	scores: Float64Array,
	labels: Codes,
	sides: readonly [number, number],
): ScoreCounts => countsOf(partition(scores, labels, sides))

export function scoreTable(
	scores: Float64Array,
	chosen: Chosen,
	sideOf: (row: number) => 'one' | 'other' | undefined,
): ScoreTable {
	const [distinctScores, selected, rejected] = countSides(gather(scores, chosen, sideOf))
	return { scores: distinctScores, selected, rejected }
}
