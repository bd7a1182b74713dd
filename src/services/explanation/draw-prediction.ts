import type { Actor, Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { type Drawn, drawExplanation } from './draw-explanation.ts'
import { explainPrediction } from './explain-prediction.ts'

type Asked = { model: string; predictionId: string }

/**
 * Why a score was given, as a picture: with feature values for those who may see them. Throws as `explainPrediction` does;
 * `conflict` where nothing could be explained; and for a PNG `not-found` where none can be made.
 */
export function drawPrediction(context: Context, actor: Actor, asked: Asked): Promise<Drawn>
export function drawPrediction(
	context: Context,
	actor: Actor,
	asked: Asked,
	as: 'png',
): Promise<Drawn & { png: Uint8Array }>
export async function drawPrediction(context: Context, actor: Actor, asked: Asked, as?: 'png') {
	const { renderPng } = context
	if (as === 'png' && !renderPng)
		throw new AppError('not-found', 'No PNG can be made on this platform. Take explanation.svg.')
	const { model, predictionId } = asked
	const explanation = await explainPrediction(context, actor, { model, predictionId })
	const drawn = drawExplanation(explanation)
	if (!drawn) {
		const { reason } = explanation.explanation
		const why = reason === null ? '' : `: ${reason.replace(/\.+$/, '')}`
		throw new AppError(
			'conflict',
			`There is nothing to draw${why}. The answer without a picture is at …/explanation.`,
		)
	}
	return as === 'png' && renderPng ? { ...drawn, png: await renderPng(drawn.svg) } : drawn
}
