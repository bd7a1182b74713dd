import type { GroupMetric } from '../../metrics/descriptor.ts'
import { fourFifthsOf, groupMeasure } from '../../metrics/fairness.ts'
import { metrics } from '../../metrics/index.ts'
import type { MetricValue } from '../../metrics/metric-value.ts'
import { countsOf } from '../../metrics/outcome-result.ts'
import type { FourFifths } from '../../stats/fairness/four-fifths.ts'
import { emptyCounts } from '../../stats/fairness/group-counts.ts'
import type { GroupSummary } from '../../summaries/outcomes/group-summary.ts'
import { release } from '../../tables/memory.ts'
import type { GroupResult, GroupValue } from './evaluation.ts'
import { fairnessOf } from './fairness.ts'
import { findingsOf } from './findings.ts'
import type { Attribute } from './groupings.ts'
import { comparedClass, type Request } from './request.ts'
import type { Rows } from './rows.ts'
import { RowsView } from './rows-view.ts'
import { rowsByGroup, summariseGroups } from './summarise-groups.ts'

const groupMetrics: readonly GroupMetric[] = metrics
	.filter((m) => m.subject === 'group')
	.filter((m) => !m.id.startsWith('fairness.clarify.'))
const ofWhole = 'performance.coverage_gap'

type Evaluated = {
	findings: Map<string, GroupValue>
	/** Undefined for tasks without decisions. */
	fourFifths: FourFifths | undefined
	groups: GroupResult[]
	outcomeSummaries: GroupSummary[]
}

/** An attribute's disparities, and for each of its groups rates and performance. */
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
			...[...findingsOf(view)].filter(([id]) => id !== ofWhole),
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
		findings: fairnessOf(used, { minGroup, favourable, kind }),
		fourFifths: kind === 'decisions' ? fourFifthsOf(used, favourable, { minGroup }) : undefined,
		groups,
		outcomeSummaries,
	}
}

/** The rates of a group do not look at the others. */
const noRest = emptyCounts()
