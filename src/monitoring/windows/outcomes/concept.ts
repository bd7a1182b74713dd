import type { Context } from '../../../context.ts'
import { dayMs, windowMs } from '../../../core/time.ts'
import type { Series } from '../../../log/prediction-log.ts'
import type { ConceptDetector, ConceptMetric } from '../../../metrics/descriptor.ts'
import { metrics } from '../../../metrics/index.ts'
import { type MetricValue, ok } from '../../../metrics/metric-value.ts'
import type { Window } from '../window-slices.ts'

const conceptMetrics: readonly ConceptMetric[] = metrics.filter((m) => m.subject === 'concept')

/** How often each detector found a change among the outcomes that became known in a day or week, over all rows. */
export async function conceptFindings(
	context: Context,
	series: Series,
	{ size, from }: Window,
): Promise<[string, MetricValue][]> {
	if (series.segment !== '' || windowMs[size] < dayMs) return []
	const rows = (await context.sql.values({
		sql: 'SELECT n, error, changes FROM concept_day WHERE series = ? AND day_ms >= ? AND day_ms < ?',
		params: [series.id, from, from + windowMs[size]],
	})) as unknown as [number, number, string][]
	if (rows.length === 0) return []
	const n = rows.reduce((sum, row) => sum + row[0], 0)
	const error = rows.reduce((sum, row) => sum + row[1], 0) / n
	return conceptMetrics.map(({ id, detector }) => {
		const changes = rows.reduce((sum, row) => sum + countIn(row[2], detector), 0)
		const value = ok({ value: changes, low: Number.NaN, high: Number.NaN }, n)
		return [id, { ...value, reason: `mean error ${Number(error.toPrecision(4))} over ${n} outcomes` }]
	})
}

const countIn = (changes: string, detector: ConceptDetector): number =>
	(JSON.parse(changes) as Record<ConceptDetector, number>)[detector]
