import { html, raw } from 'hono/html'
import { drawExplanation, valueText } from '../decisions/explanation/draw-explanation.ts'
import type {
	Contribution,
	Counterfactual,
	Explanation,
} from '../decisions/explanation/explanation.schema.ts'
import type { Reply } from '../http/endpoint.ts'
import { facts, type Html, page, table, time } from './page.ts'

const digits = (value: number | null): string =>
	value === null ? 'unknown' : String(Number(value.toPrecision(4)))
const signed = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(3)}`

/** The explanation of a score: warnings first, then the decision, its reasons and contributions. */
export function explanationPage(explanation: Explanation): Promise<Reply> {
	const { predictionId, model, decision, adverse } = explanation
	const how = adverse === null ? '' : adverse ? 'against the applicant' : 'for the applicant'
	return page(
		200,
		`Why prediction ${predictionId} was decided ${how || 'as it was'}`,
		html`${doubts(explanation)}
${facts([
	['Decision', decision === null ? 'none' : [decision, how].filter(Boolean).join(', ')],
	[
		'Score',
		`${digits(explanation.score)}${explanation.threshold === null ? '' : `, threshold ${digits(explanation.threshold)}`}`,
	],
	['Decided', time(explanation.timestamp)],
	['Model', `${model} version ${explanation.version}, ${explanation.environment}`],
	['Replay', explanation.replay.status === 'matched' ? 'the registered file gives the same score' : null],
])}
<h2>Principal reasons</h2>
${reasons(explanation)}
<h2>Contributions to the score</h2>
${picture(explanation)}
${contributions(explanation)}
<h2>What would have changed the decision</h2>
${changes(explanation)}
<h2>Where it comes from</h2>
${origin(explanation)}
<p><a href="/incidents">All incidents</a> · <a href="${jsonAddress(explanation)}">The same as JSON</a></p>`,
	)
}

const jsonAddress = ({ model, predictionId }: Explanation): string =>
	`/v1/models/${encodeURIComponent(model)}/predictions/${encodeURIComponent(predictionId)}/explanation`

function doubts({ replay, explanation, incidents, notes }: Explanation): Html {
	const texts = [
		replay.status === 'mismatched' &&
			`The registered model gives ${digits(replay.replayed)}, but the logged score is ${digits(replay.logged)}. ${replay.reason ?? ''}`,
		replay.status === 'unavailable' && `The decision was not replayed. ${replay.reason ?? ''}`,
		explanation.status === 'estimate' && `The contributions are an estimate. ${explanation.reason ?? ''}`,
		explanation.status === 'sent' &&
			`The contributions are those sent by the service. ${explanation.reason ?? ''}`,
		...notes.map(({ feature, message }) => `${feature}: ${message}`),
	].filter((text) => text !== false)
	return html`${incidents.map((i) => html`<p class="note warn"><strong>An incident was open at that time:</strong> <a href="/incidents/${encodeURIComponent(i.id)}">${i.title}</a> (${i.severity})</p>`)}
${texts.map((text) => html`<p class="note warn">${text}</p>`)}`
}

function reasons({ reasons, reasonsStatus, reasonTable }: Explanation): Html {
	const { status, reason } = reasonsStatus
	const why = reason === null ? '' : ` ${reason}`
	const note = status === 'ok' ? '' : html`<p class="note">${status}.${why}</p>`
	if (reasons.length === 0) return status === 'ok' ? html`<p>None.</p>` : html`${note}`
	return html`${note}<ol>${reasons.map((r) => html`<li>${r.text} <small>(${r.code}: ${r.features.join(', ')})</small></li>`)}</ol>
${reasonTable === null ? '' : html`<p><small>In the approved words of reason table ${reasonTable.revision}.</small></p>`}`
}

/** The waterfall of `explanation.svg`, whose texts are escaped where it is drawn. */
function picture(explanation: Explanation): Html {
	const drawn = drawExplanation(explanation)
	if (!drawn) return html`<p>There is nothing to draw. ${explanation.explanation.reason ?? ''}</p>`
	return html`<div class="scroll" role="region" aria-label="Waterfall of the contributions" tabindex="0">${raw(drawn.svg)}</div>`
}

const rankText = ({ percentile, share }: Contribution): string => {
	if (typeof percentile === 'number') return `above ${Math.round(percentile)}%`
	return typeof share === 'number' ? `${digits(share)}% have the same` : ''
}

function contributions({ contributions, base, margin, space, probability }: Explanation): Html {
	if (contributions.length === 0 || base === null || margin === null) return html``
	const hasValues = contributions.some((c) => 'value' in c)
	const columns = [
		{ name: 'Feature' },
		...(hasValues ? [{ name: 'Value', isNumber: true }] : []),
		{ name: `Effect in ${space}`, isNumber: true },
		...(probability ? [{ name: 'Effect in probability', isNumber: true }] : []),
		...(hasValues ? [{ name: 'Among approved applicants', isNumber: true }] : []),
	]
	const rows = contributions.map((c) => [
		c.feature,
		...(hasValues ? [valueText(c.value)] : []),
		signed(c.contribution),
		...(probability ? [c.probability === undefined ? '' : signed(c.probability)] : []),
		...(hasValues ? [rankText(c)] : []),
	])
	return table(`From a base of ${digits(base)} to ${digits(margin)} ${space}`, columns, rows)
}

const changesOf = ({ changes, from }: Counterfactual): string =>
	Object.entries(changes)
		.map(([feature, to]) => `${feature} from ${valueText(from[feature])} to ${valueText(to)}`)
		.join(', ')

function changes({ counterfactuals, counterfactualsStatus: { status, reason } }: Explanation): Html {
	if (counterfactuals.length === 0)
		return html`<p>${reason ?? (status === 'not-adverse' ? 'The decision was in favour of the applicant.' : 'Nothing was found.')}</p>`
	return table(
		'The smallest changes, each replayed with the model',
		[
			{ name: 'Change' },
			{ name: 'Score', isNumber: true },
			{ name: 'Decision' },
			{ name: 'Smallest change' },
		],
		counterfactuals.map((c) => [changesOf(c), digits(c.score), c.decision, c.proven ? 'proven' : 'unknown']),
	)
}

function origin({ lineage, background, proof, method }: Explanation): Html {
	const { artifact, run, dataset, commit, deployment } = lineage
	const code = (text: string | null) => (text === null ? null : html`<code>${text}</code>`)
	return facts([
		['Model file', artifact && html`${artifact.format}, <code>${artifact.sha256}</code>`],
		['Method', method],
		['Training run', code(run)],
		['Data', code(dataset)],
		['Commit', code(commit)],
		['Served as', deployment?.as ? html`${deployment.as} since ${time(deployment.since)}` : null],
		[
			'Compared with',
			background &&
				html`${background.approved} approved applicants, ${time(background.from)} to ${time(background.to)}`,
		],
		['Ledger', html`this look-up is entry ${proof.lookup.index}, <code>${proof.lookup.leafHash}</code>`],
	])
}
