/** One of ten equal-width score bins over [0, 1]: labelled rows with a score, how many were positive, and the sum of their scores. */
export type ScoreBin = { n: number; positives: number; scoreSum: number }

/**
 * Additive counts of one group of one attribute. `selected` are the positive decisions of the `decided` rows; tp, fp,
 * tn, fn count rows with a decision and a label; `positives` of the `labelled`; `scoreSum` and `scoreSquares` over the
 * `scored`.
 */
export type GroupCounts = {
	n: number
	decided: number
	selected: number
	tp: number
	fp: number
	tn: number
	fn: number
	labelled: number
	positives: number
	scored: number
	scoreSum: number
	scoreSquares: number
	bins: ScoreBin[]
}

/** A group by its name. Rows of an unknown group are a group like any other. */
export type Group = { group: string; counts: GroupCounts }

/** What one row says; what is unknown of it is left out. */
export type GroupRow = { selected?: boolean; positive?: boolean; score?: number }

const binCount = 10

/** The decision that is good for the person: the positive or the negative one. */
export type Favourable = 'positive' | 'negative'

/** Counts with the favourable decision and its outcome as the positive ones. Scores and bins stay those of the label. */
export const inFavour = (counts: GroupCounts, favourable: Favourable | undefined): GroupCounts =>
	favourable === 'negative'
		? {
				...counts,
				selected: counts.decided - counts.selected,
				positives: counts.labelled - counts.positives,
				tp: counts.tn,
				fp: counts.fn,
				tn: counts.tp,
				fn: counts.fp,
			}
		: counts

export const emptyCounts = (): GroupCounts => ({
	n: 0,
	decided: 0,
	selected: 0,
	tp: 0,
	fp: 0,
	tn: 0,
	fn: 0,
	labelled: 0,
	positives: 0,
	scored: 0,
	scoreSum: 0,
	scoreSquares: 0,
	bins: Array.from({ length: binCount }, () => ({ n: 0, positives: 0, scoreSum: 0 })),
})

/** Adds one row in place. A NaN score is none; a score outside [0, 1] goes into the bin at that end. */
export function addRow(counts: GroupCounts, { selected, positive, score }: GroupRow): void {
	counts.n++
	if (selected !== undefined) {
		counts.decided++
		if (selected) counts.selected++
	}
	if (positive !== undefined) {
		counts.labelled++
		if (positive) counts.positives++
	}
	if (selected !== undefined && positive !== undefined) counts[outcome(selected, positive)]++
	if (score !== undefined && !Number.isNaN(score)) addScore(counts, score, positive)
}

function outcome(selected: boolean, positive: boolean): 'tp' | 'fp' | 'tn' | 'fn' {
	if (selected) return positive ? 'tp' : 'fp'
	return positive ? 'fn' : 'tn'
}

function addScore(counts: GroupCounts, score: number, positive: boolean | undefined): void {
	counts.scored++
	counts.scoreSum += score
	counts.scoreSquares += score * score
	const bin = counts.bins[Math.min(binCount - 1, Math.max(0, Math.floor(score * binCount)))]
	if (positive === undefined || bin === undefined) return
	bin.n++
	if (positive) bin.positives++
	bin.scoreSum += score
}

/** The counts of the rows of several groups together. Throws RangeError for unlike numbers of bins. */
export function mergeCounts(parts: readonly GroupCounts[]): GroupCounts {
	const merged = emptyCounts()
	for (const part of parts) {
		if (part.bins.length !== binCount) throw new RangeError(`a group has ${binCount} score bins`)
		const { bins, ...sums } = part
		for (const [name, value] of Object.entries(sums)) merged[name as keyof typeof sums] += value
		merged.bins.forEach((into, i) => {
			const from = bins[i] as ScoreBin
			into.n += from.n
			into.positives += from.positives
			into.scoreSum += from.scoreSum
		})
	}
	return merged
}
