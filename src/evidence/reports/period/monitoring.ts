import { groupBy } from '../../../core/maps.ts'
import type { MetricPoint } from '../../../metrics/metric-point.schema.ts'
import { mainMetric } from '../../../monitoring/windows/recent-windows.ts'
import type { ReportSection } from '../template.ts'
import type { MonitoringPlan } from './changes.ts'
import { ruleTable } from './changes.ts'
import { trendTable } from './metrics.ts'
import type { PeriodScope } from './scope.ts'
import { count, section, tableOf } from './section.ts'

// Ongoing monitoring: summaries of the points of the main series. All rows together, without segments.

export function planSection(plan: MonitoringPlan | undefined): ReportSection {
	const rules = plan?.rules ?? []
	return section('plan', 'Monitoring plan', {
		text: plan
			? [
					`${count(rules.length, 'rule')} applied to the model at the cut. They are those of the rule set with the digest ${plan.digest}, in force since ${plan.since}.`,
				]
			: [],
		missing: [
			...(plan
				? []
				: ['the rules in force: none had been evaluated by the cut. Start the job evaluate-rules.']),
			...(plan && rules.length === 0
				? ['a rule for this model. Add rules whose `models` or tags match it.']
				: []),
		],
		tables: plan ? [ruleTable(rules)] : [],
	})
}

const chartedFeatures = 5

type FeatureDrift = {
	feature: string
	windows: number
	detected: number
	largest: number | null
	at: string | null
	last: number | null
	nullRate: number | null
}

export function driftSection({ window, main }: PeriodScope, points: readonly MetricPoint[]): ReportSection {
	const ofFeatures = points.filter(({ subject }) => subject.feature !== undefined)
	const drifts = [...groupBy(ofFeatures, ({ subject }) => subject.feature as string)]
		.map(([feature, own]) => featureDrift(feature, own))
		.sort(
			(a, b) =>
				b.detected - a.detected || (b.largest ?? -1) - (a.largest ?? -1) || (a.feature < b.feature ? -1 : 1),
		)
	const known = drifts.filter(({ largest }) => largest !== null)
	const top = known.slice(0, chartedFeatures).map(({ feature }) => feature)
	const drifted = known.filter(({ detected }) => detected > 0)
	const trend = trendTable(
		'drift-trend',
		`PSI of the features that drifted most, by window of ${window}`,
		ofFeatures.filter(({ metric }) => metric === 'drift.psi'),
		({ subject }) => subject.feature,
		top,
	)
	return section('drift', 'Drift and data quality', {
		text: [
			known.length === 0
				? ''
				: `${drifted.length} of ${count(known.length, 'column')} drifted from the baseline in at least one window${drifted.length === 0 ? '' : `: ${drifted.map(({ feature, detected }) => `${feature} (${count(detected, 'window')})`).join(', ')}`}. \`$score\` and \`$decision\` are the output of the model.`,
		].filter((text) => text !== ''),
		missing:
			known.length > 0
				? []
				: [
						`drift. Version ${main.series.version} has no baseline, or too few rows: store its baseline, then compute again.`,
					],
		tables: [
			tableOf('drift', 'Drift of each column over the windows of the period', drifts, {
				feature: ({ feature }) => feature,
				windows: ({ windows }) => windows,
				detected: ({ detected }) => detected,
				largestPsi: ({ largest }) => largest,
				largestFrom: ({ at }) => at,
				lastPsi: ({ last }) => last,
				largestNullRate: ({ nullRate }) => nullRate,
			}),
			...(top.length > 0 ? [trend] : []),
		],
		charts:
			top.length > 0
				? [{ id: 'drift', title: 'PSI by window', kind: 'trend', table: 'drift-trend', x: 'from', y: top }]
				: [],
	})
}

function featureDrift(feature: string, points: readonly MetricPoint[]): FeatureDrift {
	const psi = points.filter(({ metric, value }) => metric === 'drift.psi' && value !== null)
	const largest = psi.reduce<MetricPoint | undefined>(
		(a, b) => (a && (a.value ?? 0) >= (b.value ?? 0) ? a : b),
		undefined,
	)
	const nullRates = points.flatMap(({ metric, value }) =>
		metric === 'quality.null_rate' && value !== null ? [value] : [],
	)
	return {
		feature,
		windows: psi.length,
		detected: points.filter(({ metric, value }) => metric === 'drift.detected' && value === 1).length,
		largest: largest?.value ?? null,
		at: largest?.window.from ?? null,
		last: psi.at(-1)?.value ?? null,
		nullRate: nullRates.length === 0 ? null : Math.max(...nullRates),
	}
}

const coverageId = 'performance.outcome_coverage'

export function performanceSection(
	{ model, window }: PeriodScope,
	points: readonly MetricPoint[],
): ReportSection {
	const isOverall = ({ subject, metric }: MetricPoint) =>
		subject.group === undefined && (metric.startsWith('performance.') || metric.startsWith('estimated.'))
	const own = points.filter(isOverall)
	const main = mainMetric[model.task]
	const estimate = `estimated.${main.slice('performance.'.length)}`
	const known = own.filter(({ metric, value }) => metric === main && value !== null)
	const final = known.filter(({ provisional }) => !provisional)
	const estimated = own.filter(({ metric, value }) => metric === estimate && value !== null)
	const trended = [...(known.length > 0 ? [main] : []), ...(estimated.length > 0 ? [estimate] : [])]
	const trend = trendTable(
		'performance-trend',
		`${main} by window of ${window}`,
		own,
		({ metric }) => metric,
		trended,
	)
	return section('performance', 'Performance', {
		text: [
			known.length === 0
				? ''
				: `${main} is known for ${count(known.length, 'window')}, from ${shown(known, Math.min)} to ${shown(known, Math.max)}. ${final.length === known.length ? 'All are final.' : `${count(known.length - final.length, 'window')} still waited for outcomes at the cut and can change.`}`,
			estimated.length === 0
				? ''
				: `${estimate}, which needs no outcomes, is known for ${count(estimated.length, 'window')}.`,
		].filter((text) => text !== ''),
		missing:
			known.length > 0
				? []
				: ['performance: no outcome was known at the cut. Send outcomes, compute, and take a newer cut.'],
		tables: [
			tableOf(
				'performance',
				'Performance by window, with 95% intervals',
				own.filter(({ metric }) => metric !== coverageId || known.length > 0),
				{
					metric: ({ metric }) => metric,
					from: ({ window: { from } }) => from,
					value: ({ value }) => value,
					low: ({ low }) => low,
					high: ({ high }) => high,
					n: ({ n }) => n,
					status: ({ status }) => status,
					final: ({ provisional }) => !provisional,
				},
			),
			...(trended.length > 0 ? [trend] : []),
		],
		charts:
			trended.length > 0
				? [
						{
							id: 'performance',
							title: 'Performance by window',
							kind: 'trend',
							table: 'performance-trend',
							x: 'from',
							y: trended,
						},
					]
				: [],
	})
}

const shown = (points: readonly MetricPoint[], pick: (...values: number[]) => number): string =>
	String(Number(pick(...points.map(({ value }) => value as number)).toPrecision(3)))
