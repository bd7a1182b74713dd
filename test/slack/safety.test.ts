import { afterAll, beforeAll, describe, expect } from 'vitest'
import { dayMs, minuteMs } from '../../src/core/time.ts'
import { openSlack } from '../../src/slack/open-slack.ts'
import { slackClient } from '../../src/slack/web-api.ts'
import { startOfTest } from '../support/context.ts'
import { driftRule, FactScript } from '../support/facts.ts'
import { withServerPerTest } from '../support/fixtures.ts'
import type { Json } from '../support/server.ts'
import { FakeSlack, refused } from '../support/slack-api.ts'
import { signingSecret, slackRequest } from '../support/slack-request.ts'
import { type SlackServer, slackServer } from '../support/slack-server.ts'

// What must never happen, from outside: signed requests, and the database only to see what is stored.

const fake = new FakeSlack()
const it = withServerPerTest(() => slackServer(fake))

beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => fake.server.close())
it.beforeEach(() => fake.reset())

const yes = { decision: 'approve', reason: 'the new one is worse' }

/** A rollback of `credit`, asked for with a key of Rita's, that needs two people. */
async function asked(server: SlackServer): Promise<{ id: string; key: string; actionDigest: string }> {
	await server.fetch('/v1/models/credit', { method: 'PATCH', json: { riskTier: 'high' } })
	const key = await server.keyOf('approver', { owner: 'rita@bank.example' })
	const json = { kind: 'rollback', model: 'credit', reason: 'income comes by the month' }
	const { body } = await server.post('/v1/requests', json, { key })
	return { id: body.id, key, actionDigest: body.actionDigest }
}
const review = (server: SlackServer, id: string, user: string, team?: string) =>
	server.press('request_review', id, user, team)
const read = async (server: SlackServer, id: string): Promise<Json> =>
	(await server.fetch(`/v1/requests/${id}`)).body
const owned = (server: SlackServer, team: string, user: string, owner: string) =>
	server.fetch(`/v1/slack/users/${team}/${user}`, { method: 'PUT', json: { role: 'approver', owner } })
/** Votes with a key; answers the status and the code. */
async function voted(server: SlackServer, request: { id: string; actionDigest: string }, key: string) {
	const vote = { vote: 'approve', actionDigest: request.actionDigest, reason: 'seen' }
	const { status, body } = await server.post(`/v1/requests/${request.id}/votes`, vote, { key })
	return [status, body.code]
}
/** A request as Slack would send it, whose signature can be anything. */
const command = (text: string, user = 'U-one', team = 'T1') => ({
	command: '/plumb',
	text,
	team_id: team,
	user_id: user,
	channel_id: 'C0000000ML',
	trigger_id: 't',
})
const submission = (view: Json, user = 'U-one') => ({
	payload: JSON.stringify({
		type: 'view_submission',
		team: { id: 'T1' },
		user: { id: user },
		view: {
			...view,
			state: {
				values: {
					decision: { decision: { type: 'radio_buttons', selected_option: { value: 'approve' } } },
					reason: { reason: { type: 'plain_text_input', value: 'seen' } },
				},
			},
		},
	}),
})
const send = async (server: SlackServer, request: Request): Promise<number> => {
	const { status } = await fetch(request)
	await server.settled()
	return status
}
const nothing = async (server: SlackServer, id: string) => {
	const { status, votes, execution } = await read(server, id)
	expect([status, votes, execution]).toEqual(['pending', [], null])
}

describe('a request that Slack has not sent', () => {
	it('does nothing with a forged, a missing or a foreign signature', async ({ server }) => {
		const { id } = await asked(server)
		const body = submission(await review(server, id, 'U-one'))
		const url = `${server.url}/slack/events`
		const now = server.context.now()
		expect(await send(server, slackRequest(url, body, now, { secret: 'another secret' }))).toBe(401)
		const forged = { 'x-slack-signature': `v0=${'0'.repeat(64)}` }
		expect(await send(server, slackRequest(url, body, now, { headers: forged }))).toBe(401)
		const unsigned = new Request(url, { method: 'POST', body: new URLSearchParams(body) })
		expect(await send(server, unsigned)).toBe(401)
		await nothing(server, id)
	})

	it('does nothing when its time is more than five minutes off, in the past or in the future', async ({
		server,
	}) => {
		const { id } = await asked(server)
		const body = submission(await review(server, id, 'U-one'))
		const seconds = Math.floor(server.context.now() / 1000)
		for (const timestamp of [seconds - 301, seconds + 301, seconds + 365 * 86_400, 0]) {
			const request = slackRequest(`${server.url}/slack/events`, body, 0, { timestamp })
			expect(await send(server, request)).toBe(401)
		}
		await nothing(server, id)
	})

	it('does nothing a second time: a replay is not a second vote', async ({ server }) => {
		const { id } = await asked(server)
		const body = submission(await review(server, id, 'U-one'))
		const request = slackRequest(`${server.url}/slack/events`, body, server.context.now())
		const copies = [request.clone(), request.clone(), request]
		expect(await Promise.all(copies.map((copy) => send(server, copy)))).toEqual([200, 200, 200])
		expect((await read(server, id)).votes).toHaveLength(1)
		const { length } = (await server.fetch(`/v1/audit/entries?object=request:${id}&action=vote-request`)).body
			.items
		expect(length).toBe(1)
	})

	it('does nothing for another workspace, which is answered with a text', async ({ server }) => {
		const { id } = await asked(server)
		const view = await review(server, id, 'U-one')
		const { status } = await server.submit(view, yes, 'U-one', { team: 'T-elsewhere' })
		expect(status).toBe(200)
		const url = `${server.url}/slack/events`
		const answer = await fetch(
			slackRequest(url, command('status', 'U-one', 'T-elsewhere'), server.context.now()),
		)
		expect([answer.status, (await answer.text()).length > 0]).toEqual([200, true])
		await nothing(server, id)
	})
})

describe('a vote does not count', () => {
	it('by somebody without a role, although they are in the channel', async ({ server }) => {
		const { id } = await asked(server)
		await review(server, id, 'U-stranger')
		const view = await review(server, id, 'U-one')
		const { shown } = await server.submit(view, yes, 'U-stranger')
		expect(shown).toContain('no role')
		const looking = await review(server, id, 'U-view')
		expect((await server.submit(looking, yes, 'U-view')).shown).toContain('not counted')
		await nothing(server, id)
	})

	it('by the person who asked, through whatever key or Slack user', async ({ server }) => {
		const request = await asked(server)
		await owned(server, 'T1', 'U-rita', 'Rita@Bank.example')
		const view = await review(server, request.id, 'U-rita')
		expect((await server.submit(view, yes, 'U-rita')).shown).toContain('not counted')
		const second = await server.keyOf('approver', { owner: 'RITA@bank.example' })
		const admin = await server.keyOf('admin', { owner: 'rita@bank.example' })
		for (const key of [request.key, second, admin])
			expect(await voted(server, request, key)).toEqual([403, 'own-request'])
		await nothing(server, request.id)
	})

	it('twice by one person: two keys, two workspaces, or a key and a Slack user', async ({ server }) => {
		const request = await asked(server)
		const owner = 'ben@bank.example'
		await owned(server, 'T1', 'U-ben', owner)
		await owned(server, 'T2', 'U-benjamin', owner)
		const [first, second] = [
			await server.keyOf('approver', { owner }),
			await server.keyOf('approver', { owner }),
		]
		expect(await voted(server, request, first)).toEqual([201, undefined])
		expect(await voted(server, request, second)).toEqual([409, 'already-voted'])
		for (const [user, team] of [
			['U-ben', 'T1'],
			['U-benjamin', 'T2'],
		] as const) {
			const view = await review(server, request.id, user, team)
			expect((await server.submit(view, yes, user, { team })).shown).toContain('not counted')
		}
		const { status, votes } = await read(server, request.id)
		expect([status, votes.map((v: Json) => v.person)]).toEqual(['pending', [owner]])
	})

	it('twice by one person who became one after the first vote', async ({ server }) => {
		const request = await asked(server)
		const [one, two] = [await review(server, request.id, 'U-one'), await review(server, request.id, 'U-two')]
		await server.submit(one, yes, 'U-one')
		await owned(server, 'T1', 'U-one', 'ben@bank.example')
		await owned(server, 'T1', 'U-two', 'BEN@bank.example')
		expect((await server.submit(two, yes, 'U-two')).shown).toContain('not counted')
		expect((await read(server, request.id)).status).toBe('pending')
	})

	it('when the role was withdrawn between opening and submitting the form', async ({ server }) => {
		const { id } = await asked(server)
		const view = await review(server, id, 'U-one')
		await server.fetch('/v1/slack/users/T1/U-one', { method: 'PUT', json: { role: 'viewer' } })
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('not counted')
		const other = await review(server, id, 'U-two')
		const json = { role: 'approver', models: ['other-*'] }
		await server.fetch('/v1/slack/users/T1/U-two', { method: 'PUT', json })
		await server.submit(other, yes, 'U-two')
		await nothing(server, id)
	})

	it('after the request has expired', async ({ server }) => {
		const request = await asked(server)
		server.clock.advance(7 * dayMs - minuteMs)
		const view = await review(server, request.id, 'U-one')
		server.clock.advance(minuteMs)
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('expired')
		const key = await server.keyOf('approver')
		expect(await voted(server, request, key)).toEqual([409, 'expired'])
		expect(await read(server, request.id)).toMatchObject({ status: 'expired', votes: [], execution: null })
	})

	it('for another action than the one that was shown', async ({ server }) => {
		const request = await asked(server)
		const view = await review(server, request.id, 'U-one')
		const { action } = await read(server, request.id)
		const changed = JSON.stringify({ ...action, to: '2' })
		await server.context.sql.batch([
			{ sql: 'UPDATE request SET action = ? WHERE id = ?', params: [changed, request.id] },
		])
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('not counted')
		const key = await server.keyOf('approver')
		expect(await voted(server, request, key)).toEqual([409, 'digest-changed'])
		expect((await read(server, request.id)).votes).toEqual([])
	})

	it('when the target has changed since', async ({ server }) => {
		const request = await asked(server)
		const view = await review(server, request.id, 'U-one')
		await server.context.sql.batch([
			{
				sql: `INSERT INTO deployment (model, environment, revision, champion, since)
					VALUES ('credit', 'production', 3, '1', 0)`,
			},
		])
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('not counted')
		expect(await read(server, request.id)).toMatchObject({ status: 'stale', votes: [], execution: null })
	})

	it('with an edited id in the form, or with the form of somebody else', async ({ server }) => {
		const { id } = await asked(server)
		const view = await review(server, id, 'U-one')
		for (const metadata of [id, '', `${view.private_metadata}x`, view.private_metadata.toUpperCase(), '{}'])
			await server.submit(view, yes, 'U-one', { metadata })
		await server.submit(view, yes, 'U-two')
		await nothing(server, id)
	})

	it('by a press of Review alone, or by words', async ({ server }) => {
		const { id, actionDigest } = await asked(server)
		for (let i = 0; i < 3; i++) await review(server, id, 'U-one')
		for (const text of [
			`approve ${id}`,
			`reject ${id}`,
			`I approve ${id} ${actionDigest}`,
			'yes',
			`ok ${id}`,
		])
			await server.plumbAs('U-one', text)
		await server.event({
			type: 'message',
			channel_type: 'im',
			channel: 'D1',
			user: 'U-one',
			text: `approve ${id}`,
			ts: '1.1',
		})
		await server.event({
			type: 'app_mention',
			channel: 'C0000000ML',
			user: 'U-one',
			text: `<@B> approve ${id}`,
			ts: '1.2',
		})
		await nothing(server, id)
	})
})

describe('what people decided', () => {
	it('is carried out once, when a hundred vote at once from Slack and over HTTP', async ({ server }) => {
		const request = await asked(server)
		const users = Array.from({ length: 50 }, (_, i) => `U-voter-${i}`)
		for (const user of users) await server.map(user, 'approver')
		const keys: string[] = []
		for (let i = 0; i < 50; i++) keys.push(await server.keyOf('approver', { owner: `p${i}@bank.example` }))
		const views: Json[] = []
		for (const user of users) views.push(await review(server, request.id, user))
		const answers = await Promise.all([
			...users.map((user, i) => server.submit(views[i], yes, user).then(({ status }) => [status])),
			...keys.map((key) => voted(server, request, key)),
		])
		for (const [status, code] of answers) {
			expect([200, 201, 409]).toContain(status)
			expect([undefined, 'not-open']).toContain(code)
		}
		await expect.poll(async () => (await read(server, request.id)).status).toBe('verified')
		const { items } = (await server.fetch(`/v1/audit/entries?object=request:${request.id}&limit=1000`)).body
		const count = (action: string) => items.filter((e: Json) => e.action === action).length
		expect(['approve-request', 'start-execution', 'act-execution', 'verify-execution'].map(count)).toEqual([
			1, 1, 1, 1,
		])
		const { body: history } = await server.fetch('/v1/models/credit/deployments/production')
		expect([history.champion, history.revision]).toEqual(['1', 3])
	})

	it('is not lost by a restart between opening and submitting, and not doubled by a second submission', async ({
		server,
	}) => {
		const { id } = await asked(server)
		const view = await review(server, id, 'U-one')
		const restarted = await openSlack(server.context, {
			SLACK_BOT_TOKEN: 'xoxb-test',
			SLACK_SIGNING_SECRET: signingSecret,
			SLACK_CHANNEL: '#ml',
		})
		server.context.slack = slackClient(server.context, {
			token: 'xoxb-test',
			channel: '#ml',
			pause: async () => {},
		})
		const url = `${server.url}/slack/events`
		for (let i = 0; i < 3; i++) {
			const at = server.context.now() - i * 1000
			expect((await restarted?.handle?.(slackRequest(url, submission(view), at)))?.status).toBe(200)
		}
		await server.settled()
		expect((await read(server, id)).votes).toHaveLength(1)
	})

	it('is asked for in the channel, never in a message that only one person sees', async ({ server }) => {
		const { id } = await asked(server)
		await server.deliver()
		await server.plumbAs('U-one', 'requests')
		expect(JSON.stringify(fake.topLevel)).toContain('"Review"')
		expect(JSON.stringify([fake.ephemeral, fake.toOne])).not.toContain('"Approve"')
		await nothing(server, id)
	})
})

describe('what people write', () => {
	const hostile = '<!channel> <@U1|x> <https://evil.example|click> &lt;!here&gt; *b* `c` @here'
	const name = '<!channel> <https:evil|x> & `m`'

	it('mentions nobody and links nowhere, in names, owners, reasons, features, comments and environments', async ({
		server,
	}) => {
		const model = { model: name, task: 'binary', owner: hostile, tags: ['a'], riskTier: 'low' }
		expect((await server.post('/v1/models', model)).status).toBe(201)
		const path = `/v1/models/${encodeURIComponent(name)}`
		const versions = ['<!here> 1', '1']
		for (const version of versions) {
			const features = [{ name: hostile, type: 'numeric' }]
			expect((await server.post(`${path}/versions`, { version, features })).status).toBe(201)
			const json = { champion: version }
			for (const environment of ['production', '<!everyone>'])
				await server.fetch(`${path}/deployments/${encodeURIComponent(environment)}`, { method: 'PUT', json })
		}
		const key = await server.keyOf('approver', { owner: hostile, name: hostile })
		const script = new FactScript('1d', name)
		script.set(startOfTest - 2 * dayMs, hostile, { 'drift.effect': 0.4 })
		await script.evaluate(server.context, driftRule)
		const incident = (await server.fetch('/v1/incidents')).body.items[0].id
		await server.post(`/v1/incidents/${incident}/comment`, { text: hostile }, { key })
		const input = { kind: 'rollback', model: name, reason: hostile }
		const more = [{ incident }, { environment: '<!everyone>' }]
		const ids = await Promise.all(
			more.map(async (m) => (await server.post('/v1/requests', { ...input, ...m }, { key })).body.id),
		)
		await owned(server, 'T1', 'U-one', '<!subteam^S1> x@bank.example')
		await server.deliver()
		const shown: unknown[] = []
		for (const id of ids) {
			const view = await review(server, id, 'U-one')
			shown.push(view, (await server.submit(view, { ...yes, reason: hostile }, 'U-one')).view)
		}
		for (const text of [
			'status',
			`status ${name}`,
			'models',
			'incidents',
			`incident ${incident}`,
			'requests',
			`drift ${name}`,
			`performance ${name}`,
			`bias ${name}`,
			`lineage ${name}@${versions[0]}`,
			`audit ${name}`,
			`why ${hostile}`,
			`rollback ${name} because ${hostile}`,
			hostile,
		])
			shown.push((await server.plumbAs('U-one', text)).body)
		await server.press('incident_why', incident, 'U-one')
		await server.event({ type: 'app_home_opened', user: 'U-one', tab: 'home', channel: 'D1' })
		await server.deliver()
		const all = [shown, fake.messages, fake.toOne, fake.ephemeral, [...fake.views.values()]]
		const texts = all.flatMap(markupIn)
		expect(texts.length).toBeGreaterThan(50)
		for (const text of texts) {
			const foreign = [...text.matchAll(/<[^>]*>?/g)].filter(
				([tag]) => !tag.startsWith('<http://127.0.0.1:8787/'),
			)
			expect(foreign.map(String), text).toEqual([])
		}
		// Nor does plain text look like a mention.
		expect(JSON.stringify(all)).not.toMatch(/<[!@#]/)
		for (const message of fake.messages as Json[]) expect(message).toMatchObject({ parse: 'none' })
	})

	/** Every text that Slack reads as markup. */
	function markupIn(value: unknown): string[] {
		if (Array.isArray(value)) return value.flatMap(markupIn)
		if (typeof value !== 'object' || value === null) return []
		const { type, text, ...others } = value as Json
		const own = typeof text === 'string' && type !== 'plain_text' ? [text] : markupIn(text)
		return [...own, ...Object.values(others).flatMap(markupIn)]
	}
})

describe('a message', () => {
	it('is never posted beside its thread: with the parent gone, nothing of the thread is at top level', async ({
		server,
	}) => {
		const { id } = await incidentWithRequest(server)
		await server.deliver()
		const before = fake.topLevel.length
		fake.messages.splice(0, fake.messages.length)
		const view = await review(server, id, 'U-one')
		await server.submit(view, yes, 'U-one')
		for (let i = 0; i < 4; i++) {
			await server.deliver()
			server.clock.advance(minuteMs)
		}
		expect(fake.topLevel).toHaveLength(before)
		for (const message of fake.topLevel as Json[]) expect(message.blocks).toBeTruthy()
	})

	it('waits while the channel is archived or the token is revoked, and votes go on', async ({ server }) => {
		const { id } = await incidentWithRequest(server)
		for (const error of ['is_archived', 'token_revoked', 'account_inactive']) {
			fake.plan('chat.postMessage', ...Array.from({ length: 4 }, () => refused(error)))
			await server.deliver()
			expect(fake.messages).toEqual([])
			fake.reset()
			server.clock.advance(20 * minuteMs)
		}
		const view = await review(server, id, 'U-one')
		expect((await server.submit(view, yes, 'U-one')).shown).toContain('stored')
		await server.deliver()
		server.clock.advance(20 * minuteMs)
		await server.deliver()
		expect(fake.topLevel).toHaveLength(2)
		expect(JSON.stringify(fake.topLevel)).toContain('approved by')
	})

	it('of a channel has no values of features: those are shown to one person alone', async ({ server }) => {
		const row = { predictionId: 'loan-1', version: '2', timestamp: '2026-03-01T12:00:00Z', score: 0.9 }
		await server.post('/v1/models/credit/predictions', [{ ...row, features: { income: 31_415 } }])
		const { ts } = server.write('a question')
		await server.event({
			type: 'app_mention',
			channel: 'C0000000ML',
			user: 'U1',
			text: '<@B> why loan-1 in credit',
			ts: '1700000999.000100',
			thread_ts: ts,
		})
		expect(JSON.stringify(fake.messages)).not.toMatch(/31,?415/)
		expect(fake.ephemeral).toHaveLength(1)
	})
})

/** An incident, and a request for it. */
async function incidentWithRequest(server: SlackServer): Promise<{ id: string; incident: string }> {
	await server.fetch('/v1/models/credit', { method: 'PATCH', json: { riskTier: 'high' } })
	const script = new FactScript('1d', 'credit')
	script.set(startOfTest - 2 * dayMs, 'income', { 'drift.effect': 0.4 })
	await script.evaluate(server.context, driftRule)
	const incident = (await server.fetch('/v1/incidents')).body.items[0].id
	const json = { kind: 'rollback', model: 'credit', reason: 'drift', incident }
	return { id: (await server.post('/v1/requests', json)).body.id, incident }
}
