import type { Context } from '../../src/context.ts'
import type { Role } from '../../src/core/actor.ts'
import { deliver } from '../../src/jobs/deliver.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { slackClient } from '../../src/slack/web-api.ts'
import { admin } from './actors.ts'
import { checkView } from './block-kit.ts'
import { plumbServer } from './plumb.ts'
import type { Json } from './server.ts'
import type { FakeMessage, FakeSlack } from './slack-api.ts'
import { slackRequest } from './slack-request.ts'

/**
 * A server in conversation with a Slack with state, over signed HTTP. The model `credit` has versions 1 and 2, of which 2
 * serves and 1 served before. U1 is an analyst, U-ask, U-one and U-two approve, U-view may look, U-stranger has no role.
 */
export async function slackServer(fake: FakeSlack, options: Partial<Context> = {}) {
	const work: Promise<unknown>[] = []
	const server = await plumbServer({ background: (promise) => void work.push(promise), ...options })
	const { context } = server
	context.slack = slackClient(context, { token: 'xoxb-test', channel: '#ml', pause: async () => {} })
	const map = (user: string, role: Role, team = 'T1', models = ['*']) =>
		mapSlackUser(context, admin, { team, user, role, models })
	for (const user of ['U-ask', 'U-one', 'U-two']) await map(user, 'approver')
	await map('U-view', 'viewer')
	await server.post('/v1/models', { model: 'credit', task: 'binary', owner: 'risk' })
	for (const version of ['1', '2'])
		await server.post('/v1/models/credit/versions', {
			version,
			features: [{ name: 'income', type: 'numeric' }],
		})
	const deploy = (champion: string) =>
		server.fetch('/v1/models/credit/deployments/production', { method: 'PUT', json: { champion } })
	for (const version of ['1', '2']) await deploy(version)
	/** Until all is done that goes on behind an answer. */
	const settled = async () => {
		while (work.length > 0) await Promise.all(work.splice(0))
	}
	let triggers = 0
	let events = 0
	/** The press of a button; answers the modal that it opened, if any. */
	const press = async (action: string, value: string, user: string, team = 'T1'): Promise<Json> => {
		const trigger = `trigger-${++triggers}`
		fake.triggers.add(trigger)
		const before = fake.views.size
		await server.interact(
			{
				type: 'block_actions',
				team: { id: team },
				trigger_id: trigger,
				channel: { id: 'C0000000ML' },
				actions: [{ type: 'button', action_id: action, block_id: 'b', value }],
			},
			user,
		)
		await settled()
		const view = fake.views.size > before ? ([...fake.views.values()].at(-1) as Json) : undefined
		if (view) checked(view)
		return view
	}
	/** A modal that somebody submits with these fields; answers the next view, or the errors. */
	const submit = async (
		view: Json,
		typed: Record<string, string>,
		user: string,
		more: { team?: string; metadata?: string } = {},
	): Promise<{ status: number; errors?: Json; view?: Json; shown: string }> => {
		const values = Object.fromEntries(
			view.blocks
				.filter((b: Json) => b.type === 'input')
				.map((b: Json) => [b.block_id, { [b.element.action_id]: fieldOf(b.element, typed[b.block_id]) }]),
		)
		const { team = 'T1', metadata = view.private_metadata } = more
		const submitted = { ...view, private_metadata: metadata, state: { values } }
		const { status, body } = await server.interact(
			{ type: 'view_submission', team: { id: team }, view: submitted },
			user,
		)
		await settled()
		if (body?.view) checked(body.view)
		return {
			status,
			errors: body?.errors,
			view: body?.view,
			shown: JSON.stringify(body?.view?.blocks ?? body),
		}
	}
	/** An event, as Slack delivers it. */
	const event = async (fields: object, more: { id?: string; team?: string; at?: number } = {}) => {
		const { id = `Ev${++events}`, team = 'T1', at = context.now() } = more
		const body = { type: 'event_callback', team_id: team, event_id: id, event: fields }
		const answer = await fetch(slackRequest(`${server.url}/slack/events`, body, at, { json: true }))
		await settled()
		return answer.status
	}
	/** What `/plumb` answers to somebody. */
	const plumbAs = async (user: string, text: string): Promise<{ status: number; body: Json }> => {
		const body = { command: '/plumb', text, team_id: 'T1', user_id: user, channel_id: 'C0000000ML' }
		const at = context.now() - ++events * 1000
		const answer = await fetch(slackRequest(`${server.url}/slack/events`, body, at))
		await settled()
		return { status: answer.status, body: await answer.json() }
	}
	/** A message of a person in the channel. */
	const write = (text: string, thread_ts?: string): FakeMessage => {
		const ts = `1700000${String(++events).padStart(3, '0')}.000200`
		const message = { channel: 'C0000000ML', ts, text, thread_ts }
		fake.messages.push(message)
		return message
	}
	return {
		...server,
		map,
		deploy,
		press,
		submit,
		event,
		plumbAs,
		write,
		settled,
		deliver: () => deliver.run(context),
	}
}

export type SlackServer = Awaited<ReturnType<typeof slackServer>>

function checked(view: Json): void {
	const faults = checkView(view)
	if (faults.length > 0) throw new Error(faults.join('; '))
}

function fieldOf({ type, initial_option, initial_value }: Json, typed: string | undefined) {
	if (type === 'radio_buttons' || type === 'static_select') {
		const value = typed ?? initial_option?.value
		return { type, selected_option: value === undefined ? null : { value } }
	}
	if (type === 'checkboxes') return { type, selected_options: typed ? [{ value: typed }] : [] }
	return { type, value: typed ?? initial_value ?? null }
}
