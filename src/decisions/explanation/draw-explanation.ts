import { figure } from '../../charts/number-text.ts'
import { altText, type Waterfall, waterfallSvg } from '../../charts/waterfall.ts'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { explainPrediction } from './explain-prediction.ts'
import type { Explanation } from './explanation.schema.ts'

/** A picture of an explanation, and the same in words in at most 2,000 characters. */
export type Drawn = { title: string; svg: string; alt: string }

/** The waterfall of an explanation, with its feature values if it has them; undefined when nothing was explained. */
export function drawExplanation(explanation: Explanation): Drawn | undefined {
	const { base, margin, space, contributions } = explanation
	if (base === null || margin === null || space === null) return undefined
	const cutOff = cutOffOf(explanation)
	const data: Waterfall = {
		title: titleOf(explanation),
		subtitle: subtitleOf(explanation),
		space,
		isProbability: explanation.probability !== null,
		base,
		margin,
		bars: contributions.map((c) => ({
			name: c.feature,
			contribution: c.contribution,
			...('value' in c ? { value: valueText(c.value) } : {}),
		})),
		...(cutOff === undefined ? {} : { cutOff }),
	}
	return { title: data.title, svg: waterfallSvg(data), alt: altText(data) }
}

/** A feature's value as people read it: whole numbers in full, others with three digits. */
export function valueText(value: unknown): string {
	if (value === null || value === undefined) return 'missing'
	if (typeof value === 'number' && !Number.isInteger(value))
		return Math.abs(value) >= 1000 ? String(Math.round(value)) : figure(value)
	return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** A replay that does not match comes first: the drawn model did not give the logged score. */
function titleOf({ score, decision, adverse, replay, output }: Explanation): string {
	if (replay.status === 'mismatched')
		return `The registered model answers ${figureOf(replay.replayed)}; logged was ${figureOf(replay.logged)}`
	const how = adverse === null ? '' : adverse ? ', against the applicant' : ', for the applicant'
	const decided = decision === null ? '' : `Decision ${decision}${how}: `
	const of = output === null ? '' : ` of ${output}`
	return `${decided}${decided === '' ? 'Score' : 'score'}${of} ${figureOf(score)}`
}

const figureOf = (value: number | null): string => (value === null ? 'unknown' : figure(value))

const kinds: Partial<Record<Explanation['explanation']['status'], string>> = {
	sent: ', contributions as the service sent them',
	estimate: ', an estimate',
}

function subtitleOf({ model, version, predictionId, timestamp, explanation, replay }: Explanation): string {
	const unchecked = replay.status === 'unavailable' ? ', not replayed' : ''
	return `${model} version ${version}, prediction ${predictionId}, ${timestamp.slice(0, 16).replace('T', ' ')} UTC${kinds[explanation.status] ?? ''}${unchecked}`
}

/** The threshold in the space of the picture; for models with one output. */
function cutOffOf({ threshold, output, probability, space }: Explanation): number | undefined {
	if (threshold === null || output !== null) return undefined
	if (probability !== null)
		return threshold > 0 && threshold < 1 ? Math.log(threshold / (1 - threshold)) : undefined
	return space === 'points' || space === 'value' || space === 'probability' ? threshold : undefined
}

/**
 * The explanation of a score as a picture, with feature values for those who may see them. Throws as `explainPrediction`
 * does, and `conflict` when nothing was explained.
 */
export async function drawPrediction(
	context: Context,
	actor: Actor,
	{ model, predictionId }: { model: string; predictionId: string },
): Promise<Drawn> {
	const explanation = await explainPrediction(context, actor, { model, predictionId })
	const drawn = drawExplanation(explanation)
	if (drawn) return drawn
	const { reason } = explanation.explanation
	const why = reason === null ? '' : `: ${reason.replace(/\.+$/, '')}`
	throw new AppError('conflict', `There is nothing to draw${why}. …/explanation answers without a picture.`)
}
