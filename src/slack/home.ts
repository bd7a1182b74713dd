import { openIncidents } from '../alerting/incident/read-incidents.ts'
import type { ActionRequest } from '../approvals/request/request.schema.ts'
import { listRequests } from '../approvals/request/request.ts'
import type { Context } from '../context.ts'
import { type Actor, personOf } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { hasRole } from '../registry/key/authorise.ts'
import { listModels } from '../registry/model/list-models.ts'
import { asPerson, type Person, personIn } from './answer.ts'
import { type HomeView, homeView, textHome } from './blocks/home.ts'
import { isOpen } from './blocks/request.ts'
import { callOf } from './connection.ts'

const maxRead = 500
const maxIncidents = 200

/** Shows a person their Home tab: what waits for them, then their models. Throws if Slack does not accept it. */
export async function publishHome(context: Context, person: Person): Promise<void> {
	const view = await asPerson(context, person, (actor) => readHome(context, actor), textHome)
	const answer = await callOf(context, person.team)('views.publish', { user_id: person.user, view })
	if (!answer.ok)
		throw new AppError('unavailable', `Slack did not accept a Home tab: ${answer.error.message}.`)
}

/** The same after the person has changed what it shows; a failure is only logged. */
export async function refreshHome(context: Context, actor: Actor): Promise<void> {
	const person = personIn(actor)
	if (!person || !context.slack) return
	await publishHome(context, person).catch((error: Error) =>
		context.logger.warn('a Home tab could not be refreshed', { error: error.message }),
	)
}

async function readHome(context: Context, actor: Actor): Promise<HomeView> {
	const { items: requests } = await listRequests(context, actor, { limit: maxRead })
	const { items: models, next } = await listModels(context, actor, { limit: maxRead })
	const { items: open } = await openIncidents(context, actor, maxIncidents)
	return homeView({
		waiting: requests.filter((request) => waitsFor(actor, request)),
		models,
		open,
		areMore: next !== null,
	})
}

/** Whether a person can vote on a request and has not done so. */
function waitsFor(actor: Actor, request: ActionRequest): boolean {
	const person = personOf(actor)
	const hasVoted = request.votes.some((vote) => vote.person === person || vote.actor === actor.id)
	return isOpen(request) && hasRole(actor, 'approver') && request.requester !== actor.id && !hasVoted
}
