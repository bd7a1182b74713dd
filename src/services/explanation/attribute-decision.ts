import type { Context } from '../../context.ts'
import { AdditivityError, type Attribution, type Background, type Model } from '../../explain/model.ts'
import { chooseOutput } from './choose-output.ts'
import { type AttributionPart, attributionPart, largestInteractions, type Shown } from './contributions.ts'
import type { Explanation } from './explanation.ts'
import type { FoundBackground } from './find-background.ts'
import type { ReadDecision } from './read-decision.ts'
import { compareWith } from './shap-background.ts'

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

/** Exact values of the registered artefact for the logged features. */
export function attributeExactly(
	context: Context,
	read: ReadDecision,
	found: FoundBackground,
	query: AttributionQuery,
): AttributedPart {
	const { opened, replayed, stored, row } = read
	if (!('model' in opened) || !replayed.encoded || !replayed.margin)
		return nothingAttributed(replayed.reason ?? 'the decision cannot be replayed')
	const { model } = opened
	const output = chooseOutput(model, query.output, read.rule, read.decision, replayed.margin)
	const chosen = backgroundOf(model, found, query)
	if ('reason' in chosen) return nothingAttributed(chosen.reason)
	const attribution = explained(context, model, replayed.encoded.x, chosen.background)
	if (!attribution)
		return nothingAttributed(
			'base and contributions do not add up to the margin: rather than a wrong explanation there is none. Report this with the id of the prediction',
		)
	const shown: Shown = { features: stored.features ?? {}, specs: row.features, background: found.content }
	return {
		explanation: { status: 'exact', reason: exactButFor(read) },
		...attributionPart(model, attribution, output, shown),
		notes: replayed.encoded.notes,
		...(query.interactions ? { interactions: interactionsOf(model, replayed.encoded.x, output) } : {}),
	}
}

const exactButFor = ({ replayed }: ReadDecision): string | null =>
	replayed.status === 'mismatched'
		? 'this explains the registered artefact, which did not give the logged score'
		: replayed.status === 'unavailable'
			? 'this explains the registered artefact; whether it gave the decision cannot be told'
			: null

function backgroundOf(
	model: Model,
	found: FoundBackground,
	{ method }: AttributionQuery,
): { background: Background | undefined } | { reason: string } {
	if (method !== 'interventional') return { background: undefined }
	const compared = compareWith(model, found, ['all-applicants'])
	if (compared) return { background: compared.background }
	return {
		reason: `interventional values need 30 logged applicants that the model can take; ${found.content.all.length} are known`,
	}
}

/** Undefined when it does not add up: that is a fault of ours, for the log. */
export function explained(
	context: Context,
	model: Model,
	x: Float64Array,
	background: Background | undefined,
): Attribution | undefined {
	try {
		return model.explain(x, background)
	} catch (error) {
		if (!(error instanceof AdditivityError)) throw error
		context.logger.error('an explanation does not add up', { error: error.message, format: model.format })
		return undefined
	}
}

const interactionsOf = (model: Model, x: Float64Array, output: number) => {
	const matrix = model.interactions?.(x)[output]
	return matrix ? largestInteractions(model.features, matrix, mostInteractions) : []
}
