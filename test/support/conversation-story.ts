import { expect } from 'vitest'
import { hourMs, minuteMs } from '../../src/core/time.ts'
import type { Conversation } from './conversation.ts'
import { firstDay, model, restOfDay, untilIncident } from './conversation.ts'
import type { Scene } from './draw-blocks.ts'
import type { Json } from './server.ts'
import { type Message, type SlackPerson, until, type View } from './workspace.ts'

/** A part of the conversation, which becomes a section and a picture of the documentation. */
export type Chapter = { id: string; title: string; scenes: Scene[] }
export type Story = { chapters: Chapter[]; request: string; incident: string; actionDigest: string }

const app = 'Plumbline'
const reason = 'income of two branches comes by the month since version 7 reads the new source'

/** Collects what people see. */
class Recorder {
	readonly chapters: Chapter[] = []

	chapter(id: string, title: string): void {
		this.chapters.push({ id, title, scenes: [] })
	}

	private add(scene: Scene): void {
		this.chapters.at(-1)?.scenes.push(scene)
	}

	note = (text: string): void => this.add({ kind: 'note', text })
	typed = ({ name }: SlackPerson, text: string): void =>
		this.add({ kind: 'message', author: name, text: `\`/plumb ${text}\`` })
	presses = ({ name }: SlackPerson, button: string): void => this.note(`${name} presses ${button}`)
	posted = (message: Message): void =>
		this.add({ kind: 'message', author: app, blocks: message.blocks as Json[] })
	replied = (message: Message, isReply = false): void =>
		this.add({ kind: 'message', author: app, text: message.text, isReply })
	told = ({ name }: SlackPerson, message: Message): void =>
		this.add({ kind: 'message', author: app, to: name, blocks: message.blocks as Json[] })
	modal = ({ name }: SlackPerson, view: View, typed: Readonly<Record<string, string>> = {}): void =>
		this.add({ kind: 'modal', person: name, view, typed })
}

/** What a modal says, as one text. */
export const shownIn = (view: { blocks: readonly unknown[] }): string => JSON.stringify(view.blocks)

/** The whole conversation, from the drift to the resolved incident. `serves`: until a serving process has a version. */
export async function haveConversation(
	talk: Conversation,
	serves: (version: string) => Promise<unknown>,
): Promise<Story> {
	const recorder = new Recorder()
	const [ana, ben, carla, dora] = (['ana', 'ben', 'carla', 'dora'] as const).map(talk.person) as [
		SlackPerson,
		SlackPerson,
		SlackPerson,
		SlackPerson,
	]
	const { declined, incident } = await untilIncident(talk)
	await lookAtIt(talk, recorder, ana, declined)
	const { request, actionDigest } = await requestRollback(talk, recorder, ana, incident)
	await refuse(talk, recorder, { ana, ben, dora, request })
	await approve(talk, recorder, { ben, carla, request, serves })
	await verify(talk, recorder, { ana, request, incident })
	return { chapters: recorder.chapters, request, incident, actionDigest }
}

async function lookAtIt(
	talk: Conversation,
	recorder: Recorder,
	ana: SlackPerson,
	declined: string,
): Promise<void> {
	recorder.chapter('incident', 'An incident is posted')
	const posted = await talk.message('income has drifted')
	recorder.posted(posted)
	expect(posted.text).toContain('÷12')
	recorder.chapter('why', 'Why?')
	recorder.presses(ana, 'Why')
	const evidence = await ana.tap(posted, 'Why')
	recorder.told(ana, evidence)
	expect(evidence.text).toContain('drift')
	const asked = `why was application ${declined} declined?`
	recorder.typed(ana, asked)
	const why = await ana.command(asked)
	recorder.told(ana, why)
	expect(why.text).toContain('Income insufficient for amount of credit requested')
	expect(why.text).toContain('An incident was open at that time')
}

async function requestRollback(
	talk: Conversation,
	recorder: Recorder,
	ana: SlackPerson,
	incident: string,
): Promise<{ request: string; actionDigest: string }> {
	talk.jump(firstDay + 3 * 24 * hourMs + 9 * hourMs + 10 * minuteMs)
	recorder.chapter('request', 'A rollback is requested')
	recorder.presses(ana, 'Request rollback')
	const form = await ana.open(await talk.message('income has drifted'), 'Request rollback')
	const typed = { version: '6', reason }
	recorder.modal(ana, form, typed)
	const { body } = await ana.submit(form, typed)
	expect(body.response_action, JSON.stringify(body)).toBe('update')
	const { items } = await talk.call('GET', `/v1/requests?model=${model}`)
	const [request] = items
	expect(request).toMatchObject({
		kind: 'rollback',
		status: 'pending',
		needs: 2,
		reason,
		action: { kind: 'rollback', model, environment: 'production', from: '7', to: '6' },
		evidence: { incident },
	})
	const message = await talk.requestMessage(request.id)
	recorder.posted(message)
	expect(shownIn(message)).toContain(request.actionDigest)
	return { request: request.id, actionDigest: request.actionDigest }
}

async function refuse(
	talk: Conversation,
	recorder: Recorder,
	{ ana, ben, dora, request }: { ana: SlackPerson; ben: SlackPerson; dora: SlackPerson; request: string },
): Promise<void> {
	talk.jump(firstDay + 3 * 24 * hourMs + 9 * hourMs + 20 * minuteMs)
	recorder.chapter('refused', 'Nobody approves alone')
	const message = await talk.requestMessage(request)
	recorder.presses(ana, 'Review')
	const form = await ana.open(message, 'Review')
	const typed = { decision: 'Approve', reason: 'I am sure' }
	const { body } = await ana.submit(form, typed)
	recorder.modal(ana, body.view)
	expect(shownIn(body.view)).toContain('not counted')
	expect(shownIn(body.view)).toContain('requested this, so other people')
	recorder.typed(ben, `approve ${request}`)
	const where = await ben.command(`approve ${request}`)
	recorder.told(ben, where)
	expect(where.text).toContain('Review')
	const seen = await dora.open(message, 'Review')
	const refused = await dora.submit(seen, typed)
	expect(shownIn(refused.body.view)).toContain('not counted')
	expect((await talk.request(request)).votes).toEqual([])
	expect(await talk.ledger(`request:${request}`)).toEqual(['create-request', 'refuse-vote', 'refuse-vote'])
}

type Approving = {
	ben: SlackPerson
	carla: SlackPerson
	request: string
	serves: (version: string) => Promise<unknown>
}

async function approve(
	talk: Conversation,
	recorder: Recorder,
	{ ben, carla, request, serves }: Approving,
): Promise<void> {
	talk.jump(firstDay + 3 * 24 * hourMs + 9 * hourMs + 30 * minuteMs)
	recorder.chapter('approval', 'Two people approve')
	recorder.presses(ben, 'Review')
	const form = await ben.open(await talk.requestMessage(request), 'Review')
	const typed = { decision: 'Approve', reason: 'version 6 does not read the new source' }
	recorder.modal(ben, form, typed)
	const first = await ben.submit(form, typed)
	expect(shownIn(first.body.view)).toContain('Your vote is stored.')
	expect(await talk.request(request)).toMatchObject({
		status: 'pending',
		votes: [{ person: 'ben@bank.example' }],
	})
	const second = await carla.open(await talk.requestMessage(request), 'Review')
	const followed = serves('6')
	const agreed = { decision: 'Approve', reason: 'agreed, until the source is fixed' }
	const last = await carla.submit(second, agreed)
	expect(shownIn(last.body.view)).toContain('Your vote is stored.')
	await followed
	await until('the execution', async () =>
		(await talk.request(request)).status === 'verifying' ? true : undefined,
	)
	const done = await until(
		'the message of the execution',
		async () => {
			const message = await talk.requestMessage(request)
			const shown = shownIn(message)
			return shown.includes('verifying') && shown.includes('waits until') ? message : undefined
		},
		async () => [await talk.requestMessage(request), await talk.request(request), talk.logged],
	)
	recorder.note('carla approves too')
	recorder.posted(done)
	expect(shownIn(done)).not.toContain('"Review"')
}

async function verify(
	talk: Conversation,
	recorder: Recorder,
	{ ana, request, incident }: { ana: SlackPerson; request: string; incident: string },
): Promise<void> {
	await restOfDay(talk)
	const checked = await until(
		'the verification',
		async () => {
			const found = await talk.request(request)
			return found.status === 'verified' ? found : undefined
		},
		() => talk.request(request),
	)
	expect(checked.execution.steps.map((s: Json) => s.step)).toEqual(
		expect.arrayContaining(['read', 'act', 'verify']),
	)
	recorder.chapter('verified', 'Verified, and resolved')
	const done = await until('the verified message', async () => {
		const message = await talk.requestMessage(request)
		return shownIn(message).includes('*verified*') ? message : undefined
	})
	recorder.posted(done)
	const resolved = await resolvedBy(talk, ana, incident)
	recorder.posted(resolved)
	const thread = await until('the end of the thread', async () => {
		const replies = await talk.workspace.thread(resolved.ts)
		return replies.at(-1)?.text.includes('resolved') ? replies : undefined
	})
	for (const reply of thread) recorder.replied(reply, true)
}

/** Resolves the incident with a key of the person, and waits for its message. */
async function resolvedBy(talk: Conversation, ana: SlackPerson, incident: string): Promise<Message> {
	const owner = `${ana.name}@bank.example`
	const { secret } = await talk.call('POST', '/v1/keys', { name: owner, role: 'approver', owner })
	const why = { reason: 'version 6 serves again, and its income is as before' }
	await talk.call('POST', `/v1/incidents/${incident}/resolve`, why, secret)
	return until('the resolved message', async () => {
		const message = await talk.message('income has drifted')
		return message.text.startsWith('Resolved') ? message : undefined
	})
}
