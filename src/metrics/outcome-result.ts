import { type Favourable, type Group, type GroupCounts, mergeCounts } from '../stats/fairness/group-counts.ts'
import type { Task } from '../summaries/outcomes/label.ts'
import { type GroupSummary, groupCounts, scoreBinCount } from '../summaries/outcomes/outcome-summary.ts'
import type { AttributeMetric, OutcomeMetric } from './descriptor.ts'
import { attributeMeasure, scoreFairnessIds } from './fairness.ts'
import { metrics } from './index.ts'
import type { MetricValue } from './metric-value.ts'
import type { OutcomeView } from './outcome-view.ts'
import type { ScoreBands } from './score-bands.ts'

/** What is stored of one attribute: its metric values by id, and the whole counts of its groups, from which the metrics of a group follow. */
export type AttributeResult = { values: Map<string, MetricValue>; groups: Map<string, number[]> }

/** What is stored of a window's outcomes. */
export type OutcomeResult = {
	predictions: number
	labelled: number
	never: number
	unusable: number
	corrections: number
	/** The favourable decision, if it was known: groups are compared by it. */
	favourable?: Favourable | undefined
	/** Of days of binary models, over all rows. */
	scores?: ScoreBands | undefined
	values: Map<string, MetricValue>
	attributes: Map<string, AttributeResult>
}

const outcomeMetrics: readonly OutcomeMetric[] = metrics.filter((m) => m.subject === 'outcome')
const attributeMetrics: readonly AttributeMetric[] = metrics.filter((m) => m.subject === 'attribute')

/** Every metric of a window's outcomes. `q` follows later, from all tests of the window. */
export function summariseOutcomes(view: OutcomeView, favourable?: Favourable): OutcomeResult {
	const { outcomeSummary, task } = view
	const { predictions, labelled, never, unusable, corrections } = outcomeSummary
	const values = new Map(
		outcomeMetrics.filter((m) => m.tasks.includes(task)).map((m) => [m.id, m.measure(view)]),
	)
	const attributes = new Map(
		[...outcomeSummary.groups].map(
			([name, groups]) => [name, summariseAttribute(groups, task, favourable)] as const,
		),
	)
	return { predictions, labelled, never, unusable, corrections, favourable, values, attributes }
}

/** In the order in which they are stored. */
const scoreMetrics = scoreFairnessIds.flatMap((id) => attributeMetrics.filter((m) => m.id === id))

function summariseAttribute(
	summaries: ReadonlyMap<string, GroupSummary>,
	task: Task,
	favourable: Favourable | undefined,
): AttributeResult {
	const used = [...summaries].filter(([, group]) => group.get('n') > 0)
	used.sort((a, b) => (a[0] < b[0] ? -1 : 1))
	const groups: Group[] = used.map(([group, summary]) => ({ group, counts: countsOf(summary) }))
	const wanted = task === 'binary' ? attributeMetrics : scoreMetrics
	const values = wanted.map((m): [string, MetricValue] => {
		const { groups: _, ...value } = attributeMeasure(m, groups, favourable)
		return [m.id, value]
	})
	if (task !== 'binary') return { values: new Map(values), groups: new Map() }
	return {
		values: new Map(values),
		groups: new Map(used.map(([name, { counts }]) => [name, [...counts.subarray(0, groupCounts.length)]])),
	}
}

/** A group's summary in the form that fairness statistics take. */
export function countsOf(group: GroupSummary): GroupCounts {
	const whole = Object.fromEntries(groupCounts.map((name) => [name, group.get(name)]))
	return {
		...(whole as Record<(typeof groupCounts)[number], number>),
		scoreSum: group.sum(0),
		scoreSquares: group.sum(1),
		bins: Array.from({ length: scoreBinCount }, (_, i) => group.bin(i)),
	}
}

/** The counts of all rows of an attribute; a group's own are subtracted to get the rest. */
export const wholeOf = (attribute: AttributeResult): GroupCounts =>
	mergeCounts([...attribute.groups.values()].map(storedCounts))

/** The counts of one stored group, and of all other rows of its attribute. Scores are not included. */
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
	bins: Array.from({ length: scoreBinCount }, () => ({ n: 0, positives: 0, scoreSum: 0 })),
})
