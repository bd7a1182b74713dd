import type { Favourable, Group, GroupCounts } from '../stats/fairness/group-counts.ts'
import { mergeCounts } from '../stats/fairness/group-counts.ts'
import type { GroupSummary } from '../summaries/outcomes/group-summary.ts'
import { binCount, groupCounts } from '../summaries/outcomes/group-summary.ts'
import type { Task } from '../summaries/outcomes/label.ts'
import type { AttributeMetric, OutcomeMetric } from './descriptor.ts'
import { attributeMeasure, scoreFairnessIds } from './fairness.ts'
import { metrics } from './index.ts'
import type { MetricValue } from './metric-value.ts'
import type { OutcomeView } from './outcome-view.ts'

/** What is stored of one attribute: its findings by metric id, and its groups' whole counts, of which the rest follows. */
export type AttributeResult = { findings: Map<string, MetricValue>; groups: Map<string, number[]> }

/** What is stored of a window's outcomes. */
export type OutcomeResult = {
	predictions: number
	labelled: number
	never: number
	unusable: number
	corrections: number
	/** The decision that is good for the person, where it was known: groups are compared by it. */
	favourable?: Favourable | undefined
	findings: Map<string, MetricValue>
	attributes: Map<string, AttributeResult>
}

const outcomeMetrics: readonly OutcomeMetric[] = metrics.filter((m) => m.subject === 'outcome')
const attributeMetrics: readonly AttributeMetric[] = metrics.filter((m) => m.subject === 'attribute')

/** Every metric of a window's outcomes. `q` comes later, from the whole family. */
export function summariseOutcomes(view: OutcomeView, favourable?: Favourable): OutcomeResult {
	const { outcomeSummary, task } = view
	const { predictions, labelled, never, unusable, corrections } = outcomeSummary
	const findings = new Map(
		outcomeMetrics.filter((m) => m.tasks.includes(task)).map((m) => [m.id, m.measure(view)]),
	)
	const attributes = new Map(
		[...outcomeSummary.groups].map(
			([name, values]) => [name, summariseAttribute(values, task, favourable)] as const,
		),
	)
	return { predictions, labelled, never, unusable, corrections, favourable, findings, attributes }
}

/** In the order in which they are stored. */
const scoreMetrics = scoreFairnessIds.flatMap((id) => attributeMetrics.filter((m) => m.id === id))

function summariseAttribute(
	values: ReadonlyMap<string, GroupSummary>,
	task: Task,
	favourable: Favourable | undefined,
): AttributeResult {
	const used = [...values].filter(([, group]) => group.get('n') > 0)
	used.sort((a, b) => (a[0] < b[0] ? -1 : 1))
	const groups: Group[] = used.map(([group, outcomeSummary]) => ({ group, counts: countsOf(outcomeSummary) }))
	const wanted = task === 'binary' ? attributeMetrics : scoreMetrics
	const findings = wanted.map((m): [string, MetricValue] => {
		const { groups: _, ...finding } = attributeMeasure(m, groups, favourable)
		return [m.id, finding]
	})
	if (task !== 'binary') return { findings: new Map(findings), groups: new Map() }
	return {
		findings: new Map(findings),
		groups: new Map(
			used.map(([value, outcomeSummary]) => [
				value,
				[...outcomeSummary.counts.subarray(0, groupCounts.length)],
			]),
		),
	}
}

/** A group's tally as fairness statistics take it. */
export function countsOf(group: GroupSummary): GroupCounts {
	const whole = Object.fromEntries(groupCounts.map((name) => [name, group.get(name)]))
	return {
		...(whole as Record<(typeof groupCounts)[number], number>),
		scoreSum: group.sum(0),
		scoreSquares: group.sum(1),
		bins: Array.from({ length: binCount }, (_, i) => group.bin(i)),
	}
}

/** The counts of all rows of an attribute, to take a group's own from. */
export const wholeOf = (attribute: AttributeResult): GroupCounts =>
	mergeCounts([...attribute.groups.values()].map(storedCounts))

/** The counts of one stored group, and of all rows of its attribute that are not in it. Scores are not among them. */
export function groupAndRest(
	attribute: AttributeResult,
	value: string,
	whole: GroupCounts,
): { own: GroupCounts; rest: GroupCounts } {
	const own = storedCounts(attribute.groups.get(value) ?? [])
	const rest = { ...own }
	for (const name of groupCounts) rest[name] = whole[name] - own[name]
	return { own, rest }
}

const storedCounts = (counts: readonly number[]): GroupCounts => ({
	...(Object.fromEntries(groupCounts.map((name, i) => [name, counts[i] ?? 0])) as Record<
		(typeof groupCounts)[number],
		number
	>),
	scoreSum: 0,
	scoreSquares: 0,
	bins: Array.from({ length: binCount }, () => ({ n: 0, positives: 0, scoreSum: 0 })),
})
