import { formatTime } from '../../../core/time.ts'
import type { MetricPoint } from '../../../metrics/metric-point.schema.ts'
import { mergeBands, type ScoreBand, type ScoreBands } from '../../../metrics/score-bands.ts'
import type { OutcomeRecord } from '../../../monitoring/windows/records.ts'
import { proportion } from '../../../stats/estimate.ts'
import type { ReportSection } from '../template.ts'
import type { PeriodScope } from './scope.ts'
import { count, section, tableOf } from './section.ts'

/** Labelled rows of neighbouring bands: what the scores predicted of them, and what came. */
type Decile = { name: string; rows: number; labelled: number; predicted: number; positives: number }

/** Bands in ten parts of about equally many labelled rows, by ascending score; a band is in one of them as a whole. */
export function decilesOf(bands: readonly ScoreBand[]): Decile[] {
	const total = bands.reduce((sum, { labelled }) => sum + labelled, 0)
	const parts = new Map<number, Decile>()
	let before = 0
	for (const { rows, labelled, positives, scoreSum } of bands) {
		const at = total === 0 ? 0 : Math.min(9, Math.floor((10 * (before + labelled / 2)) / total))
		before += labelled
		const part = parts.get(at) ?? { name: String(at + 1), rows: 0, labelled: 0, predicted: 0, positives: 0 }
		part.rows += rows
		part.labelled += labelled
		part.predicted += scoreSum
		part.positives += positives
		parts.set(at, part)
	}
	return [...parts.values()].filter(({ labelled }) => labelled > 0)
}

const sumOf = (parts: readonly Decile[], name: string): Decile =>
	parts.reduce<Decile>(
		(sum, part) => ({
			name,
			rows: sum.rows + part.rows,
			labelled: sum.labelled + part.labelled,
			predicted: sum.predicted + part.predicted,
			positives: sum.positives + part.positives,
		}),
		{ name, rows: 0, labelled: 0, predicted: 0, positives: 0 },
	)

function isWithin({ predicted, positives, labelled }: Decile): boolean {
	const { low, high } = proportion(positives, labelled)
	return predicted / labelled >= low && predicted / labelled <= high
}

export function outcomesSection(
	{ model }: PeriodScope,
	records: readonly OutcomeRecord[],
	points: readonly MetricPoint[],
): ReportSection {
	const days = records.flatMap(({ result }) => result.scores ?? [])
	const parts = decilesOf(mergeBands(days))
	const all = sumOf(parts, 'all')
	const realised = points.filter((point) => point.realised !== undefined && point.subject.group === undefined)
	const inside = realised.filter((point) => point.realised?.inside)
	return section('outcomes', 'Outcomes analysis', {
		text: [
			parts.length === 0
				? ''
				: `Deciles of the scores of ${count(all.labelled, 'prediction')} whose outcome was known at the cut, from ${count(days.length, 'day')}. The scores predicted ${Math.round(all.predicted).toLocaleString('en-US')} positive outcomes and ${count(all.positives, 'positive outcome')} came. The predicted rate is within the 95% interval of the observed one in ${parts.filter(isWithin).length} of ${count(parts.length, 'decile')}.${parts.length < 10 ? ' Nearly equal scores are in one decile as a whole, so that there are fewer than ten.' : ''}`,
			realised.length === 0
				? ''
				: `Back-test: of ${count(realised.length, 'estimate')} that were made before outcomes were known, ${inside.length} had the realised value in their 95% interval.`,
		].filter((text) => text !== ''),
		missing: missingOf(model, records, days, parts),
		tables: [
			tableOf(
				'deciles',
				'Predicted and observed rate of positive outcomes by decile of the score',
				parts.length > 0 ? [...parts, all] : [],
				{
					decile: ({ name }) => name,
					predictions: ({ rows }) => rows,
					labelled: ({ labelled }) => labelled,
					predicted: ({ predicted, labelled }) => predicted / labelled,
					observed: ({ positives, labelled }) => positives / labelled,
					low: ({ positives, labelled }) => proportion(positives, labelled).low,
					high: ({ positives, labelled }) => proportion(positives, labelled).high,
					within: isWithin,
				},
			),
			tableOf('backtest', 'Estimates against what outcomes showed later', realised, {
				metric: ({ metric }) => metric,
				from: ({ window }) => window.from,
				estimate: ({ value }) => value,
				low: ({ low }) => low,
				high: ({ high }) => high,
				realised: (point) => point.realised?.value,
				within: (point) => point.realised?.inside,
			}),
		],
		charts:
			parts.length > 0
				? [
						{
							id: 'deciles',
							title: 'Predicted and observed rate by decile',
							kind: 'bars',
							table: 'deciles',
							x: 'decile',
							y: ['predicted', 'observed'],
						},
					]
				: [],
	})
}

function missingOf(
	{ task }: PeriodScope['model'],
	records: readonly OutcomeRecord[],
	days: readonly ScoreBands[],
	parts: readonly Decile[],
): string[] {
	if (task !== 'binary')
		return [
			`a table by decile, which is made for binary models; this is a ${task} model. Compare the errors of the section Performance instead.`,
		]
	if (records.some(({ result }) => result.labelled > 0) && days.length === 0)
		return [
			'a table by decile: the scores of the labelled rows are no probabilities, or their days were computed by an earlier release. Send probabilities as `score`, or compute those days again.',
		]
	return parts.length > 0
		? []
		: ['outcomes: none was known at the cut. Send outcomes, compute, and take a newer cut.']
}

/** Decisions against the threshold. */
export function overridesSection(
	{ model }: PeriodScope,
	records: readonly OutcomeRecord[],
	governance: { breakGlass: number },
): ReportSection {
	const counted = records.flatMap(({ from, result }) =>
		result.scores?.overrides ? [{ from, ...result.scores.overrides }] : [],
	)
	const sum = (name: 'decided' | 'raised' | 'lowered') => counted.reduce((total, day) => total + day[name], 0)
	const [decided, raised, lowered] = [sum('decided'), sum('raised'), sum('lowered')]
	return section('overrides', 'Overrides', {
		text: [
			decided === 0
				? ''
				: `${count(raised + lowered, 'decision')} of ${decided.toLocaleString('en-US')} differ from the one that the threshold ${model.threshold} gives: ${raised.toLocaleString('en-US')} positive below it, ${lowered.toLocaleString('en-US')} negative at or above it.`,
			`${count(governance.breakGlass, 'vote')} with break-glass in the period.`,
			'Predictions do not say who changed a decision, or why: the decision system keeps that.',
		].filter((text) => text !== ''),
		missing:
			decided > 0
				? []
				: [
						'decisions that were overridden. They are counted for binary models whose threshold never changed: set `threshold` of the model, and send the decision as `label`.',
					],
		tables: [
			tableOf('overrides', 'Decisions against the threshold by day', counted, {
				from: ({ from }) => formatTime(from),
				decided: (day) => day.decided,
				positiveBelow: (day) => day.raised,
				negativeAbove: (day) => day.lowered,
			}),
		],
	})
}
