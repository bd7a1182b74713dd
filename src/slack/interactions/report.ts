import { readers } from '../../core/actor.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { reportMessage } from '../blocks/report.ts'
import { findQuestion } from '../questions/question.ts'
import type { Handler } from '../reply.ts'

export const report: Handler = async (context, { actor, words }) => {
	authorise(actor, readers)
	const asked = await findQuestion(context, actor, words[0] ?? '')
	return reportMessage(asked, context.publicUrl)
}
