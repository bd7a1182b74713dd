import type { Context } from '../../context.ts'
import type { Model } from '../../explain/model.ts'
import { chooseOutput } from './choose-output.ts'
import { type AttributionPart, attributionPart, largestInteractions, type Shown } from './contributions.ts'
import { explainerOf } from './explainer.ts'
import type { Explanation } from './explanation.ts'
import type { FoundBackground } from './find-background.ts'
import type { ReadDecision } from './read-decision.ts'

export type AttributionQuery = {
	/** Multiclass: the class to explain. Default: the decided one. */
	output?: string | undefined
	/** Whether to answer the largest SHAP interaction values. */
	interactions?: boolean | undefined
	/** Against the model's own expectations, or against a sample of all applicants. */
	method?: 'path-dependent' | 'interventional' | undefined
}

export type AttributedPart = AttributionPart & Pick<Explanation, 'explanation' | 'interactions' | 'notes'>

const mostInteractions = 20

/** The answer where nothing can be said of the contributions. */
export const nothingAttributed = (reason: string): AttributedPart => ({
	explanation: { status: 'unavailable', reason },
	method: null,
	space: null,
	output: null,
	base: null,
	margin: null,
	contributions: [],
	sumError: null,
	probability: null,
	notes: [],
})

/** What the registered artefact makes of the logged features: exact where it was read, an estimate where it is only run. */
export async function attributeReplay(
	context: Context,
	read: ReadDecision,
	found: FoundBackground,
	query: AttributionQuery,
): Promise<AttributedPart> {
	const { opened, replayed, stored, row } = read
	const { encoded, score } = replayed
	if ('unavailable' in opened || !encoded || !score)
		return nothingAttributed(replayed.reason ?? 'the decision cannot be replayed')
	const { shape, model, attribute } = explainerOf(context, opened)
	const output = chooseOutput(shape, query.output, read.rule, read.decision, replayed.margin ?? score)
	const attribution = await attribute(encoded.x, found, query.method)
	if ('reason' in attribution) return { ...nothingAttributed(attribution.reason), notes: encoded.notes }
	const shown: Shown = { features: stored.features ?? {}, specs: row.features, background: found.content }
	return {
		explanation: { status: model ? 'exact' : 'estimate', reason: doubt(read) },
		...attributionPart(shape, attribution, output, shown),
		notes: encoded.notes,
		...(query.interactions ? { interactions: interactionsOf(model, encoded.x, output) } : {}),
	}
}

const doubt = ({ replayed }: ReadDecision): string | null =>
	replayed.status === 'mismatched'
		? 'this explains the registered artefact, which did not give the logged score'
		: replayed.status === 'unavailable'
			? 'this explains the registered artefact; whether it gave the decision cannot be told'
			: null

function interactionsOf(model: Model | undefined, x: Float64Array, output: number) {
	const matrix = model?.interactions?.(x)[output]
	return model && matrix ? largestInteractions(model.features, matrix, mostInteractions) : []
}
