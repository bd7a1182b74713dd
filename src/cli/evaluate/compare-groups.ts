import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import type { AttributeMetric, GroupMetric } from '../../metrics/descriptor.ts'
import { attributeMeasure, fourFifthsOf, groupMeasure, scoreFairnessIds } from '../../metrics/fairness.ts'
import { metrics } from '../../metrics/index.ts'
import type { MetricValue } from '../../metrics/metric-value.ts'
import { countsOf } from '../../metrics/outcome-result.ts'
import { cddl, cddpl, clarifyMetrics } from '../../stats/fairness/clarify.ts'
import type { FourFifths } from '../../stats/fairness/four-fifths.ts'
import {
	emptyCounts,
	type Favourable,
	type Group,
	type GroupCounts,
	inFavour,
	mergeCounts,
} from '../../stats/fairness/group-counts.ts'
import { benjaminiHochberg } from '../../stats/multiple-tests.ts'
import type { GroupSummary } from '../../summaries/outcomes/outcome-summary.ts'
import { release } from '../../tables/memory.ts'
import type { GroupResult, GroupValue } from './evaluation.ts'
import { type Attribute, crossed, rowsByGroup, summariseGroups } from './groupings.ts'
import { comparedClass, type Facet, type Request } from './options.ts'
import type { Grouping, Rows } from './rows.ts'
import { metricValuesOf, RowsView } from './rows-view.ts'

const groupMetrics: readonly GroupMetric[] = metrics
	.filter((m) => m.subject === 'group')
	.filter((m) => !m.id.startsWith('fairness.clarify.'))
const ofWhole = 'performance.coverage_gap'

type Evaluated = {
	values: Map<string, GroupValue>
	/** Undefined for tasks without decisions. */
	fourFifths: FourFifths | undefined
	groups: GroupResult[]
	outcomeSummaries: GroupSummary[]
}

/** The disparities of an attribute, and the rates and performance of each of its groups. */
export function compareGroups(request: Request, rows: Rows, attribute: Attribute): Evaluated {
	const { favourable, task } = rows
	const { minGroup } = request
	const compared = comparedClass(request)
	const outcomeSummaries = summariseGroups(rows, attribute, compared)
	const used = attribute.names
		.map((group, i) => ({ group, i, counts: countsOf(outcomeSummaries[i] as GroupSummary) }))
		.filter(({ counts }) => counts.n > 0)
		.sort((a, b) => (a.group < b.group ? -1 : 1))
	const chosen = rowsByGroup(attribute)
	const groups = used.map(({ i, counts }): GroupResult => {
		const view = new RowsView(rows, { chosen: chosen[i] })
		const measure = (m: GroupMetric) => groupMeasure(m, { own: counts, rest: noRest }, favourable)
		const rates = compared === '' ? [] : groupMetrics.map((m) => [m.id, measure(m)] as const)
		const own = new Map<string, MetricValue>([
			...rates,
			...[...metricValuesOf(view)].filter(([id]) => id !== ofWhole),
		])
		view.close()
		const group = Object.fromEntries(
			attribute.columns.map((name, c) => [name, attribute.values[i]?.[c] ?? '']),
		)
		return { group, n: counts.n, metrics: own }
	})
	if (chosen[0]) release(chosen[0])
	const kind = compared !== '' ? 'decisions' : task === 'regression' ? 'scores' : 'none'
	return {
		values: fairnessOf(used, { minGroup, favourable, kind }),
		fourFifths: kind === 'decisions' ? fourFifthsOf(used, favourable, { minGroup }) : undefined,
		groups,
		outcomeSummaries,
	}
}

/** The rates of a group do not depend on the others. */
const noRest = emptyCounts()

const attributeMetrics: readonly AttributeMetric[] = metrics.filter((m) => m.subject === 'attribute')

type Comparison = {
	minGroup: number
	favourable: Favourable | undefined
	kind: 'decisions' | 'scores' | 'none'
}

/** The attribute metrics that apply to the task. */
export const fairnessOf = (
	groups: readonly Group[],
	{ minGroup, favourable, kind }: Comparison,
): Map<string, GroupValue> =>
	new Map(
		attributeMetrics
			.filter(({ id }) => kind === 'decisions' || (kind === 'scores' && scoreFairnessIds.includes(id)))
			.map((m) => [m.id, attributeMeasure(m, groups, favourable, { minGroup })]),
	)

/** Sets q for the tests of all attributes together. */
export function adjustForMultipleTests(attributes: Iterable<ReadonlyMap<string, GroupValue>>): void {
	const tests = [...attributes].flatMap((values) => [...values.values()])
	const q = benjaminiHochberg(tests.map((t) => t.p))
	tests.forEach((value, i) => {
		value.q = q[i] as number
	})
}

/**
 * Clarify's metrics of each facet against all other rows, by short name, with the favourable label as the positive one; and,
 * under `column=value by attribute`, the two metrics conditional on each other attribute.
 */
export function facetsOf(request: Request, rows: Rows): Map<string, Map<string, number>> {
	const compared = comparedClass(request)
	const facets = new Map<string, Map<string, number>>()
	if (compared === '') return facets
	const count = (grouping: Grouping) =>
		summariseGroups(rows, grouping, compared).map((outcomeSummary) =>
			inFavour(countsOf(outcomeSummary), rows.favourable),
		)
	for (const facet of request.facets) {
		const grouping = rows.facets.get(facet.column) as Grouping
		const at = indexOf(facet, grouping)
		const { own, rest } = split(count(grouping), (i) => i === at)
		const name = `${facet.column}=${facet.value}`
		facets.set(
			name,
			new Map(Object.entries(clarifyMetrics).map(([short, measure]) => [short, measure(own, rest)])),
		)
		for (const [attribute, by] of rows.groups)
			if (attribute !== facet.column)
				facets.set(`${name} by ${attribute}`, conditional(count, { grouping, at, by }))
	}
	return facets
}

function indexOf({ column, value }: Facet, { names }: Grouping): number {
	const at = names.indexOf(value)
	if (at >= 0) return at
	const near = nearest(value, names)
	throw new AppError(
		'invalid',
		`No row has ${column}=${value}.${near ? ` Did you mean "${near}"?` : ''} The values are: ${names.slice(0, 30).join(', ')}.`,
	)
}

function split(counts: readonly GroupCounts[], isOwn: (i: number) => boolean) {
	return {
		own: mergeCounts(counts.filter((_, i) => isOwn(i))),
		rest: mergeCounts(counts.filter((_, i) => !isOwn(i))),
	}
}

function conditional(
	count: (grouping: Grouping) => GroupCounts[],
	{ grouping, at, by }: { grouping: Grouping; at: number; by: Grouping },
): Map<string, number> {
	const sides = { names: ['rest', 'facet'], codes: grouping.codes.map((code) => (code === at ? 1 : 0)) }
	const pairs = crossed(alone(sides), alone(by))
	const counts = count(pairs)
	const of = (side: string, segment: string) =>
		mergeCounts(counts.filter((_, i) => pairs.values[i]?.[0] === side && pairs.values[i]?.[1] === segment))
	const segments = by.names.map((name) => ({ facet: of('facet', name), rest: of('rest', name) }))
	return new Map([
		['cddl', cddl(segments)],
		['cddpl', cddpl(segments)],
	])
}

const alone = (grouping: Grouping): Attribute => ({ ...grouping, name: '', columns: [], values: [] })
