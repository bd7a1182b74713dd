import type { Context } from '../../context.ts'
import { type Drawn, drawExplanation } from '../../decisions/explanation/draw-explanation.ts'
import { explainPrediction } from '../../decisions/explanation/explain-prediction.ts'
import { explanationMessage, pictureMessage } from '../blocks/explanation.ts'
import type { SlackMessage } from '../blocks/text.ts'
import { uploadPicture } from '../delivery/share-picture.ts'
import { findAskedPrediction } from '../questions/find-asked-prediction.ts'
import { keepQuestion } from '../questions/question.ts'
import type { SlackCommand } from '../reply.ts'

export const why: SlackCommand = {
	name: 'why',
	usage: 'why <prediction> [in <model>]',
	about: 'why a score was given, and what would have changed it',
	answer: async (context, { actor, words }) => {
		const asked = await findAskedPrediction(context, actor, words)
		const explanation = await explainPrediction(context, actor, asked)
		const message = explanationMessage(explanation, await keepQuestion(context, asked))
		const drawn = drawExplanation(explanation)
		return drawn ? { message, later: () => pictureOf(context, drawn) } : { message }
	},
}

/** The picture behind the answer, where it can be made and uploaded. */
async function pictureOf(context: Context, drawn: Drawn): Promise<SlackMessage | undefined> {
	const png = await context.renderPng?.(drawn.svg)
	const file = png && (await uploadPicture(context, { png, title: drawn.title }))
	return file === undefined ? undefined : pictureMessage(file, drawn)
}
