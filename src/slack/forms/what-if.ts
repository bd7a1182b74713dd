import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { explainPrediction } from '../../decisions/explanation/explain-prediction.ts'
import { whatIf } from '../../decisions/explanation/what-if.ts'
import { escapeText } from '../blocks/text.ts'
import { textView } from '../blocks/view.ts'
import { fieldId, whatIfView } from '../blocks/what-if.ts'
import { findQuestion } from '../questions/question.ts'
import { changesOf, type WhatIfField, whatIfFields } from '../questions/what-if-fields.ts'
import type { CommandInput, Modal, Submitted, Typed } from '../reply.ts'

const title = 'What if'

async function read(context: Context, { actor, words }: CommandInput) {
	const question = words[0] ?? ''
	const asked = await findQuestion(context, actor, question)
	const explanation = await explainPrediction(context, actor, asked)
	return { question, asked, explanation, fields: await whatIfFields(context, explanation) }
}

/** Score, decision and contributions of the applicant with other values. */
export const whatIfModal: Modal = {
	waiting: 'Asking the model…',
	open: async (context, asked) => {
		const { question, explanation, fields } = await read(context, asked)
		if (fields.length > 0) return whatIfView(question, explanation, fields)
		return textView('There is no value that you can see and change.', title)
	},
	submit: async (context, { actor, words }, typed) => {
		const { question, asked, explanation, fields } = await read(context, { actor, words })
		try {
			const changes = await changesOf(context, asked, byFeature(fields, typed))
			const answer = await whatIf(context, actor, { ...asked, changes })
			return { view: whatIfView(question, explanation, fields, { answer, typed }) }
		} catch (error) {
			if (error instanceof AppError && error.code === 'invalid') return faultsOf(error, fields)
			throw error
		}
	},
}

function byFeature(fields: readonly WhatIfField[], typed: Typed): Record<string, string> {
	const texts: Record<string, string> = Object.create(null)
	for (const { feature } of fields) {
		const text = typed[fieldId(feature)]
		if (text !== undefined) texts[feature] = text
	}
	return texts
}

/** Each fault under its field; a fault of the whole form under the first field. */
function faultsOf(error: AppError, fields: readonly WhatIfField[]): Submitted {
	const errors: Record<string, string> = {}
	for (const { path, message } of error.faults) {
		const field = fields.find((f) => path === f.feature || path === `changes.${f.feature}`)
		if (field) errors[fieldId(field.feature)] = message
	}
	const first = fields[0]
	if (Object.keys(errors).length === 0 && first) errors[fieldId(first.feature)] = error.message
	return Object.keys(errors).length > 0
		? { errors }
		: { view: textView(escapeText(error.textFor('slack')), title) }
}
