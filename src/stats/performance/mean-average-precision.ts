import { meanOverQueries, type RankingEstimate } from './mean-over-queries.ts'
import { countRelevant, type RankedQuery, tiedItems } from './ranking-query.ts'

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
		// Of the others tied with a relevant item, this share is relevant too, wherever they come to stand.
		const others = size > 1 ? (relevant - 1) / (size - 1) : 0
		for (let at = 0; at < size && before + at < k; at++)
			sum += ((relevant / size) * (found + 1 + at * others)) / (before + at + 1)
		found += relevant
	}
	return sum / Math.min(found, k)
}
