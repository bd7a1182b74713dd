import { signedChart } from '../../charts/text-charts.ts'
import { type Drawn, valueText } from '../../decisions/explanation/draw-explanation.ts'
import type {
	Contribution,
	Counterfactual,
	Explanation,
} from '../../decisions/explanation/explanation.schema.ts'
import { limits } from '../limits.ts'
import { figure } from './figure.ts'
import {
	type Block,
	button,
	clip,
	clipPlain,
	code,
	context,
	fitParts,
	header,
	lines,
	named,
	plain,
	type SlackMessage,
	section,
	shortTime,
} from './text.ts'

const longest = 400
const maxBars = 10
const maxIncidents = 3

const known = (value: number | null): string => (value === null ? 'unknown' : figure(value))
/** A reason inside a sentence. */
const inSentence = (reason: string): string => named(reason.replace(/\.+$/, ''), longest)
const because = (reason: string | null): string => (reason === null ? '' : `: ${inSentence(reason)}`)

/** A warning at the top, unless the registered model gives exactly the logged score. */
function replayText({ replay }: Explanation): string {
	if (replay.status === 'matched') return ''
	if (replay.status === 'mismatched')
		return `:red_circle: *The replay does not match.* The registered model gives ${known(replay.replayed)}, the logged score is ${known(replay.logged)}${because(replay.reason)}. The model in service is not the registered one. This is an incident; everything below is about the registered model.`
	return `:warning: *The decision could not be replayed*${because(replay.reason)}.`
}

function decisionText({
	score,
	decision,
	adverse,
	threshold,
	output,
	timestamp,
	replay,
}: Explanation): string {
	const decided = decision === null ? '*No decision was logged*' : `*Decision ${named(decision)}*`
	const how = adverse === null ? '' : adverse ? ', against the applicant' : ', for the applicant'
	const of = output === null ? '' : ` (explained: ${named(output)})`
	const cut = threshold === null ? '' : `; the cut-off was ${figure(threshold)}`
	const replayed = replay.status === 'matched' ? ' The replay matches the logged score.' : ''
	return `${decided}${how}: score *${known(score)}*${of}${cut}, ${shortTime(timestamp)}.${replayed}`
}

const withoutReasons: Record<Explanation['reasonsStatus']['status'], string> = {
	ok: 'none',
	incomplete: 'none can be given',
	'not-adverse': 'none needed: the decision was in favour of the applicant',
	withheld: 'withheld',
	insufficient: 'none yet',
	unavailable: 'none',
	failed: 'none can be given',
}

function reasonsText({ reasons, reasonsStatus: { status, reason }, reasonTable }: Explanation): string {
	if (reasons.length === 0) return `*Reasons*: ${withoutReasons[status]}${because(reason)}.`
	const all = reasons.map(
		({ code: id, text }, i) => `${i + 1}. ${named(text, longest)} (\`${named(id.replaceAll('`', "'"))}\`)`,
	)
	const table = reasonTable ? `, in the words of table ${reasonTable.revision}` : ''
	return lines([`*Reasons*${table}${status === 'ok' ? '' : ` (${status}${because(reason)})`}`, ...all])
}

const mayShow = (c: Contribution): boolean => 'value' in c

const longestPart = 32
const longestValue = 14
const oneLine = (text: string): string => text.replace(/\s+/g, ' ')

/** The name of a feature, with its value if it may be shown. */
function partName(c: Contribution): string {
	const value = mayShow(c) ? ` = ${clip(oneLine(valueText(c.value)), longestValue)}` : ''
	return clip(oneLine(c.feature), longestPart - value.length) + value
}

const signed = (value: number): string => (value > 0 ? `+${figure(value)}` : figure(value))

const percentileKey =
	'p97: the value is higher than those of 97% of approved applicants. 12% same: 12% of them have the same value.'

/** The percentile rank of a value among approved applicants, or the share with the same value. */
function rankText({ percentile, share, standardError }: Contribution): string {
	if (standardError !== undefined) return ` ±${figure(standardError)}`
	if (typeof percentile === 'number') return ` p${Math.round(percentile)}`
	return typeof share === 'number' ? ` ${figure(share)}% same` : ''
}

/** The contribution of each feature, as bars and in a sentence. */
export function contributionBlocks(
	{
		contributions,
		base,
		margin,
		space,
		method,
	}: Pick<Explanation, 'contributions' | 'base' | 'margin' | 'space' | 'method'>,
	name = 'Contributions',
): { blocks: Block[]; plainText: string } {
	if (base === null || margin === null || contributions.length === 0) return { blocks: [], plainText: '' }
	const shown = contributions.slice(0, maxBars)
	const rest = contributions.slice(maxBars)
	const others = rest.reduce((sum, c) => sum + c.contribution, 0)
	const parts = [
		...shown.map((c) => ({ name: partName(c), value: c.contribution, suffix: rankText(c) })),
		...(rest.length > 0 ? [{ name: `${rest.length} other features`, value: others, suffix: '' }] : []),
	]
	const width = Math.max(...parts.map((p) => signed(p.value).length))
	const bars = parts.map((p) => ({ ...p, note: signed(p.value).padStart(width) + p.suffix }))
	const head = `*${name}* in ${space ?? 'the model’s units'}, from a base of ${figure(base)} to ${figure(margin)}${method === null ? '' : ` (${named(method)})`}`
	const plainText = parts.map((p) => `${p.name} ${signed(p.value)}${p.suffix}`).join(', ')
	const key = parts.some((p) => /p\d|same/.test(p.suffix)) ? [context(percentileKey)] : []
	return {
		blocks: [section(head), code(signedChart(bars)), ...key],
		plainText: `${head}: ${named(plainText, 1200)}`,
	}
}

function contributionPart(explanation: Explanation): { blocks: Block[]; plainText: string } {
	const { status, reason } = explanation.explanation
	const part = contributionBlocks(explanation)
	if (part.blocks.length === 0) {
		const text = `*Contributions*: not available${because(reason)}.`
		return { blocks: [section(text)], plainText: text }
	}
	if (status === 'exact') return part
	const kind =
		status === 'sent'
			? ':information_source: As sent by the service with the prediction'
			: ':warning: An estimate, not exact'
	const note = `${kind}${because(reason)}.`
	return { blocks: [...part.blocks, context(note)], plainText: `${part.plainText} ${note}` }
}

function changeText({ changes, from, score, decision, proven }: Counterfactual): string {
	const moves = Object.entries(changes).map(([feature, to]) => {
		const was = Object.hasOwn(from, feature) ? ` from ${clip(valueText(from[feature]), 60)}` : ''
		return `${clip(feature, 60)}${was} to ${clip(valueText(to), 60)}`
	})
	return `• ${named(moves.join(', '), 600)}: score ${figure(score)}, decision ${named(decision)}${proven ? ' (no smaller change does)' : ' (a smaller one may exist)'}`
}

const withoutChanges: Record<Explanation['counterfactualsStatus']['status'], string> = {
	ok: '',
	none: 'none found within the limits',
	'not-adverse': '',
	withheld: 'withheld',
	unavailable: 'unknown',
	hidden: 'not visible to your role',
}

function changesText({ counterfactuals, counterfactualsStatus: { status, reason } }: Explanation): string {
	if (counterfactuals.length > 0)
		return lines(['*What would have changed it*', ...counterfactuals.map(changeText)])
	const why = withoutChanges[status]
	if (why === '') return ''
	return `*What would have changed it*: ${status === 'none' && reason !== null ? inSentence(reason) : why + because(reason)}.`
}

function incidentsText({ incidents }: Explanation): string {
	if (incidents.length === 0) return 'No incident was open on the model at that time.'
	const all = incidents
		.slice(0, maxIncidents)
		.map(
			({ id, title, severity, openedAt }) =>
				`• ${named(severity)}: ${named(title, 200)} (\`${named(id)}\`, open since ${shortTime(openedAt)})`,
		)
	const more = incidents.length > maxIncidents ? [`… and ${incidents.length - maxIncidents} more`] : []
	return lines([':warning: *An incident was open at that time*', ...all, ...more])
}

function notesText({ notes, sent, explanation }: Explanation): string {
	const all = notes.map(({ feature, message }) => `• ${named(feature)}: ${named(message, 200)}`)
	const isOdd = sent !== null && sent.status !== 'additive' && explanation.status === 'exact'
	if (isOdd)
		all.push(
			`• The service sent its own attributions, ${sent.status.replace('-', ' ')}${because(sent.reason)}.`,
		)
	return all.length === 0 ? '' : lines(['*Caveats*', ...all])
}

/** Version, artefact, data and proof, as far as they are known. */
function originText({ lineage, version, proof }: Explanation): string {
	const { artifact, run, dataset, commit, deployment } = lineage
	const parts = [
		`version ${version}`,
		artifact ? `artefact ${artifact.format} sha256 ${artifact.sha256}` : 'no artefact',
		...(deployment?.as ? [`${deployment.as} since ${shortTime(deployment.since)}`] : []),
		...(run === null ? [] : [`run ${run}`]),
		...(dataset === null ? [] : [`data ${dataset}`]),
		...(commit === null ? [] : [`commit ${commit}`]),
		`this look-up is ledger entry ${proof.lookup.index}`,
	]
	return parts.map((part) => named(part, 200)).join(' · ')
}

/** Each sentence once: the reason why the replay failed is at the top and is also the reason why other parts are missing. */
function withoutRepeats(explanation: Explanation): Explanation {
	const { replay } = explanation
	const before = new Set<string>()
	const once = <S extends { reason: string | null }>(part: S): S => {
		if (part.reason === null) return part
		const shorter = replay.reason === null ? part.reason : part.reason.replaceAll(`: ${replay.reason}`, '')
		const sentences = shorter
			.split(/(?<=[.!?]) /)
			.filter((s) => s !== '' && s !== replay.reason && !before.has(s))
		for (const sentence of sentences) before.add(sentence)
		return { ...part, reason: sentences.join(' ') || null }
	}
	return {
		...explanation,
		explanation: once(explanation.explanation),
		reasonsStatus: once(explanation.reasonsStatus),
		counterfactualsStatus: once(explanation.counterfactualsStatus),
	}
}

const populations = {
	'model-file': 'what the model file expects',
	'all-applicants': 'a sample of all applicants',
	'approved-near-cut-off': 'approved applicants near the cut-off',
	sender: 'what the service chose',
} as const

/** What the parts compare with, if it is not the same for all. */
function comparedText({ comparedWith: { contributions, reasons } }: Explanation): string {
	if (contributions === null || reasons === null || contributions === reasons) return ''
	return `Contributions compare with ${populations[contributions]}, reasons with ${populations[reasons]}.`
}

/** The whole explanation of a score. `question` is the opaque id in the buttons. */
export function explanationMessage(whole: Explanation, question: string): SlackMessage {
	const explanation = withoutRepeats(whole)
	const { model, predictionId, environment, contributions } = explanation
	const title = `Why ${predictionId} in ${model}`
	const part = contributionPart(explanation)
	const before = [replayText(explanation), decisionText(explanation), reasonsText(explanation)]
	const after = [
		comparedText(explanation),
		changesText(explanation),
		incidentsText(explanation),
		notesText(explanation),
	]
	const present = (texts: string[]) => texts.filter((t) => t !== '')
	const origin = originText(explanation)
	const buttons = [
		...(contributions.some(mayShow) ? [button('why_what_if', 'What if', question)] : []),
		button('why_report', 'Report', question),
	]
	const plainText = [named(title, 300), ...present(before), part.plainText, ...present(after), origin]
	return {
		text: clip(plainText.join('\n'), limits.messageText),
		blocks: fitParts(
			[header(title), context(`${named(model)} in ${named(environment, 60)}`)],
			[...present(before).map((t) => [section(t)]), part.blocks, ...present(after).map((t) => [section(t)])],
			[context(origin), { type: 'actions', elements: buttons }],
			(n) => `${n} more ${n === 1 ? 'part does' : 'parts do'} not fit into one message.`,
		),
	}
}

/** The uploaded picture, with a text that says all that it shows. */
export const pictureMessage = (file: string, { title, alt }: Drawn): SlackMessage => ({
	text: clip(named(alt, limits.messageText), limits.messageText),
	blocks: [
		{
			type: 'image',
			slack_file: { id: file },
			alt_text: clipPlain(alt, limits.altText),
			title: plain(title, limits.imageTitle),
		},
	],
})
