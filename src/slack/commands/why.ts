import { drawExplanation } from '../../decisions/explanation/draw-explanation.ts'
import { explainPrediction } from '../../decisions/explanation/explain-prediction.ts'
import { explanationMessage } from '../blocks/explanation.ts'
import { pictureLater } from '../delivery/share-picture.ts'
import { findPredictionInWords } from '../parse-arguments.ts'
import { keepQuestion } from '../questions/question.ts'
import type { SlackCommand } from '../reply.ts'

export const why: SlackCommand = {
	name: 'why',
	usage: 'why <prediction> [in <model>]',
	about: 'why a score was given, and what would have changed it',
	example: 'why 8841 in credit-risk',
	isPersonal: true,
	answer: async (context, { actor, words }) => {
		const asked = await findPredictionInWords(context, actor, words, 'why')
		const explanation = await explainPrediction(context, actor, asked)
		const message = explanationMessage(explanation, await keepQuestion(context, asked))
		const drawn = drawExplanation(explanation)
		return drawn ? { message, later: pictureLater(context, drawn) } : { message }
	},
}
