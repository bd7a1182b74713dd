import { type MetricValue, statusOf } from '../../metrics/metric-value.ts'
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

const orNull = (x: number): number | null => (Number.isFinite(x) ? x : null)

/** A finding for machines: what is not a number is null, and an infinite value says so in its reason. */
function findingJson(finding: MetricValue) {
	const { value, low, high, p, q, n, trust, reason } = finding
	return {
		value: orNull(value),
		low: orNull(low),
		high: orNull(high),
		n,
		status: statusOf(finding),
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
		[...fairness].map(([attribute, findings]) => {
			const rule = fourFifths.get(attribute)
			const own = record(findings, (finding) => ({
				...findingJson(finding),
				p: orNull(finding.p),
				q: orNull(finding.q),
				groups: finding.groups,
			}))
			return [attribute, { ...own, ...(rule ? { fourFifths: fourFifthsJson(rule) } : {}) }]
		}),
	)
}

/** The evaluation as `--json` prints it. Clarify's metrics may be infinite: then they are a text that says so. */
export function evaluationJson(result: Evaluation) {
	const { rows, metrics, groups, facets, notes } = result
	return {
		rows,
		metrics: record(metrics, findingJson),
		groups: groups.map(({ group, n, metrics: own }) => ({ group, n, metrics: record(own, findingJson) })),
		fairness: fairnessJson(result),
		facets: record(facets, (values) =>
			record(values, (x) => (Number.isNaN(x) ? null : Number.isFinite(x) ? x : String(x))),
		),
		notes,
	}
}
