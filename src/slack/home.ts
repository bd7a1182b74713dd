import { openIncidents } from '../alerting/incident/read-incidents.ts'
import type { ActionRequest } from '../approvals/request/request.schema.ts'
import { listRequests } from '../approvals/request/request.ts'
import type { Context } from '../context.ts'
import { type Actor, personOf } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { listModels } from '../registry/model/list-models.ts'
import { asPerson } from './answer.ts'
import { type HomeView, homeView, textHome } from './blocks/home.ts'
import { whyRefused } from './blocks/review.ts'
import { callOf } from './connection.ts'
import type { Person } from './people/find-person.ts'

const maxRead = 500
const maxIncidents = 200

/** Shows a person their Home tab: what waits for them, then their models. Throws if Slack does not accept it. */
export async function publishHome(context: Context, person: Person): Promise<void> {
	const view = await asPerson(context, person, (actor) => readHome(context, actor), textHome)
	const call = await callOf(context, person)
	const answer = await call('views.publish', { user_id: person.user, view })
	if (!answer.ok)
		throw new AppError('unavailable', `Slack did not accept a Home tab: ${answer.error.message}.`)
}

/** The same after the person has changed what it shows; a failure is only logged. */
export async function refreshHome(context: Context, person: Person | undefined): Promise<void> {
	if (!person) return
	await publishHome(context, person).catch((error: Error) =>
		context.logger.warn('a Home tab could not be refreshed', { error: error.message }),
	)
}

async function readHome(context: Context, actor: Actor): Promise<HomeView> {
	const { items: requests } = await listRequests(context, actor, { limit: maxRead, status: 'pending' })
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
const waitsFor = (actor: Actor, request: ActionRequest): boolean =>
	whyRefused(actor, request) === undefined && !hasVoted(actor, request)

const hasVoted = (actor: Actor, { votes }: ActionRequest): boolean =>
	votes.some((vote) => vote.person === personOf(actor) || vote.actor === actor.id)
