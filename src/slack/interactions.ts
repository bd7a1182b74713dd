import { acknowledgeIncident } from '../alerting/incident/change-incident.ts'
import { getIncident } from '../alerting/incident/read-incidents.ts'
import { readers } from '../core/actor.ts'
import { authorise } from '../registry/key/authorise.ts'
import { whyMessage } from './blocks/incident.ts'
import { predictionReportMessage } from './blocks/records.ts'
import { named, textMessage } from './blocks/text.ts'
import { incidentDetails, incidentEvidence } from './delivery/incident-details.ts'
import { answerDirect, answerHome, answerMention, type EventHandler } from './events.ts'
import { questionId, questionModal } from './forms/question.ts'
import { reviewModal } from './forms/review.ts'
import { rollbackModal } from './forms/rollback.ts'
import { whatIfModal } from './forms/what-if.ts'
import { findQuestion } from './questions/question.ts'
import type { Handler, Modal } from './reply.ts'
import { answerShortcut, type ShortcutHandler } from './shortcuts.ts'

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

/** The handlers of buttons, by action id. `words[0]` is the opaque id in the button. */
export const interactions = {
	incident_acknowledge: acknowledge,
	incident_why: why,
	why_report: report,
} satisfies Record<string, Handler>

/** The modals that buttons open, by action id, which is also the callback id of the modal. */
export const modals = {
	why_what_if: whatIfModal,
	incident_rollback: rollbackModal,
	request_review: reviewModal,
	[questionId]: questionModal,
} satisfies Record<string, Modal>

/** The handlers of events, by type. */
export const events = {
	app_mention: answerMention,
	message: answerDirect,
	app_home_opened: answerHome,
} satisfies Record<string, EventHandler>

/** The handlers of shortcuts, by callback id: for a message, and for none. */
export const shortcuts = {
	[questionId]: answerShortcut,
	[`${questionId}_anywhere`]: answerShortcut,
} satisfies Record<string, ShortcutHandler>
