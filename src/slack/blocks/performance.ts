import type { WindowSize } from '../../core/time.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { ModelPerformance } from '../../monitoring/performance/read-performance.ts'
import type { WindowAnswers } from '../../monitoring/windows/outcomes/recent-windows.ts'
import { limits } from '../limits.ts'
import { chanceOf, count, coverageText, figure, shortName, windowName, withInterval } from './figure.ts'
import { placeText } from './place.ts'
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
	say,
	section,
} from './text.ts'
import { trendOf } from './trend.ts'

const longestReason = 400

/** When nothing is known of a model's windows. */
export const nothingComputed = (model: string, window: WindowSize): SlackMessage =>
	say(
		`Nothing is known yet of *${named(model)}* in windows of ${window}: there are no predictions, or they were not computed. Send them with \`POST /v1/models/${named(encodeURIComponent(model), 300)}/predictions\`; the job \`compute\` runs every few minutes.`,
	)

/** Metrics of one window, a line each; those without a value together, by why. */
function figureLines({ answers }: WindowAnswers, shown: readonly string[]): string[] {
	const known: string[] = []
	const unknown = new Map<string, string[]>()
	for (const id of shown) {
		const answer = answers.get(id)
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

function waitingText(data: ModelPerformance): string {
	const { coverage, delay } = data.maturity
	const rule = `A window is judged when ${figure(100 * coverage)}% of its outcomes are known, or ${named(delay)} after its end.`
	if (!isUnlabelled(data)) return `*No window is mature yet.* ${rule}`
	const how = `Send them with \`POST /v1/models/${named(encodeURIComponent(data.model), 300)}/outcomes\``
	const estimates =
		data.estimates.length === 0 && (data.task === 'binary' || data.task === 'regression')
			? ' Until they come, a baseline whose rows have `actual` lets performance be estimated without them.'
			: ''
	return `*No outcome is known yet*, so performance is not. ${how}: \`predictionId\`, \`actual\`, \`timestamp\`. ${rule}${estimates}`
}

function matureText(data: ModelPerformance): string {
	const { mature, maturedWithout, place, shown } = data
	if (!mature) return waitingText(data)
	const later =
		maturedWithout === 0
			? []
			: [
					`:warning: ${maturedWithout} later ${maturedWithout === 1 ? 'window has' : 'windows have'} waited long enough and had no outcome.`,
				]
	return lines([
		`*Last mature window* ${windowName(mature.window.from, place.window)}: ${named(coverageText(mature.coverage), longestReason)}`,
		...figureLines(mature, shown),
		...later,
	])
}

function newestText({ newest, mature, place, shown }: ModelPerformance): string {
	if (!newest || newest.from === mature?.from) return ''
	const state = newest.isMature
		? 'final'
		: `*provisional*: ${newest.isOver ? 'outcomes are awaited' : 'it is not over'}`
	return lines([
		`*Newest window* ${windowName(newest.window.from, place.window)}, ${state}; ${named(coverageText(newest.coverage), longestReason)}`,
		...figureLines(newest, shown),
	])
}

const trustText = ({ trust, reason }: MetricPoint): string =>
	trust === 'doubtful'
		? `*doubtful*${reason === null ? '' : `: ${reason}`}`
		: `trust ${trust ?? 'unknown'}${reason === null ? '' : `: ${reason}`}`

function estimateText({ estimates, realised, metric, place }: ModelPerformance): string {
	const past =
		realised.of === 0
			? 'No past estimate could be checked yet.'
			: `Of past estimates, the interval held ${realised.inside} of ${realised.of}.`
	const last = estimates.at(-1)
	if (!last) return realised.of === 0 ? '' : `*Without labels*: no estimate of late. ${past}`
	const when = windowName(last.window.from, place.window)
	return `*Without labels*: ${shortName(metric)} of ${when} is estimated at ${withInterval(last)}, n ${count(last.n)}, ${named(trustText(last), longestReason)}. ${past}`
}

function restatedText({ restated, metric, place }: ModelPerformance): string {
	if (restated.count === 0) return ''
	const all = restated.items.map(({ window, was, until, now, change }) => {
		const when = windowName(window.from, place.window)
		return `• ${when}: was ${figure(was)} until ${until.slice(0, 10)}, now ${figure(now)}${change === '' ? '' : `: ${named(change, longestReason)}`}`
	})
	const more = restated.count - restated.items.length
	return lines([
		`*Restated* ${shortName(metric)}:`,
		...all,
		...(more > 0 ? [`… and ${more} more ${more === 1 ? 'window' : 'windows'}`] : []),
	])
}

const detectors: Record<string, string> = { adwin: 'ADWIN', page_hinkley: 'Page-Hinkley', ddm: 'DDM' }
const maxDates = 5

function warningLines({ gaps, changes, place }: ModelPerformance): string[] {
	const missing = gaps.map((gap) => {
		const when = windowName(gap.window.from, place.window)
		const what = `coverage differs by ${figure(gap.value ?? 0)} (${chanceOf('p', gap.p)}; ${gap.reason?.replace(/^outcomes are not missing at random: /, '') ?? ''})`
		return `:warning: Outcomes of ${when} are not missing at random: ${named(what, longestReason)}. What is measured need not hold for all.`
	})
	const found = Object.entries(detectors).flatMap(([id, name]) => {
		const own = changes.filter((a) => a.metric === `concept.${id}`)
		if (own.length === 0) return []
		const dates = own
			.slice(-maxDates)
			.map((a) => windowName(a.window.from, place.window))
			.join(', ')
		const total = own.reduce((sum, a) => sum + (a.value ?? 0), 0)
		return [
			`:warning: ${name} found ${total} ${total === 1 ? 'change' : 'changes'} among the errors, by when outcomes came: ${own.length > maxDates ? 'last ' : ''}${dates}.`,
		]
	})
	return [...missing, ...found]
}

/** How a model does: its figures, their trend, what is expected without labels, and what to be careful about. */
export function performanceMessage(data: ModelPerformance): SlackMessage {
	const trend = trendOf(data)
	const chart = trend.chart.length === 0 ? [] : [code(trend.chart)]
	const parts: [text: string, blocks?: Block[]][] = [
		[lines(warningLines(data))],
		[matureText(data)],
		[newestText(data)],
		[trend.sentence, chart],
		[estimateText(data)],
		[restatedText(data)],
	]
	const shown = parts.filter(([text]) => text !== '')
	const hint = context(
		'In brackets: 95% intervals. Another metric, window or segment: add it behind the name.',
	)
	const told = [`Performance of ${named(data.model)}`, ...shown.map(([text]) => text)]
	return {
		text: clip(told.join('\n'), limits.messageText),
		blocks: fitParts(
			[header(`Performance of ${data.model}`), context(placeText(data.place))],
			shown.map(([text, blocks = []]) => [section(text), ...blocks]),
			[hint],
			(n) => `${n} more ${n === 1 ? 'part does' : 'parts do'} not fit into one message.`,
		),
	}
}
