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
/** A reason in the midst of a sentence. */
const said = (reason: string): string => named(reason.replace(/\.+$/, ''), longest)
const because = (reason: string | null): string => (reason === null ? '' : `: ${said(reason)}`)

/** What stands before all else unless the registered model gave exactly what was logged. */
function replayText({ replay }: Explanation): string {
	if (replay.status === 'matched') return ''
	if (replay.status === 'mismatched')
		return `:red_circle: *The replay does not match.* The registered model answers ${known(replay.replayed)}, logged was ${known(replay.logged)}${because(replay.reason)}. The model that served is not the one that is registered: that is an incident, and what follows is about the registered one.`
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
	const replayed = replay.status === 'matched' ? ' The replay gives the logged score.' : ''
	return `${decided}${how}: score *${known(score)}*${of}${cut}, ${shortTime(timestamp)}.${replayed}`
}

const withoutReasons: Record<Explanation['reasonsStatus']['status'], string> = {
	ok: 'none',
	incomplete: 'none could be given',
	'not-adverse': 'none needed, as the decision went the applicant’s way',
	withheld: 'withheld',
	insufficient: 'none yet',
	unavailable: 'none',
	failed: 'none could be given',
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

/** Name, and value where it may be shown, of one contribution; each keeps a part of the room. */
function partName(c: Contribution): string {
	const value = mayShow(c) ? ` = ${clip(oneLine(valueText(c.value)), longestValue)}` : ''
	return clip(oneLine(c.feature), longestPart - value.length) + value
}

const signed = (value: number): string => (value > 0 ? `+${figure(value)}` : figure(value))

const standingKey =
	'p97: the value is above those of 97% of approved applicants. 12% same: as many of them have the same value.'

/** Where a value stands among approved applicants. */
function standing({ percentile, share, standardError }: Contribution): string {
	if (standardError !== undefined) return ` ±${figure(standardError)}`
	if (typeof percentile === 'number') return ` p${Math.round(percentile)}`
	return typeof share === 'number' ? ` ${figure(share)}% same` : ''
}

/** What each feature did, as bars, and in a sentence. */
export function contributionBlocks(
	{
		contributions,
		base,
		margin,
		space,
		method,
	}: Pick<Explanation, 'contributions' | 'base' | 'margin' | 'space' | 'method'>,
	name = 'Contributions',
): { blocks: Block[]; told: string } {
	if (base === null || margin === null || contributions.length === 0) return { blocks: [], told: '' }
	const shown = contributions.slice(0, maxBars)
	const rest = contributions.slice(maxBars)
	const others = rest.reduce((sum, c) => sum + c.contribution, 0)
	const parts = [
		...shown.map((c) => ({ name: partName(c), value: c.contribution, behind: standing(c) })),
		...(rest.length > 0 ? [{ name: `${rest.length} other features`, value: others, behind: '' }] : []),
	]
	const width = Math.max(...parts.map((p) => signed(p.value).length))
	const bars = parts.map((p) => ({ ...p, note: signed(p.value).padStart(width) + p.behind }))
	const head = `*${name}* in ${space ?? 'the model’s units'}, from a base of ${figure(base)} to ${figure(margin)}${method === null ? '' : ` (${named(method)})`}`
	const told = parts.map((p) => `${p.name} ${signed(p.value)}${p.behind}`).join(', ')
	const key = parts.some((p) => /p\d|same/.test(p.behind)) ? [context(standingKey)] : []
	return { blocks: [section(head), code(signedChart(bars)), ...key], told: `${head}: ${named(told, 1200)}` }
}

function contributionPart(explanation: Explanation): { blocks: Block[]; told: string } {
	const { status, reason } = explanation.explanation
	const part = contributionBlocks(explanation)
	if (part.blocks.length === 0) {
		const text = `*Contributions*: not available${because(reason)}.`
		return { blocks: [section(text)], told: text }
	}
	if (status === 'exact') return part
	const kind =
		status === 'sent'
			? ':information_source: As the service sent them with the prediction'
			: ':warning: An estimate, not exact'
	const note = `${kind}${because(reason)}.`
	return { blocks: [...part.blocks, context(note)], told: `${part.told} ${note}` }
}

function changeText({ changes, from, score, decision, proven }: Counterfactual): string {
	const moves = Object.entries(changes).map(([feature, to]) => {
		const was = Object.hasOwn(from, feature) ? ` from ${clip(valueText(from[feature]), 60)}` : ''
		return `${clip(feature, 60)}${was} to ${clip(valueText(to), 60)}`
	})
	return `• ${named(moves.join(', '), 600)}: score ${figure(score)}, decision ${named(decision)}${proven ? ' (no nearer change does)' : ' (a nearer one may exist)'}`
}

const withoutChanges: Record<Explanation['counterfactualsStatus']['status'], string> = {
	ok: '',
	none: 'none found within the limits',
	'not-adverse': '',
	withheld: 'withheld',
	unavailable: 'cannot be told',
	hidden: 'not for your role',
}

function changesText({ counterfactuals, counterfactualsStatus: { status, reason } }: Explanation): string {
	if (counterfactuals.length > 0)
		return lines(['*What would have changed it*', ...counterfactuals.map(changeText)])
	const why = withoutChanges[status]
	if (why === '') return ''
	return `*What would have changed it*: ${status === 'none' && reason !== null ? said(reason) : why + because(reason)}.`
}

function incidentsText({ incidents }: Explanation): string {
	if (incidents.length === 0) return 'No incident was open on the model at that moment.'
	const all = incidents
		.slice(0, maxIncidents)
		.map(
			({ id, title, severity, openedAt }) =>
				`• ${named(severity)}: ${named(title, 200)} (\`${named(id)}\`, open since ${shortTime(openedAt)})`,
		)
	const more = incidents.length > maxIncidents ? [`… and ${incidents.length - maxIncidents} more`] : []
	return lines([':warning: *An incident was open at that moment*', ...all, ...more])
}

function notesText({ notes, sent, explanation }: Explanation): string {
	const all = notes.map(({ feature, message }) => `• ${named(feature)}: ${named(message, 200)}`)
	const isOdd = sent !== null && sent.status !== 'additive' && explanation.status === 'exact'
	if (isOdd)
		all.push(
			`• The service sent attributions of its own, ${sent.status.replace('-', ' ')}${because(sent.reason)}.`,
		)
	return all.length === 0 ? '' : lines(['*To be careful about*', ...all])
}

/** Version, artefact, data and proof, each as far as it is known. */
function originText({ lineage, version, proof }: Explanation): string {
	const { artifact, run, dataset, commit, deployment } = lineage
	const parts = [
		`version ${version}`,
		artifact ? `artefact ${artifact.format} sha256 ${artifact.sha256}` : 'no artefact',
		...(deployment?.as ? [`${deployment.as} since ${shortTime(deployment.since)}`] : []),
		...(run === null ? [] : [`run ${run}`]),
		...(dataset === null ? [] : [`data ${dataset}`]),
		...(commit === null ? [] : [`commit ${commit}`]),
		`this look-up is entry ${proof.lookup.index} of the ledger`,
	]
	return parts.map((part) => named(part, 200)).join(' · ')
}

/** Every sentence once: why the decision does not replay stands at the top and is why other parts are not there. */
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

/** Whom the parts compare with, where they do not all compare with the same. */
function comparedText({ comparedWith: { contributions, reasons } }: Explanation): string {
	if (contributions === null || reasons === null || contributions === reasons) return ''
	return `Contributions compare with ${populations[contributions]}, reasons with ${populations[reasons]}.`
}

/** The whole answer to "why was this score given?". `question` is the opaque id that the buttons carry. */
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
	const told = [named(title, 300), ...present(before), part.told, ...present(after), origin]
	return {
		text: clip(told.join('\n'), limits.messageText),
		blocks: fitParts(
			[header(title), context(`${named(model)} in ${named(environment, 60)}`)],
			[...present(before).map((t) => [section(t)]), part.blocks, ...present(after).map((t) => [section(t)])],
			[context(origin), { type: 'actions', elements: buttons }],
			(n) => `${n} more ${n === 1 ? 'part does' : 'parts do'} not fit into one message.`,
		),
	}
}

/** The picture, once Slack has it; its words carry all that it shows. */
export const pictureMessage = (file: string, { title, alt }: Drawn): SlackMessage => ({
	text: clip(named(alt, limits.messageText), limits.messageText),
	blocks: [
		{
			type: 'image',
			slack_file: { id: file },
			alt_text: clip(alt, limits.altText),
			title: plain(title, limits.imageTitle),
		},
	],
})
