import { type Slot, trendChart } from '../../charts/text-charts.ts'
import { formatTime, type WindowSize, windowMs } from '../../core/time.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { ModelPerformance } from '../../monitoring/performance/read-performance.ts'
import type { WindowPoints } from '../../monitoring/windows/recent-windows.ts'
import { limits } from '../limits.ts'
import {
	chanceOf,
	count,
	coverageText,
	figure,
	placeText,
	shortName,
	windowName,
	withInterval,
} from './figure.ts'
import {
	type Block,
	clip,
	code,
	context,
	fitParts,
	header,
	lines,
	named,
	type SlackMessage,
	section,
	textMessage,
} from './text.ts'

const longestReason = 400

/** For a model without computed windows. */
export const nothingComputed = (model: string, window: WindowSize): SlackMessage =>
	textMessage(
		`*${named(model)}* has no metrics in windows of ${window} yet: there are no predictions, or their metrics are not computed yet. Send predictions with \`POST /v1/models/${named(encodeURIComponent(model), 300)}/predictions\`; the job \`compute\` runs every few minutes.`,
	)

/** The metrics of a window, one per line; those without a value are grouped by reason. */
function figureLines({ points }: WindowPoints, shown: readonly string[]): string[] {
	const known: string[] = []
	const unknown = new Map<string, string[]>()
	for (const id of shown) {
		const answer = points.get(id)
		if (!answer) continue
		if (answer.value === null) {
			const why = answer.reason ?? 'not defined for these rows'
			unknown.set(why, [...(unknown.get(why) ?? []), shortName(id)])
			continue
		}
		const note = answer.reason === null ? '' : ` (${named(answer.reason, longestReason)})`
		known.push(`• *${shortName(id)}* ${withInterval(answer)}, n ${count(answer.n)}${note}`)
	}
	const others = [...unknown].map(([why, ids]) => `• ${ids.join(', ')} unknown: ${named(why, longestReason)}`)
	return [...known, ...others]
}

const isUnlabelled = ({ trend, mature }: ModelPerformance): boolean =>
	mature === undefined && trend.every((w) => (w.coverage.value ?? 0) === 0)

function immatureText(data: ModelPerformance): string {
	const { coverage, delay } = data.maturity
	const rule = `A window is mature when ${figure(100 * coverage)}% of its outcomes are known, or ${named(delay)} after its end.`
	if (!isUnlabelled(data)) return `*No window is mature yet.* ${rule}`
	const how = `Send them with \`POST /v1/models/${named(encodeURIComponent(data.model), 300)}/outcomes\``
	const estimates =
		data.estimates.length === 0 && (data.task === 'binary' || data.task === 'regression')
			? ' Until then, performance can be estimated if the rows of the baseline have `actual`.'
			: ''
	return `*No outcome is known yet*, so performance is unknown. ${how}: \`predictionId\`, \`actual\`, \`timestamp\`. ${rule}${estimates}`
}

function matureText(data: ModelPerformance): string {
	const { mature, maturedWithout, chosen, shown } = data
	if (!mature) return immatureText(data)
	const later =
		maturedWithout === 0
			? []
			: [
					`:warning: ${maturedWithout} later ${maturedWithout === 1 ? 'window has' : 'windows have'} passed the waiting time without any outcome.`,
				]
	return lines([
		`*Last mature window* ${windowName(mature.window.from, chosen.window)}: ${named(coverageText(mature.coverage), longestReason)}`,
		...figureLines(mature, shown),
		...later,
	])
}

function newestText({ newest, mature, chosen, shown }: ModelPerformance): string {
	if (!newest || newest.from === mature?.from) return ''
	const state = newest.isMature
		? 'final'
		: `*provisional*: ${newest.isOver ? 'outcomes are pending' : 'it is not over'}`
	return lines([
		`*Newest window* ${windowName(newest.window.from, chosen.window)}, ${state}; ${named(coverageText(newest.coverage), longestReason)}`,
		...figureLines(newest, shown),
	])
}

const trustText = ({ trust, reason }: MetricPoint): string =>
	trust === 'doubtful'
		? `*doubtful*${reason === null ? '' : `: ${reason}`}`
		: `trust ${trust ?? 'unknown'}${reason === null ? '' : `: ${reason}`}`

function estimateText({ estimates, realised, metric, chosen }: ModelPerformance): string {
	const past =
		realised.of === 0
			? 'No past estimate could be checked yet.'
			: `For past estimates, the interval contained the realised value in ${realised.inside} of ${realised.of}.`
	const last = estimates.at(-1)
	if (!last) return realised.of === 0 ? '' : `*Without labels*: no recent estimate. ${past}`
	const when = windowName(last.window.from, chosen.window)
	return `*Without labels*: ${shortName(metric)} of ${when} is estimated at ${withInterval(last)}, n ${count(last.n)}, ${named(trustText(last), longestReason)}. ${past}`
}

function revisedText({ revised, metric, chosen }: ModelPerformance): string {
	if (revised.count === 0) return ''
	const all = revised.items.map(({ window, was, until, now, change }) => {
		const when = windowName(window.from, chosen.window)
		return `• ${when}: was ${figure(was)} until ${until.slice(0, 10)}, now ${figure(now)}${change === '' ? '' : `: ${named(change, longestReason)}`}`
	})
	const more = revised.count - revised.items.length
	return lines([
		`*Restated* ${shortName(metric)}:`,
		...all,
		...(more > 0 ? [`… and ${more} more ${more === 1 ? 'window' : 'windows'}`] : []),
	])
}

const detectors: Record<string, string> = { adwin: 'ADWIN', page_hinkley: 'Page-Hinkley', ddm: 'DDM' }
const maxDates = 5

function warningLines({ gaps, changes, chosen }: ModelPerformance): string[] {
	const missing = gaps.map((gap) => {
		const when = windowName(gap.window.from, chosen.window)
		const what = `coverage differs by ${figure(gap.value ?? 0)} (${chanceOf('p', gap.p)}; ${gap.reason?.replace(/^outcomes are not missing at random: /, '') ?? ''})`
		return `:warning: Outcomes of ${when} are not missing at random: ${named(what, longestReason)}. Metrics may not hold for all rows.`
	})
	const found = Object.entries(detectors).flatMap(([id, name]) => {
		const own = changes.filter((a) => a.metric === `concept.${id}`)
		if (own.length === 0) return []
		const dates = own
			.slice(-maxDates)
			.map((a) => windowName(a.window.from, chosen.window))
			.join(', ')
		const total = own.reduce((sum, a) => sum + (a.value ?? 0), 0)
		return [
			`:warning: ${name} found ${total} ${total === 1 ? 'change' : 'changes'} in the errors, by the time when outcomes arrived: ${own.length > maxDates ? 'last ' : ''}${dates}.`,
		]
	})
	return [...missing, ...found]
}

/** The performance of a model: warnings, metrics, their trend, estimates without labels, and revised values. */
export function performanceMessage(data: ModelPerformance): SlackMessage {
	const trend = trendOf(data)
	const chart = trend.chart.length === 0 ? [] : [code(trend.chart)]
	const parts: [text: string, blocks?: Block[]][] = [
		[lines(warningLines(data))],
		[matureText(data)],
		[newestText(data)],
		[trend.sentence, chart],
		[estimateText(data)],
		[revisedText(data)],
	]
	const shown = parts.filter(([text]) => text !== '')
	const hint = context(
		'In parentheses: 95% intervals. Add a metric, window or segment after the name of the model.',
	)
	const plainText = [`Performance of ${named(data.model)}`, ...shown.map(([text]) => text)]
	return {
		text: clip(plainText.join('\n'), limits.messageText),
		blocks: fitParts(
			[header(`Performance of ${data.model}`), context(placeText(data.chosen))],
			shown.map(([text, blocks = []]) => [section(text), ...blocks]),
			[hint],
			(n) => `${n} more ${n === 1 ? 'part does' : 'parts do'} not fit into one message.`,
		),
	}
}

/** The slots of the trend, oldest first. Windows without predictions keep theirs, so that the dates are right. */
export function slotsOf({ trend, chosen }: Pick<ModelPerformance, 'trend' | 'chosen'>) {
	const size = windowMs[chosen.window]
	const first = trend[0]?.from ?? 0
	const byFrom = new Map(trend.map((w) => [w.from, w]))
	const length = trend.length === 0 ? 0 : Math.round((chosen.newest - first) / size) + 1
	return Array.from({ length }, (_, i) => {
		const from = first + i * size
		return { from, window: byFrom.get(from) }
	})
}

/** A chart of the windows of a metric, and the same in a sentence. Both are empty if no window has a value. */
function trendOf({ trend, metric, estimates, chosen }: ModelPerformance): {
	sentence: string
	chart: string[]
} {
	const estimated = new Map(estimates.map((a) => [Date.parse(a.window.from), a.value]))
	const windows = slotsOf({ trend, chosen })
	const slots = windows.map(
		({ from, window }): Slot => ({
			value: window?.points.get(metric)?.value ?? null,
			estimate: estimated.get(from) ?? null,
			isProvisional: window !== undefined && !window.isMature,
		}),
	)
	const name = (from: number) => windowName(formatTime(from), chosen.window)
	const [first, last] = [windows[0]?.from ?? 0, windows.at(-1)?.from ?? 0]
	const known = trend.flatMap((w) => w.points.get(metric) ?? []).filter((a) => a.value !== null)
	const sentence = [
		knownSentence(known, slots, shortName(metric), (a) => name(Date.parse(a.window.from))),
		...(known.length > 0 && estimates.length > 0
			? ['Below it, on the same axis, the estimate without labels.']
			: []),
		...(known.length === 0 && estimates.length > 0
			? [
					`No outcome is known for the windows from ${name(first)} to ${name(last)}: the line is the estimate without labels.`,
				]
			: []),
	]
	return {
		sentence: sentence.filter((s) => s !== '').join(' '),
		chart: trendChart(slots, name(first), name(last)),
	}
}

/** The chart in words. */
function knownSentence(
	known: readonly MetricPoint[],
	slots: readonly Slot[],
	metric: string,
	when: (answer: MetricPoint) => string,
): string {
	const [first, last] = [known[0], known.at(-1)]
	if (!first || !last) return ''
	if (first === last)
		return `*Trend*: ${metric} is known for one window, ${when(first)}: ${figure(first.value ?? 0)}.`
	const by = (better: (a: number, b: number) => boolean) =>
		known.reduce((best, a) => (better(a.value ?? 0, best.value ?? 0) ? a : best))
	const [low, high] = [by((a, b) => a < b), by((a, b) => a > b)]
	const wording = (a: MetricPoint) => `${figure(a.value ?? 0)} (${when(a)})`
	const without = slots.length - known.length
	const provisional = slots.filter((s) => s.isProvisional && s.value !== null).length
	return `*Trend* of ${metric} over ${slots.length} windows: from ${wording(first)} to ${wording(last)}, lowest ${wording(low)}, highest ${wording(high)}${without > 0 ? `; ${without} without a value` : ''}${provisional > 0 ? `; ${provisional} provisional (p)` : ''}.`
}
