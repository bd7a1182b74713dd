import { meanAveragePrecision } from '../stats/performance/mean-average-precision.ts'
import type { RankingEstimate } from '../stats/performance/mean-over-queries.ts'
import { meanReciprocalRank } from '../stats/performance/mean-reciprocal-rank.ts'
import { ndcg } from '../stats/performance/ndcg.ts'
import type { RankedQuery } from '../stats/performance/ranking-query.ts'
import { failed, type MetricValue, notEnoughData, ok } from './metric-value.ts'
import type { OutcomeView } from './outcome-view.ts'

const measures = {
	ndcg_10: (queries: readonly RankedQuery[]) => ndcg(queries, 10),
	mrr: meanReciprocalRank,
	map_10: (queries: readonly RankedQuery[]) => meanAveragePrecision(queries, 10),
} satisfies Record<string, (queries: readonly RankedQuery[]) => RankingEstimate>

/** A metric of the order within queries, over those of which something is known. */
export function rankMeasure(view: OutcomeView, metric: keyof typeof measures): MetricValue {
	const queries = view.queries.filter(({ scores }) => scores.length > 0)
	if (queries.length === 0) return notEnoughData(0, 'no row has both a score and an outcome')
	const { queries: n, leftOut, ...estimate } = measures[metric](queries)
	const notes = [
		...(leftOut > 0 ? [`${leftOut} queries with nothing relevant are left out`] : []),
		...(view.outcomeSummary.level > 0
			? [`a fixed sample of one in ${2 ** view.outcomeSummary.level} queries`]
			: []),
	]
	if (n > 0 && !Number.isFinite(estimate.value))
		return failed(n, 'a relevance is too large for its gain, 2^relevance, to be a number')
	const finding = ok(estimate, n, 'no query has anything relevant')
	return notes.length === 0
		? finding
		: { ...finding, reason: [finding.reason, ...notes].filter(Boolean).join('; ') }
}
