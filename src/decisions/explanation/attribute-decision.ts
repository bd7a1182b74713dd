import type { Context } from '../../context.ts'
import type { Manifest } from '../../explain/manifest.ts'
import type { Model, Space } from '../../explain/model.ts'
import { checkSentAttributions, type SentCheck } from '../../explain/sent-attributions.ts'
import { estimateByEndpoint } from '../endpoint/estimate-by-endpoint.ts'
import { type FoundBackground, recordsOf } from './background.ts'
import {
	type AttributionPart,
	attributionPart,
	largestInteractions,
	rankedContributions,
	type Shown,
} from './contributions.ts'
import { chooseOutput } from './decision.ts'
import { type Explainer, explainerOf, type Opened } from './explainer.ts'
import type { ComparedWith, Explanation } from './explanation.schema.ts'
import type { ReadDecision } from './read-decision.ts'

export type AttributionQuery = {
	/** Multiclass: the class to explain. Default: the decided one. */
	output?: string | undefined
	/** Whether to return the largest SHAP interaction values. */
	interactions?: boolean | undefined
	/** Compared with the model's own expectations, or with a sample of all applicants. */
	method?: 'path-dependent' | 'interventional' | undefined
}

type AttributedPart = AttributionPart &
	Pick<Explanation, 'explanation' | 'interactions' | 'notes' | 'sent'> & {
		against: ComparedWith['contributions']
	}

const maxInteractions = 20

/** The part of an explanation without contributions. */
const nothingAttributed = (reason: string): AttributedPart => ({
	explanation: { status: 'unavailable', reason },
	against: null,
	method: null,
	space: null,
	output: null,
	base: null,
	margin: null,
	contributions: [],
	sumError: null,
	probability: null,
	notes: [],
	sent: null,
})

/**
 * The contributions from the most trusted source: the registered artefact, if it can be opened; else attributions that the
 * service sent, unless they do not add up; else an estimate from the model's endpoint. Never a surrogate model.
 */
export async function attributeDecision(
	context: Context,
	read: ReadDecision,
	found: FoundBackground,
	query: AttributionQuery,
): Promise<AttributedPart> {
	if (!('unavailable' in read.opened)) return attributeReplay(context, read, read.opened, found, query)
	const sent = sentPart(read, found)
	if (sent && sent.explanation.status !== 'unavailable') return sent
	const { manifest } = read
	const estimated = manifest.endpoint
		? await endpointPart(context, read, manifest.endpoint, found, query)
		: undefined
	if (estimated) return { ...estimated, sent: sent?.sent ?? null }
	return sent ?? nothingAttributed(read.opened.unavailable)
}

/** The registered artefact on the logged features: exact when its file was read, an estimate when only a runtime runs it. */
async function attributeReplay(
	context: Context,
	read: ReadDecision,
	opened: Opened,
	found: FoundBackground,
	query: AttributionQuery,
): Promise<AttributedPart> {
	const { replayed, stored, row } = read
	const { encoded, score } = replayed
	if (!encoded || !score) return nothingAttributed(replayed.reason ?? 'the decision cannot be replayed')
	const { shape, model, attribute } = explainerOf(context, opened)
	const output = chooseOutput(shape, query.output, read.rule, read.decision, replayed.margin ?? score)
	const attribution = await attribute(encoded.x, found, query.method)
	// Compared with what the file itself expects, not with a background that the sender may not have.
	const isOwn = model !== undefined && model.format !== 'onnx' && query.method !== 'interventional'
	if ('reason' in attribution) return { ...nothingAttributed(attribution.reason), notes: encoded.notes }
	const shown: Shown = { features: stored.features ?? {}, specs: row.features, background: found.content }
	return {
		explanation: { status: model ? 'exact' : 'estimate', reason: doubt(read) },
		against: isOwn ? 'model-file' : 'all-applicants',
		...attributionPart(shape, attribution, output, shown),
		notes: encoded.notes,
		...(query.interactions ? { interactions: interactionsOf(model, encoded.x, output) } : {}),
		sent: sentSummary(read, shape, {
			contributions: attribution.contributions[output] as Float64Array,
			...(isOwn && replayed.status === 'matched'
				? { base: attribution.base[output] as number, margin: attribution.margin[output] as number }
				: {}),
		}),
	}
}

const doubt = ({ replayed }: ReadDecision): string | null =>
	replayed.status === 'mismatched'
		? 'this explains the registered artefact, which did not give the logged score'
		: replayed.status === 'unavailable'
			? 'this explains the registered artefact; it is unknown whether it gave the decision'
			: null

function interactionsOf(model: Model | undefined, x: Float64Array, output: number) {
	const matrix = model?.interactions?.(x)?.[output]
	return model && matrix ? largestInteractions(model.features, matrix, maxInteractions) : []
}

/** Contributions of the model at the endpoint, if it still answers the logged score. */
async function endpointPart(
	context: Context,
	read: ReadDecision,
	endpoint: NonNullable<Manifest['endpoint']>,
	found: FoundBackground,
	query: AttributionQuery,
): Promise<AttributedPart> {
	const { stored, row, manifest, moment } = read
	const features = manifest.features ?? row.features.map((f) => f.name)
	const background = recordsOf(found.content, found.content.all)
	const answer = await estimateByEndpoint(context, {
		endpoint,
		manifest,
		registered: moment,
		features,
		prediction: stored,
		background,
	})
	if (answer.status !== 'estimated') return nothingAttributed(answer.reason)
	const { shape, attribution } = answer
	const output = chooseOutput(shape, query.output, read.rule, read.decision, attribution.margin)
	const shown: Shown = { features: stored.features ?? {}, specs: row.features, background: found.content }
	return {
		explanation: { status: 'estimate', reason: answer.reason },
		against: 'all-applicants',
		...attributionPart(shape, attribution, output, shown),
		notes: [],
		sent: null,
	}
}

const toSummary = ({ status, reason, compared }: SentCheck): NonNullable<Explanation['sent']> => ({
	status,
	reason,
	largest: compared?.largest ?? null,
	rankAgreement: compared?.rankAgreement ?? null,
})

/** Attributions that were sent with the prediction, compared with those of the artefact; null when none were sent. */
function sentSummary(
	{ stored, score }: ReadDecision,
	{ features, space }: Explainer['shape'],
	{ contributions, ...own }: { contributions: Float64Array; base?: number; margin?: number },
): Explanation['sent'] {
	if (stored.attributions === undefined) return null
	const ours = { features, contributions, space, ...own }
	return toSummary(checkSentAttributions({ attributions: stored.attributions, score, features, ours }))
}

/**
 * The sent attributions as the explanation, when there is no artefact; `unavailable` when they contradict the score.
 * Undefined when none were sent.
 */
function sentPart(read: ReadDecision, found: FoundBackground): AttributedPart | undefined {
	const { stored, score, row } = read
	if (stored.attributions === undefined) return undefined
	const features = row.features.map((f) => f.name)
	const check = checkSentAttributions({ attributions: stored.attributions, score, features })
	const isUsable = check.status === 'additive' || check.status === 'unknown'
	const names = Object.keys(check.contributions)
	const values = names.map((name) => check.contributions[name] as number)
	const shown = { features: stored.features ?? {}, specs: row.features, background: found.content }
	const sum = values.reduce((a, b) => a + b, 0)
	return {
		explanation: isUsable
			? { status: 'sent', reason: check.reason }
			: { status: 'unavailable', reason: `the sent attributions cannot be shown: ${check.reason}` },
		against: isUsable ? 'sender' : null,
		method: isUsable ? 'sent' : null,
		space: isUsable ? spaceOf(check, read) : null,
		output: null,
		base: isUsable ? check.base : null,
		margin: isUsable && check.base !== null ? check.base + sum : null,
		contributions: isUsable ? rankedContributions(names, values, shown) : [],
		sumError: isUsable ? check.sumError : null,
		probability: null,
		notes: [],
		sent: toSummary(check),
	}
}

function spaceOf({ space }: SentCheck, { rule }: ReadDecision): Space | null {
	const isScore = rule.task === 'binary' || rule.task === 'multiclass'
	if (space === 'score') return isScore ? 'probability' : 'value'
	if (space === 'margin') return isScore ? 'log-odds' : 'value'
	return space
}
