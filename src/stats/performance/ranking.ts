import { type Estimate, meanEstimate, undefinedEstimate, wilson } from '../estimate.ts'

/** One query: a score and a relevance (0 is not relevant, more is more) for each of its items. */
export type RankedQuery = { scores: ArrayLike<number>; relevance: ArrayLike<number> }

/** Items of one score; `before` items have higher scores. */
export type TiedItems = { before: number; relevances: number[] }

/** The items by descending score, those of one score together. Throws RangeError for columns of unequal length. */
export function tiedItems({ scores, relevance }: RankedQuery): TiedItems[] {
	if (scores.length !== relevance.length) throw new RangeError('there must be one relevance per score')
	const order = Array.from({ length: scores.length }, (_, i) => i)
	order.sort((a, b) => (scores[b] as number) - (scores[a] as number))
	const groups: TiedItems[] = []
	order.forEach((item, position) => {
		const tied = position > 0 && scores[order[position - 1] as number] === scores[item]
		const last = groups.at(-1)
		if (tied && last) last.relevances.push(relevance[item] as number)
		else groups.push({ before: position, relevances: [relevance[item] as number] })
	})
	return groups
}

export const hasRelevant = ({ relevance }: RankedQuery): boolean =>
	Array.from({ length: relevance.length }, (_, i) => relevance[i] as number).some((r) => r > 0)

export const countRelevant = (relevances: readonly number[]): number => relevances.filter((r) => r > 0).length

/** A mean over `queries` queries; `leftOut` others had nothing relevant, so that any order of them is as good. */
export type RankingEstimate = Estimate & { queries: number; leftOut: number }

/**
 * Mean over the queries of a measure within [0, 1], with Student's 95% interval. When every query has 0, or every one
 * 1, no spread can be seen: the interval is then Wilson's, for the widest spread there could be.
 */
export function meanOverQueries(
	all: readonly RankedQuery[],
	measure: (query: RankedQuery) => number,
): RankingEstimate {
	const values = all.filter(hasRelevant).map(measure)
	const n = values.length
	const counted = { queries: n, leftOut: all.length - n }
	if (n === 0) return { ...undefinedEstimate, ...counted }
	const mean = values.reduce((sum, value) => sum + value, 0) / n
	const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)
	const { low, high } =
		n > 1 && (mean === 0 || mean === 1) ? wilson(mean * n, n) : meanEstimate({ n, mean, variance })
	return { value: mean, low: Math.max(0, low), high: Math.min(1, high), ...counted }
}

const gain = (relevance: number) => 2 ** relevance - 1
const discount = (position: number) => 1 / Math.log2(position + 2)

/**
 * Normalised discounted cumulative gain of the first `k`: gain 2^relevance - 1, discount 1 / log2(rank + 1) (Burges et
 * al. 2005). Items of one score share the mean gain of their places (McSherry and Najork 2008), as in scikit-learn
 * ndcg_score of the gains. Mean over the queries that have something relevant.
 */
export const ndcg = (queries: readonly RankedQuery[], k = 10): RankingEstimate =>
	meanOverQueries(queries, (query) => discountedGain(tiedItems(query), k) / idealGain(query, k))

function discountedGain(groups: TiedItems[], k: number): number {
	let sum = 0
	for (const { before, relevances } of groups) {
		const mean = relevances.reduce((gains, r) => gains + gain(r), 0) / relevances.length
		for (let at = before; at < Math.min(k, before + relevances.length); at++) sum += mean * discount(at)
	}
	return sum
}

const idealGain = ({ relevance }: RankedQuery, k: number) =>
	discountedGain(tiedItems({ scores: relevance, relevance }), k)

/**
 * Mean average precision of the first `k`: the precision at each relevant item (relevance above 0), summed, over
 * min(relevant items, k); mean over the queries that have one. Items of one score: the mean over all their orders
 * (McSherry and Najork 2008).
 */
export const meanAveragePrecision = (queries: readonly RankedQuery[], k = 10): RankingEstimate =>
	meanOverQueries(queries, (query) => averagePrecisionAt(query, k))

function averagePrecisionAt(query: RankedQuery, k: number): number {
	let found = 0
	let sum = 0
	for (const { before, relevances } of tiedItems(query)) {
		const size = relevances.length
		const relevant = countRelevant(relevances)
		// Of the others tied with a relevant item, this share is relevant too, in any order.
		const others = size > 1 ? (relevant - 1) / (size - 1) : 0
		for (let at = 0; at < size && before + at < k; at++)
			sum += ((relevant / size) * (found + 1 + at * others)) / (before + at + 1)
		found += relevant
	}
	return sum / Math.min(found, k)
}

/**
 * Mean reciprocal rank of the first relevant item (relevance above 0), over the queries that have one. Items of one
 * score: the mean over all their orders (McSherry and Najork 2008).
 */
export const meanReciprocalRank = (queries: readonly RankedQuery[]): RankingEstimate =>
	meanOverQueries(queries, reciprocalRank)

function reciprocalRank(query: RankedQuery): number {
	for (const { before, relevances } of tiedItems(query)) {
		const relevant = countRelevant(relevances)
		if (relevant > 0) return overOrders(before, relevances.length, relevant)
	}
	return 0
}

/** Mean of 1 / rank of the first of `relevant` items among `size` in random order, after `before` others. */
function overOrders(before: number, size: number, relevant: number): number {
	let none = 1
	let sum = 0
	for (let at = 0; at <= size - relevant; at++) {
		const here = relevant / (size - at)
		sum += (none * here) / (before + at + 1)
		none *= 1 - here
	}
	return sum
}
