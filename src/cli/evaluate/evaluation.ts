import type { MetricValue } from '../../metrics/metric-value.ts'
import type { FourFifths } from '../../stats/fairness/four-fifths.ts'

/** A finding over the groups of an attribute, and the two of them that decide it. */
export type GroupValue = MetricValue & { groups: readonly string[] }

/** One group of an attribute, or of two attributes together. */
export type GroupResult = { group: Record<string, string>; n: number; metrics: Map<string, MetricValue> }

export type Evaluation = {
	rows: number
	metrics: Map<string, MetricValue>
	groups: GroupResult[]
	/** By attribute, or `a x b`. */
	fairness: Map<string, Map<string, GroupValue>>
	/** By attribute, of tasks that have decisions. */
	fourFifths: Map<string, FourFifths>
	/** By `column=value`, or `column=value by attribute`: Clarify's metrics by short name. */
	facets: Map<string, Map<string, number>>
	/** What people should know of the data. */
	notes: string[]
}
