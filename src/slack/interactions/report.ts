import { authorise } from '../../services/authorise.ts'
import { findQuestion } from '../../services/slack/question.ts'
import { reportMessage } from '../blocks/report.ts'
import type { Handler } from '../reply.ts'

export const report: Handler = async (context, { actor, words }) => {
	authorise(actor, ['viewer', 'analyst', 'approver', 'auditor'])
	const asked = await findQuestion(context, actor, words[0] ?? '')
	return reportMessage(asked, context.publicUrl)
}
