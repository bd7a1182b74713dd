import { emptyCounts, type Group, type GroupCounts } from '../../../src/stats/fairness/group-counts.ts'

type Confusion = { tp: number; fp: number; tn: number; fn: number }

/** Counts of rows that all have a decision and an outcome. */
export function confusion({ tp, fp, tn, fn }: Confusion): GroupCounts {
	const n = tp + fp + tn + fn
	const [selected, positives] = [tp + fp, tp + fn]
	return { ...emptyCounts(), n, decided: n, labelled: n, selected, positives, tp, fp, tn, fn }
}

/** A group of so many decisions, so many of them positive; no outcomes. */
export const decided = (group: string, n: number, selected: number): Group => ({
	group,
	counts: { ...emptyCounts(), n, decided: n, selected },
})
