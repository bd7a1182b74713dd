import { type MetricValue, statusOf } from '../../metrics/metric-value.ts'
import type { FourFifths } from '../../stats/fairness/four-fifths.ts'

/** A metric over the groups of an attribute, and the two groups that decide it. */
export type GroupValue = MetricValue & { groups: readonly string[] }

/** One group of an attribute, or of two attributes together. */
export type GroupResult = { group: Record<string, string>; n: number; metrics: Map<string, MetricValue> }

export type Evaluation = {
	rows: number
	metrics: Map<string, MetricValue>
	groups: GroupResult[]
	/** By attribute, or `a x b`. */
	fairness: Map<string, Map<string, GroupValue>>
	/** By attribute, for tasks with decisions. */
	fourFifths: Map<string, FourFifths>
	/** By `column=value`, or `column=value by attribute`: Clarify's metrics by short name. */
	facets: Map<string, Map<string, number>>
	/** Remarks on the data for people. */
	notes: string[]
}

const orNull = (x: number): number | null => (Number.isFinite(x) ? x : null)

/** NaN and infinity become null; `reason` says when a value is infinite. */
function metricValueJson(metric: MetricValue) {
	const { value, low, high, p, q, n, trust, reason } = metric
	return {
		value: orNull(value),
		low: orNull(low),
		high: orNull(high),
		n,
		status: statusOf(metric),
		...(Number.isFinite(p) ? { p } : {}),
		...(Number.isFinite(q) ? { q } : {}),
		...(trust ? { trust } : {}),
		...(reason ? { reason } : {}),
	}
}

const fourFifthsJson = ({ ratio, low, high, ...rest }: FourFifths) => ({
	...rest,
	ratio: orNull(ratio),
	low: orNull(low),
	high: orNull(high),
})

const record = <T, U>(map: ReadonlyMap<string, T>, of: (value: T) => U): Record<string, U> =>
	Object.fromEntries([...map].map(([key, value]) => [key, of(value)]))

function fairnessJson({ fairness, fourFifths }: Evaluation) {
	return Object.fromEntries(
		[...fairness].map(([attribute, values]) => {
			const rule = fourFifths.get(attribute)
			const own = record(values, (value) => ({
				...metricValueJson(value),
				p: orNull(value.p),
				q: orNull(value.q),
				groups: value.groups,
			}))
			return [attribute, { ...own, ...(rule ? { fourFifths: fourFifthsJson(rule) } : {}) }]
		}),
	)
}

/** The evaluation as `--json` prints it. Infinite Clarify metrics are texts. */
export function evaluationJson(result: Evaluation) {
	const { rows, metrics, groups, facets, notes } = result
	return {
		rows,
		metrics: record(metrics, metricValueJson),
		groups: groups.map(({ group, n, metrics: own }) => ({ group, n, metrics: record(own, metricValueJson) })),
		fairness: fairnessJson(result),
		facets: record(facets, (values) =>
			record(values, (x) => (Number.isNaN(x) ? null : Number.isFinite(x) ? x : String(x))),
		),
		notes,
	}
}
