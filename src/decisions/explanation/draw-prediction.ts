import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { type Drawn, drawExplanation } from './draw-explanation.ts'
import { explainPrediction } from './explain-prediction.ts'

/**
 * Why a score was given, as a picture: with feature values for those who may see them. Throws as `explainPrediction` does,
 * and `conflict` where nothing could be explained.
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
