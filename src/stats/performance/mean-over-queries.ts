import { type Estimate, undefinedEstimate } from '../estimate.ts'
import { wilson } from '../wilson.ts'
import { meanEstimate } from './mean-estimate.ts'
import { hasRelevant, type RankedQuery } from './ranking-query.ts'

/** A mean over `queries` queries; `leftOut` others had nothing relevant, so that no order of theirs is better or worse. */
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
