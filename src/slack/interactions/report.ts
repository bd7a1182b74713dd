import { authorise } from '../../services/authorise.ts'
import { findQuestion } from '../../services/slack/question.ts'
import { reportMessage } from '../blocks/report.ts'
import type { Handler } from '../reply.ts'

export const report: Handler = async (context, { actor, words }) => {
	const asked = await findQuestion(context, words[0] ?? '')
	authorise(actor, ['viewer', 'analyst', 'approver', 'auditor'], asked.model)
	return reportMessage(asked, context.publicUrl)
}
