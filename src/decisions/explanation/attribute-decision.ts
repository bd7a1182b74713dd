import type { Context } from '../../context.ts'
import type { Manifest } from '../../explain/manifest.ts'
import type { Model } from '../../explain/model.ts'
import { estimateByEndpoint } from '../endpoint/estimate-by-endpoint.ts'
import { recordsOf } from './background.ts'
import { chooseOutput } from './choose-output.ts'
import { type AttributionPart, attributionPart, largestInteractions, type Shown } from './contributions.ts'
import { explainerOf, type Opened } from './explainer.ts'
import type { ComparedWith, Explanation } from './explanation.schema.ts'
import type { FoundBackground } from './find-background.ts'
import type { ReadDecision } from './read-decision.ts'
import { sentPart, sentSummary } from './sent-part.ts'

export type AttributionQuery = {
	/** Multiclass: the class to explain. Default: the decided one. */
	output?: string | undefined
	/** Whether to answer the largest SHAP interaction values. */
	interactions?: boolean | undefined
	/** Against the model's own expectations, or against a sample of all applicants. */
	method?: 'path-dependent' | 'interventional' | undefined
}

export type AttributedPart = AttributionPart &
	Pick<Explanation, 'explanation' | 'interactions' | 'notes' | 'sent'> & {
		against: ComparedWith['contributions']
	}

const maxInteractions = 20

/** The answer where nothing can be said of the contributions. */
export const nothingAttributed = (reason: string): AttributedPart => ({
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
 * In the order of trust: the registered artefact, if it can be opened; attributions that the service sent, unless they do
 * not add up; an estimate by the model's own endpoint. Never a surrogate shown as the model.
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

/** What the registered artefact makes of the logged features: exact where it was read, an estimate where it is only run. */
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
	// From what the file itself expects, not from a background that the sender need not have.
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
			? 'this explains the registered artefact; whether it gave the decision cannot be told'
			: null

function interactionsOf(model: Model | undefined, x: Float64Array, output: number) {
	const matrix = model?.interactions?.(x)?.[output]
	return model && matrix ? largestInteractions(model.features, matrix, maxInteractions) : []
}

/** Contributions of the model behind the endpoint, if it still answers the logged score. */
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
