import { barChart } from '../../charts/text-charts.ts'
import { splitLeftOut } from '../../metrics/fairness.ts'
import type { MetricPoint } from '../../metrics/metric-point.schema.ts'
import type { AttributeBias, ModelBias } from '../../monitoring/bias/read-bias.ts'
import { limits } from '../limits.ts'
import { chanceOf, count, coverageText, figure, placeText, windowName, withInterval } from './figure.ts'
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
const maxBars = 12
const noOutcomes = 'no outcome is known'
const ofOutcomes = [
	'fairness.equal_opportunity_difference',
	'fairness.equalized_odds_difference',
	'fairness.calibration_gap',
]
const fourFifths = 'fairness.four_fifths'
const signs: Record<string, string> = {
	pass: ':large_green_circle:',
	fail: ':red_circle:',
	inconclusive: ':white_circle:',
}

const names: Record<string, string> = {
	[fourFifths]: 'four-fifths rule',
	'fairness.disparate_impact': 'disparate impact',
	'fairness.demographic_parity_ratio': 'demographic parity ratio',
	'fairness.demographic_parity_difference': 'demographic parity difference',
	'fairness.equal_opportunity_difference': 'equal opportunity difference',
	'fairness.equalized_odds_difference': 'equalised odds difference',
	'fairness.calibration_gap': 'calibration gap',
	'fairness.mean_score_difference': 'difference of mean scores',
	'fairness.smd': 'standardised mean difference of scores',
}

/** For a model without sensitive attributes. */
export const noSensitiveAttributes = (model: string): SlackMessage =>
	textMessage(
		`*${named(model)}* has no sensitive attributes. Set them with \`PATCH /v1/models/${named(encodeURIComponent(model), 300)}\` and \`{"sensitive": ["SEX"]}\`: features, or attributes sent with \`POST …/groups\`. Predictions after that are counted by group.`,
	)

/** The verdict of the four-fifths rule, and the reason. */
function verdictOf({ reason }: MetricPoint): { verdict: string; why: string } | undefined {
	const { statement: text } = splitLeftOut(reason)
	const verdict = /^(pass|fail|inconclusive): /.exec(text)?.[1]
	return verdict === undefined ? undefined : { verdict, why: text.slice(verdict.length + 2) }
}

/** The verdict on one attribute. If no attribute can have one, the reason is given once for all. */
function verdictLine({ points }: AttributeBias): string[] {
	const answer = points.find((a) => a.metric === fourFifths)
	const known = answer && verdictOf(answer)
	if (!answer || !known) return []
	const { verdict, why } = known
	const parts = [why, chanceOf('q', answer.q)].filter((p) => p !== '')
	return [`${signs[verdict]} Four-fifths rule: *${verdict}*: ${named(parts.join(', '), longestReason)}`]
}

const isPending = ({ metric, value }: MetricPoint, hasOutcomes: boolean): boolean =>
	!hasOutcomes && value === null && ofOutcomes.includes(metric)

function metricLine(answer: MetricPoint, hasOutcomes: boolean): string {
	const name = names[answer.metric] ?? answer.metric
	const { statement: wording } = splitLeftOut(answer.reason)
	if (answer.value === null)
		return `• ${name} unknown: ${named(isPending(answer, hasOutcomes) ? noOutcomes : wording || 'not defined', longestReason)}`
	const parts = [withInterval(answer), wording, chanceOf('q', answer.q)]
	const text = parts.filter((p) => p !== '').join(', ')
	return `• *${name}* ${named(text, longestReason)}${answer.provisional ? ' (provisional)' : ''}`
}

/** The groups left out of comparisons; comparisons that leave out the same groups share a line. */
function leftOutLines(points: readonly MetricPoint[]): string[] {
	const byGroups = new Map<string, string[]>()
	for (const answer of points) {
		const { leftOut } = splitLeftOut(answer.reason)
		const name = names[answer.metric] ?? answer.metric
		if (leftOut !== '') byGroups.set(leftOut, [...(byGroups.get(leftOut) ?? []), name])
	}
	const all = points.length
	return [...byGroups].map(
		([groups, from]) =>
			`Left out${from.length === all ? '' : ` of ${from.join(', ')}`}: ${named(groups, longestReason)}`,
	)
}

/** The value of a group without the attribute: `2` of `SEX=2`, `2 x 1` of `SEX=2 x MARRIAGE=1`. */
export function valueOf(attribute: string, group = ''): string {
	if (group.startsWith(`${attribute}=`)) return group.slice(attribute.length + 1)
	const [first = '', second = ''] = attribute.split(' x ')
	const at = group.indexOf(` x ${second}=`)
	if (at === -1 || !group.startsWith(`${first}=`)) return group
	return `${group.slice(first.length + 1, at)} x ${group.slice(at + second.length + 4)}`
}

/** Selection rates as bars and in a sentence. Small groups are drawn, but not named as highest or lowest. */
function ratesOf({ attribute, rates }: AttributeBias, { minGroup, favourable }: ModelBias) {
	const known = rates.filter((r) => r.value !== null).sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
	const large = known.filter((r) => r.n >= minGroup)
	const [top, bottom] = [large[0], large.at(-1)]
	const max = [...rates].sort((a, b) => b.n - a.n).slice(0, maxBars)
	const bars = rates
		.filter((r) => max.includes(r))
		.map((rate) => ({
			name: valueOf(attribute, rate.subject.group),
			value: rate.value,
			low: rate.low,
			high: rate.high,
			note: `${withInterval(rate)} n ${count(rate.n)}`,
		}))
	const rateText = (r: MetricPoint) =>
		`${named(valueOf(attribute, r.subject.group))} with ${figure(r.value ?? 0)}`
	const selected = favourable === undefined ? 'got the positive decision' : `got ${named(favourable, 60)}`
	const sentence = [
		`Selection rate${rates.length === 1 ? ' of one group' : `s of ${rates.length} groups`}, the share that ${selected}.`,
		...(top && bottom && top !== bottom
			? [`Of those with at least ${minGroup} rows, highest ${rateText(top)}, lowest ${rateText(bottom)}.`]
			: []),
		...(rates.length > bars.length ? [`The chart shows the ${maxBars} largest groups.`] : []),
	].join(' ')
	return known.length === 0
		? { blocks: [], sentence: '' }
		: { blocks: [section(sentence), code(barChart(bars))], sentence }
}

function attributePart(bias: AttributeBias, data: ModelBias): { blocks: Block[]; plainText: string } {
	const { attribute, points } = bias
	const hasOutcomes = (data.at.coverage.value ?? 0) > 0
	const verdict = verdictLine(bias)
	// Without outcomes, the reason is already given elsewhere.
	const compared = points.filter((a) => !isPending(a, hasOutcomes))
	const text = lines([
		`*${named(attribute)}*, n ${count(points[0]?.n ?? 0)}`,
		...verdict,
		...points.filter((a) => a.metric !== fourFifths).map((a) => metricLine(a, hasOutcomes)),
		...leftOutLines(compared),
	])
	const rates = ratesOf(bias, data)
	const wording = verdict.map((v) => v.replace(/^:\w+: /, '')).join('. ')
	const plainText = [wording === '' ? named(attribute) : `${named(attribute)}: ${wording}`, rates.sentence]
	return { blocks: [section(text), ...rates.blocks], plainText: plainText.filter((t) => t !== '').join('. ') }
}

/** Which window this is, and whether it is provisional. */
function windowText({ at, chosen, newer, favourable }: ModelBias): string {
	const state = at.isMature
		? 'last mature window'
		: at.isOver
			? 'no window is mature yet: metrics based on outcomes are *provisional*'
			: 'the window is not over: everything is *provisional*'
	const head = `*${windowName(at.window.from, chosen.window)}* (${state}): ${named(coverageText(at.coverage), longestReason)}`
	const verdicts = (newer?.attributes ?? []).map(({ attribute, points }) => {
		const answer = points.find((a) => a.metric === fourFifths)
		const known = answer && verdictOf(answer)
		const wording = answer && known ? `${known.verdict}, ${withInterval(answer)}` : 'unknown'
		return `${named(attribute, 60)} ${wording}`
	})
	if (!newer || favourable === undefined || verdicts.length === 0) return head
	return `${head}\nSince then, the four-fifths rule in ${windowName(newer.window.from, chosen.window)}: ${clip(verdicts.join('; '), 1000)}`
}

/** Why no attribute has a verdict, and what to do. */
const noVerdict = (model: string): string =>
	`:white_circle: Four-fifths rule: *unknown*, since the favourable decision is not set. Set it with \`PATCH /v1/models/${named(encodeURIComponent(model), 300)}\` and \`{"favourable": …}\`.`

/** Fairness by attribute: verdict, differences with intervals, and selection rates as bars. */
export function biasMessage(data: ModelBias): SlackMessage {
	const { model, chosen, favourable, attributes, unseen, alike } = data
	const parts = attributes.map((a) => attributePart(a, data))
	const window = windowText(data)
	const missing = unseen.map(
		(name) =>
			`*${named(name)}*: no row in this window has a group. Send the attribute as a feature, or with \`POST …/groups\`.`,
	)
	const verdictless = favourable === undefined ? noVerdict(model) : ''
	const notes = [
		...(alike.length > 0
			? [`Intersections without a significant difference (q above 0.05): ${named(alike.join(', '), 600)}.`]
			: []),
		'In parentheses: 95% intervals. Bars are solid up to the lower end of the interval and shaded up to the upper end. q: p-value, corrected for all comparisons of the window.',
	]
	const first = [
		header(`Fairness of ${model}`),
		context(placeText(chosen)),
		section(window),
		...(verdictless === '' ? [] : [section(verdictless)]),
		...(missing.length > 0 ? [section(lines(missing))] : []),
	]
	const rest = (n: number) =>
		`${n} more ${n === 1 ? 'attribute does' : 'attributes do'} not fit: add the name of an attribute after the name of the model.`
	return {
		text: clip(
			[`Fairness of ${named(model)}`, window, verdictless, ...missing, ...parts.map((p) => p.plainText)]
				.filter((line) => line !== '')
				.join('\n'),
			limits.messageText,
		),
		blocks: fitParts(
			first,
			parts.map((p) => p.blocks),
			[context(notes.join(' '))],
			rest,
		),
	}
}
