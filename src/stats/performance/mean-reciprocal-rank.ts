import { meanOverQueries, type RankingEstimate } from './mean-over-queries.ts'
import { countRelevant, type RankedQuery, tiedItems } from './ranking-query.ts'

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
