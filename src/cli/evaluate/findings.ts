import type { OutcomeMetric } from '../../metrics/descriptor.ts'
import { metrics } from '../../metrics/index.ts'
import type { MetricValue } from '../../metrics/metric-value.ts'
import type { RowsView } from './rows-view.ts'

const outcomeMetrics: readonly OutcomeMetric[] = metrics.filter((m) => m.subject === 'outcome')

/** The findings of a view, as the service computes them of a window. */
export const findingsOf = (view: RowsView): Map<string, MetricValue> =>
	new Map(outcomeMetrics.filter((m) => m.tasks.includes(view.task)).map((m) => [m.id, m.measure(view)]))
