import type { Answer } from '../../metrics/answer.ts'
import type { AttributeBias, ModelBias } from '../../services/outcome/read-bias.ts'
import { limits } from '../limits.ts'
import { barChart } from './chart.ts'
import { chanceOf, count, coverageText, figure, windowName, withInterval } from './figure.ts'
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

const longestReason = 400
const mostBars = 12
const noOutcomes = 'no outcome is known'
const ofOutcomes = ['fairness.equal_opportunity_difference', 'fairness.equalized_odds_difference']
const impact = 'fairness.disparate_impact'
const signs: Record<string, string> = {
	pass: ':large_green_circle:',
	fail: ':red_circle:',
	inconclusive: ':white_circle:',
}

const names: Record<string, string> = {
	'fairness.demographic_parity_ratio': 'demographic parity ratio',
	'fairness.demographic_parity_difference': 'demographic parity difference',
	'fairness.equal_opportunity_difference': 'equal opportunity difference',
	'fairness.equalized_odds_difference': 'equalised odds difference',
	'fairness.calibration_gap': 'calibration gap',
	'fairness.smd': 'standardised mean difference of scores',
}

/** When there is nothing to compare. */
export const noSensitiveAttributes = (model: string): SlackMessage =>
	say(
		`*${named(model)}* has no sensitive attributes. Name them with \`PATCH /v1/models/${named(encodeURIComponent(model), 300)}\` and \`{"sensitive": ["SEX"]}\`: features, or values that are sent with \`POST .../groups\`. Predictions that come from then on are counted by group.`,
	)

/** What a finding says in words, without the groups that were left out, and those. */
function reasonOf({ reason }: Answer): { said: string; leftOut: string } {
	const at = (reason ?? '').indexOf('left out: ')
	if (reason === null || at === -1) return { said: reason ?? '', leftOut: '' }
	return { said: reason.slice(0, at).replace(/; $/, ''), leftOut: reason.slice(at + 'left out: '.length) }
}

/** The verdict of the four-fifths rule; a ratio that is not known has none. */
export const verdictOf = ({ value, reason }: Answer): 'pass' | 'fail' | 'inconclusive' | undefined =>
	value === null ? undefined : (/^(pass|fail|inconclusive):/.exec(reason ?? '')?.[1] as 'pass' | undefined)

const severity = ['pass', 'inconclusive', 'fail']
const worse = (a: string, b: string): string => (severity.indexOf(b) > severity.indexOf(a) ? b : a)

/**
 * The verdict on disparate impact, which is against the largest group; and where it is another one against the group that
 * is selected most, as the rule itself compares, that too.
 */
function impactLines({ findings, againstMost }: AttributeBias): string[] {
	const answer = findings.find((a) => a.metric === impact)
	if (!answer) return []
	const known = verdictOf(answer)
	const verdict = known ?? 'inconclusive'
	const { said } = reasonOf(answer)
	const why = known === undefined ? said : said.slice(known.length + 2)
	const parts = [why || 'the impact ratio is not defined', chanceOf('q', answer.q)].filter((p) => p !== '')
	const sign = signs[worse(verdict, againstMost?.verdict ?? verdict)]
	const line = `${sign} Four-fifths rule: *${known ?? 'cannot be told'}*, against the largest group: ${named(parts.join(', '), longestReason)}`
	if (againstMost === undefined || againstMost.verdict === verdict) return [line]
	return [
		line,
		`:warning: Against the group that is selected most, as the rule compares, it is *${againstMost.verdict}*: ${named(againstMost.reason, longestReason)}`,
	]
}

const isWaiting = ({ metric, value }: Answer, hasOutcomes: boolean): boolean =>
	!hasOutcomes && value === null && ofOutcomes.includes(metric)

/** Without outcomes some findings have nothing to say, and the calibration gap says something else. */
function findingLine(answer: Answer, hasOutcomes: boolean): string {
	const name = names[answer.metric] ?? answer.metric
	const { said } = reasonOf(answer)
	if (answer.value === null)
		return `• ${name} unknown: ${named(isWaiting(answer, hasOutcomes) ? noOutcomes : said || 'not defined', longestReason)}`
	const isOther = !hasOutcomes && answer.metric === 'fairness.calibration_gap'
	const parts = [
		withInterval(answer),
		said,
		chanceOf('q', answer.q),
		isOther ? `of mean scores, as ${noOutcomes}` : '',
	]
	const text = parts.filter((p) => p !== '').join(', ')
	return `• *${name}* ${named(text, longestReason)}${answer.provisional ? ' (provisional)' : ''}`
}

/** Which groups are missing in which comparison: often the same in all that look at the same rows. */
function leftOutLines(findings: readonly Answer[]): string[] {
	const byGroups = new Map<string, string[]>()
	for (const answer of findings) {
		const { leftOut } = reasonOf(answer)
		const name = answer.metric === impact ? 'disparate impact' : (names[answer.metric] ?? answer.metric)
		if (leftOut !== '') byGroups.set(leftOut, [...(byGroups.get(leftOut) ?? []), name])
	}
	const all = findings.length
	return [...byGroups].map(
		([groups, from]) =>
			`Left out${from.length === all ? '' : ` of ${from.join(', ')}`}: ${named(groups, longestReason)}`,
	)
}

/** The group's value of an attribute: `2` of `SEX=2`, `2 x 1` of `SEX=2 x MARRIAGE=1`. */
export function valueOf(attribute: string, group = ''): string {
	if (group.startsWith(`${attribute}=`)) return group.slice(attribute.length + 1)
	const [first = '', second = ''] = attribute.split(' x ')
	const at = group.indexOf(` x ${second}=`)
	if (at === -1 || !group.startsWith(`${first}=`)) return group
	return `${group.slice(first.length + 1, at)} x ${group.slice(at + second.length + 4)}`
}

/** Selection rates as bars, and in a sentence; groups that are too small are drawn, but not named as extremes. */
function ratesOf({ attribute, rates }: AttributeBias, minGroup: number) {
	const known = rates.filter((r) => r.value !== null).sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
	const large = known.filter((r) => r.n >= minGroup)
	const [top, bottom] = [large[0], large.at(-1)]
	const most = [...rates].sort((a, b) => b.n - a.n).slice(0, mostBars)
	const bars = rates
		.filter((r) => most.includes(r))
		.map((rate) => ({
			name: valueOf(attribute, rate.subject.group),
			value: rate.value,
			low: rate.low,
			high: rate.high,
			note: `${withInterval(rate)} n ${count(rate.n)}`,
		}))
	const said = (r: Answer) => `${named(valueOf(attribute, r.subject.group))} with ${figure(r.value ?? 0)}`
	const sentence = [
		rates.length === 1 ? 'Selection rate of one group.' : `Selection rates of ${rates.length} groups.`,
		...(top && bottom && top !== bottom
			? [`Of those with at least ${minGroup} rows, highest ${said(top)}, lowest ${said(bottom)}.`]
			: []),
		...(rates.length > bars.length ? [`The chart has the ${mostBars} groups with most rows.`] : []),
	].join(' ')
	return known.length === 0
		? { blocks: [], sentence: '' }
		: { blocks: [section(sentence), code(barChart(bars))], sentence }
}

function attributePart(bias: AttributeBias, { at, minGroup }: ModelBias): { blocks: Block[]; told: string } {
	const { attribute, findings } = bias
	const hasOutcomes = (at.coverage.value ?? 0) > 0
	const ratio = findings.find((a) => a.metric === impact)
	const verdict = impactLines(bias)
	// Why nothing can be compared without outcomes is said already.
	const compared = findings.filter((a) => !isWaiting(a, hasOutcomes))
	const text = lines([
		`*${named(attribute)}*, n ${count(ratio?.n ?? 0)}`,
		...verdict,
		...findings.filter((a) => a !== ratio).map((a) => findingLine(a, hasOutcomes)),
		...leftOutLines(compared),
	])
	const rates = ratesOf(bias, minGroup)
	const told = [
		`${named(attribute)}: ${verdict.map((v) => v.replace(/^:\w+: /, '')).join('. ')}`,
		rates.sentence,
	]
	return { blocks: [section(text), ...rates.blocks], told: told.filter((t) => t !== '').join('. ') }
}

/** Which window this is, and what to think of when reading it. */
function windowText({ at, place, newer }: ModelBias): string {
	const state = at.isMature
		? 'last mature window'
		: at.isOver
			? 'no window is mature yet, so what rests on outcomes is *provisional*'
			: 'the window is not over: all of it is *provisional*'
	const head = `*${windowName(at.window.from, place.window)}* (${state}): ${named(coverageText(at.coverage), longestReason)}`
	const impacts = (newer?.attributes ?? []).map(({ attribute, findings, againstMost }) => {
		const answer = findings.find((a) => a.metric === impact)
		const verdict = answer && verdictOf(answer)
		const said = answer && verdict ? `${verdict}, ${withInterval(answer)}` : 'cannot be told'
		const other =
			againstMost && verdict && againstMost.verdict !== verdict
				? ` (against the group that is selected most: ${againstMost.verdict})`
				: ''
		return `${named(attribute, 60)} ${said}${other}`
	})
	if (!newer || impacts.length === 0) return head
	return `${head}\nSince then, disparate impact of ${windowName(newer.window.from, place.window)}: ${clip(impacts.join('; '), 1000)}`
}

/** How the groups of each attribute fare: verdict, differences with intervals, and selection rates as bars. */
export function biasMessage(data: ModelBias): SlackMessage {
	const { model, place, attributes, unseen, alike } = data
	const parts = attributes.map((a) => attributePart(a, data))
	const window = windowText(data)
	const missing = unseen.map(
		(name) =>
			`*${named(name)}*: no group of it is known in this window. Send it as a feature, or with \`POST .../groups\`.`,
	)
	const notes = [
		...(alike.length > 0
			? [
					`Intersections that do not differ by more than chance (q above 0.05): ${named(alike.join(', '), 600)}.`,
				]
			: []),
		'In brackets: 95% intervals. Bars are solid up to the low end of the interval, shaded up to its high end. q: chance, corrected for all comparisons of the window.',
	]
	const first = [
		header(`Fairness of ${model}`),
		context(placeText(place)),
		section(window),
		...(missing.length > 0 ? [section(lines(missing))] : []),
	]
	const rest = (n: number) =>
		`${n} more ${n === 1 ? 'attribute does' : 'attributes do'} not fit: add the name of one behind that of the model.`
	return {
		text: clip(
			[`Fairness of ${named(model)}`, window, ...missing, ...parts.map((p) => p.told)].join('\n'),
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
