import { acknowledgeIncident } from '../alerting/incident/change-incident.ts'
import { getIncident } from '../alerting/incident/read-incidents.ts'
import type { Context } from '../context.ts'
import { readers } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { explainPrediction } from '../decisions/explanation/explain-prediction.ts'
import { whatIf } from '../decisions/explanation/what-if.ts'
import { authorise } from '../registry/key/authorise.ts'
import { whyMessage } from './blocks/incident.ts'
import { predictionReportMessage } from './blocks/records.ts'
import { escapeText, named, textMessage } from './blocks/text.ts'
import { fieldId, sayingView, whatIfView } from './blocks/what-if.ts'
import { incidentDetails, incidentEvidence } from './delivery/incident-details.ts'
import { findQuestion } from './questions/question.ts'
import { changesOf, type WhatIfField, whatIfFields } from './questions/what-if-fields.ts'
import type { CommandInput, Handler, Modal, Submitted, Typed } from './reply.ts'

const acknowledge: Handler = async (context, { actor, words }) => {
	const { id, timeline } = await acknowledgeIncident(context, actor, words[0] ?? '')
	const who = timeline.findLast((e) => e.what === 'acknowledged')?.who
	return who === actor.id || who === undefined
		? textMessage(`You have acknowledged ${named(id)}. The message in the channel will be updated.`)
		: textMessage(`${named(id)} was already acknowledged by ${named(who)}.`)
}

const why: Handler = async (context, { actor, words }) => {
	const incident = await getIncident(context, actor, words[0] ?? '')
	const details = await incidentDetails(context, actor, incident)
	return whyMessage(incident, await incidentEvidence(context, incident), details)
}

const report: Handler = async (context, { actor, words }) => {
	authorise(actor, readers)
	const asked = await findQuestion(context, actor, words[0] ?? '')
	return predictionReportMessage(asked, context.publicUrl)
}

async function read(context: Context, { actor, words }: CommandInput) {
	const question = words[0] ?? ''
	const asked = await findQuestion(context, actor, question)
	const explanation = await explainPrediction(context, actor, asked)
	return { question, asked, explanation, fields: await whatIfFields(context, explanation) }
}

const whatIfModal: Modal = {
	open: async (context, asked) => {
		const { question, explanation, fields } = await read(context, asked)
		if (fields.length > 0) return whatIfView(question, explanation, fields)
		return sayingView(question, 'There is no value that you can see and change.')
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
		: { view: sayingView('', escapeText(error.textFor('slack'))) }
}

/** The handlers of buttons, by action id. `words[0]` is the opaque id in the button. */
export const interactions = {
	incident_acknowledge: acknowledge,
	incident_why: why,
	why_report: report,
} satisfies Record<string, Handler>

/** The modals that buttons open, by action id, which is also the callback id of the modal. */
export const modals = { why_what_if: whatIfModal } satisfies Record<string, Modal>
