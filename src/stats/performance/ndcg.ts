import { meanOverQueries, type RankingEstimate } from './mean-over-queries.ts'
import { type RankedQuery, type TiedItems, tiedItems } from './ranking-query.ts'

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
