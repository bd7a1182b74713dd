import { barChart } from '../../charts/text-charts.ts'
import { effectThreshold } from '../../metrics/drift-test.ts'
import type { ColumnDrift, ModelDrift } from '../../monitoring/drift/read-drift.ts'
import { limits } from '../limits.ts'
import { chanceOf, count, figure, placeText, windowName } from './figure.ts'
import { clip, code, context, fitParts, header, lines, named, type SlackMessage, section } from './text.ts'

export const maxColumns = 12
const longestReason = 200

/** `$score` is the score of the model. */
export const columnName = (feature: string): string => feature.replace(/^\$/, '')

function columnLine({ feature, effect, psi, p, q, isDetected }: ColumnDrift): string {
	const name = named(columnName(feature))
	if (effect.value === null)
		return `• *${name}* unknown: ${named(effect.reason ?? 'not defined for these rows', longestReason)}`
	const chances = [chanceOf('p', p), chanceOf('q', q)].filter((c) => c !== '')
	const facts = [
		`effect ${figure(effect.value)}`,
		...(psi === null ? [] : [`PSI ${figure(psi)}`]),
		...chances.map((c) => named(c)),
		`n ${count(effect.n)} against ${count(effect.m)}`,
	]
	return `• ${isDetected ? ':red_circle: ' : ''}*${name}* ${facts.join(', ')}`
}

/** The drift in words: which columns passed both gates. */
function summaryOf({ columns }: ModelDrift): string {
	const known = columns.filter((c) => c.effect.value !== null)
	const found = known.filter((c) => c.isDetected)
	if (known.length === 0) return 'Drift is unknown for every column.'
	if (found.length === 0) return `No drift was detected in ${count(known.length)} columns.`
	const names = found.slice(0, 5).map((c) => `*${named(columnName(c.feature))}*`)
	const more = found.length > 5 ? ` and ${found.length - 5} more` : ''
	return `${count(found.length)} of ${count(known.length)} columns ${found.length === 1 ? 'has' : 'have'} drifted: ${names.join(', ')}${more}.`
}

/** The trend of the worst column in a sentence. */
function trendText({ trend, chosen }: ModelDrift): string {
	const known = (trend?.points ?? []).filter((p) => p.value !== null)
	const [first, last] = [known[0], known.at(-1)]
	if (!trend || !first || !last || first === last) return ''
	const worst = known.reduce((a, b) => ((b.value ?? 0) > (a.value ?? 0) ? b : a))
	const wording = (p: typeof first) => `${figure(p.value ?? 0)} (${windowName(p.window.from, chosen.window)})`
	return `*Trend* of *${named(columnName(trend.feature))}* over ${known.length} windows: from ${wording(first)} to ${wording(last)}, highest ${wording(worst)}.`
}

/** The drift of a model: the worst columns with effect, p, q and rows, and bars of the same. */
export function driftMessage(data: ModelDrift): SlackMessage {
	const { model, chosen, window, isOpen, columns } = data
	const shown = columns.slice(0, maxColumns)
	const left = columns.length - shown.length
	const bars = shown.flatMap(({ feature, effect }) =>
		effect.value === null
			? []
			: [
					{
						name: columnName(feature),
						value: effect.value,
						low: null,
						high: null,
						note: figure(effect.value),
					},
				],
	)
	const when = `*${windowName(window.from, chosen.window)}*${isOpen ? ', which is not over' : ''}`
	const all = lines([
		...shown.map(columnLine),
		...(left > 0 ? [`… and ${left} more. Name a feature to see it.`] : []),
	])
	const summary = `${when}: ${summaryOf(data)}`
	const trend = trendText(data)
	const hint = `:red_circle: both gates are passed: the effect (PSI less what chance alone would show) is at least ${effectThreshold}, and q at most 0.05. The baseline is that of version ${named(chosen.series.version, 60)}.`
	const parts = [[section(summary)], [section(all)], ...(bars.length > 0 ? [[code(barChart(bars))]] : [])]
	return {
		text: clip(
			[`Drift of ${named(model)}`, summary, all, ...(trend === '' ? [] : [trend])].join('\n'),
			limits.messageText,
		),
		blocks: fitParts(
			[header(`Drift of ${model}`), context(placeText(chosen))],
			[...parts, ...(trend === '' ? [] : [[section(trend)]])],
			[context(hint)],
			(n) => `${n} more ${n === 1 ? 'part does' : 'parts do'} not fit into one message.`,
		),
	}
}
