import { getIncident } from '../../alerting/incident/read-incidents.ts'
import { createRequest } from '../../approvals/request/request.ts'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { deploymentHistory } from '../../registry/deployment/get-deployment.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { statusText } from '../blocks/request.ts'
import { named, section } from '../blocks/text.ts'
import { maxReason, modalView, selectInput, textInput, textView } from '../blocks/view.ts'
import { limits } from '../limits.ts'
import type { Modal } from '../reply.ts'
import { closeForm, findForm, keepForm, reasonFault } from './form.ts'

export const rollbackId = 'incident_rollback'
const title = 'Request rollback'

/** Requests a rollback of the model that an incident is about. */
export const rollbackModal: Modal = {
	isChange: true,
	waiting: 'Reading what was deployed…',
	open: async (context, { actor, words }) => {
		const incident = await getIncident(context, actor, words[0] ?? '')
		const { id, model, environment } = incident
		authorise(actor, 'approver', model)
		const { current, before } = await championsOf(context, model, environment)
		if (current === undefined || before.length === 0)
			return textView(
				`${named(model)} never had another champion in ${named(environment)}, so there is nothing to go back to.`,
				title,
			)
		const value = await keepForm(context, actor, { kind: 'rollback', about: id })
		return modalView({
			id: rollbackId,
			value,
			title,
			submit: 'Request',
			blocks: [
				section(
					`*${named(model)}* in ${named(environment)} serves version *${named(current)}*. The rollback is carried out once it is approved; you cannot approve it yourself.`,
				),
				versionInput(before),
				textInput('reason', 'Reason', { max: maxReason, isLong: true }),
			],
		})
	},
	submit: async (context, { actor, words }, { to = '', reason = '' }) => {
		const form = await findForm(context, actor, 'rollback', words[0] ?? '')
		const fault = reasonFault(reason, 'Write why, for those who approve it.')
		if (fault !== undefined) return { errors: { reason: fault } }
		const { id: incident, model, environment } = await getIncident(context, actor, form.about)
		try {
			const input = {
				kind: 'rollback' as const,
				model,
				environment,
				to: to.trim() || undefined,
				reason: reason.trim(),
				incident,
			}
			const request = await createRequest(context, actor, input)
			await closeForm(context, form)
			return {
				view: textView(
					`Requested as \`${named(request.id)}\`: ${statusText(request)}. Others approve it with *Review* in its message in the channel.`,
					title,
				),
			}
		} catch (error) {
			if (error instanceof AppError && error.code === 'invalid') return { errors: { to: error.message } }
			throw error
		}
	},
}

/** A menu of versions, or a text where a menu cannot have them. */
function versionInput(versions: readonly string[]) {
	const fit = versions.every((v) => v.length <= limits.optionText)
	const label = 'Version to go back to'
	if (fit)
		return selectInput(
			'to',
			label,
			versions.map((v) => [v, v] as const),
		)
	return textInput('to', label, { initial: versions[0] ?? '' })
}

/** The champion of an environment, and the ones before it, the latest first. */
async function championsOf(context: Context, model: string, environment: string) {
	const history = await deploymentHistory(context, model, environment)
	const champions = [...new Set(history.map((d) => d.champion).reverse())]
	const current = history.at(-1)?.champion
	return { current, before: champions.filter((c) => c !== current) }
}
