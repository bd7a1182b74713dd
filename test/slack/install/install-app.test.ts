import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest'
import { hourMs, minuteMs } from '../../../src/core/time.ts'
import { boltApp } from '../../../src/slack/bolt.ts'
import { resealTokens } from '../../../src/slack/install/installs.ts'
import { openSlack, type Slack } from '../../../src/slack/open-slack.ts'
import { slackClient } from '../../../src/slack/web-api.ts'
import { commandLine } from '../../support/command-line.ts'
import { type ServerOf, withServerPerTest } from '../../support/fixtures.ts'
import { testServer } from '../../support/server.ts'
import { FakeSlack } from '../../support/slack-api.ts'
import { handledBy, signingSecret, slackRequest } from '../../support/slack-request.ts'

const fake = new FakeSlack()
beforeAll(() => fake.server.listen({ onUnhandledFrame: 'error' }))
beforeEach(() => fake.reset())
afterAll(() => fake.server.close())

const key = new Uint8Array(32).fill(7)
const token = 'xoxb-another-workspace'
const settings = {
	SLACK_BOT_TOKEN: 'xoxb-test',
	SLACK_SIGNING_SECRET: signingSecret,
	SLACK_CHANNEL: '#ml',
	SLACK_CLIENT_ID: 'client-1',
	SLACK_CLIENT_SECRET: 'client-secret-1',
}

async function installServer() {
	let slack: Slack | undefined
	const logged: unknown[] = []
	const log = (...parts: unknown[]) => void logged.push(parts)
	const logger = { info: log, warn: log, error: log }
	const server = await testServer({ slack: handledBy(() => slack) }, { logger, fetch: globalThis.fetch })
	server.context.publicUrl = server.url
	slack = await openSlack(server.context, settings, [key])
	/** A request of a browser, which follows nothing by itself. */
	const browse = async (url: string, cookie = '') => {
		const headers = { accept: 'text/html', ...(cookie === '' ? {} : { cookie }) }
		const response = await fetch(url, { headers, redirect: 'manual' })
		return {
			status: response.status,
			location: new URL(response.headers.get('location') ?? 'http://nowhere/'),
			setCookie: response.headers.get('set-cookie') ?? '',
			text: await response.text(),
		}
	}
	/** A link of an admin, opened: what the browser has then. */
	const begin = async (link?: string) => {
		const url = link ?? ((await server.post('/v1/slack/installs', {})).body.url as string)
		const went = await browse(url)
		const [cookie = ''] = went.setCookie.split(';')
		return { ...went, url, cookie, state: went.location.searchParams.get('state') ?? '' }
	}
	const comeBack = (query: Record<string, string>, cookie?: string) =>
		browse(`${server.url}/slack/oauth?${new URLSearchParams(query)}`, cookie)
	let moment = 0
	/** What Slack posts, signed. */
	const posted = async (body: object, json = false) => {
		const now = server.context.now() - (++moment % 200) * 1000
		const response = await fetch(slackRequest(`${server.url}/slack/events`, body, now, { json }))
		return { status: response.status, text: await response.text() }
	}
	const help = (team: string) =>
		posted({
			command: '/plumb',
			text: 'help',
			team_id: team,
			user_id: 'U5',
			response_url: 'https://hooks.slack.com/a',
		})
	const install = async (code = 'code-1') => {
		fake.codes.set(code, workspace())
		const { state, cookie } = await begin()
		return comeBack({ state, code }, cookie)
	}
	return { ...server, logged, browse, begin, comeBack, posted, help, install }
}
const it = withServerPerTest(installServer)
type Server = ServerOf<typeof installServer>

/** What Slack answers about the workspace that was chosen. */
const workspace = (more: object = {}) => ({
	ok: true,
	access_token: token,
	token_type: 'bot',
	bot_user_id: 'UBOT2',
	scope: 'chat:write,commands',
	team: { id: 'T2', name: 'Other <b>bank</b>' },
	enterprise: null,
	is_enterprise_install: false,
	...more,
})

const installed = async (server: Server) =>
	(await server.fetch('/v1/slack/installs')).body.items.map((i: { team: string }) => i.team)

/** Everything that is stored, logged or answered, as one text. */
async function everything(server: Server): Promise<string> {
	const tables = ['slack_install', 'slack_install_secret', 'ledger_entry']
	const rows = await Promise.all(tables.map((t) => server.context.sql.all({ sql: `SELECT * FROM ${t}` })))
	return JSON.stringify([rows, server.logged])
}

describe('a workspace', () => {
	it('is connected by a link of an admin, and its token is nowhere to be read', async ({ server }) => {
		expect((await server.help('T2')).text).toContain('is not connected to Plumbline')
		const { location, setCookie, state, cookie } = await server.begin()
		expect(location.origin + location.pathname).toBe('https://slack.com/oauth/v2/authorize')
		expect(Object.fromEntries(location.searchParams)).toMatchObject({
			client_id: 'client-1',
			redirect_uri: `${server.url}/slack/oauth`,
			scope: expect.stringContaining('users:read.email'),
		})
		expect(setCookie).toMatch(
			/^plumbline_install=[\w-]{43}; Path=\/slack; Max-Age=600; HttpOnly; SameSite=Lax$/,
		)
		fake.codes.set('code-1', workspace())
		const back = await server.comeBack({ state, code: 'code-1' }, cookie)
		expect([back.status, back.text]).toEqual([
			200,
			expect.stringContaining('Other &lt;b&gt;bank&lt;/b&gt; is connected'),
		])
		expect(back.text).not.toContain('<b>bank')
		const list = await server.fetch('/v1/slack/installs')
		expect(list.body.items).toMatchObject([{ team: 'T2', botUser: 'UBOT2', installedBy: 'key:key_admin' }])
		expect((await server.help('T2')).text).toContain('You have no role in Plumbline')
		for (const secret of [token, 'client-secret-1', state, cookie.split('=')[1] as string])
			expect((await everything(server)) + back.text + list.text).not.toContain(secret)
		const [entry] = await server.context.sql.all<{ entry: string }>({
			sql: "SELECT entry FROM ledger_entry WHERE action = 'install-slack'",
		})
		expect(JSON.parse(entry?.entry ?? '{}')).toMatchObject({
			object: 'slack-install:T2',
			actor: { id: 'key:key_admin' },
		})
	})

	it('is called with its own token, and every other one with SLACK_BOT_TOKEN', async ({ server }) => {
		fake.tokens.set(token, 'T2')
		await server.install()
		const { slack } = server.context
		const teamOf = async (asked: string) => {
			const answer = await slack?.forTeam(asked).call('auth.test', {})
			return answer?.ok && answer.value.team_id
		}
		expect([await teamOf('T2'), await teamOf('T1'), await teamOf('T3')]).toEqual(['T2', 'T1', 'T1'])
	})

	it('has its Home tabs published with its own token', async ({ server }) => {
		fake.tokens.set(token, 'T2')
		await server.install()
		for (const team of ['T1', 'T2']) {
			await server.fetch(`/v1/slack/users/${team}/U5`, { method: 'PUT', json: { role: 'viewer' } })
			const event = { type: 'app_home_opened', user: 'U5', tab: 'home' }
			await server.posted({ type: 'event_callback', team_id: team, event_id: `Ev${team}`, event }, true)
		}
		const published = () => fake.calledFor.filter((call) => call.endsWith('views.publish'))
		await expect.poll(published).toEqual(['T1 views.publish', 'T2 views.publish'])
	})

	it('whose token cannot be decrypted is called with no token at all, and the log says why', async ({
		server,
	}) => {
		await server.install()
		const slack = slackClient(server.context, {
			token: 'xoxb-test',
			channel: '#ml',
			keys: [key.map((b) => b + 1)],
		})
		expect(await slack.forTeam('T2').call('auth.test', {})).toMatchObject({
			ok: false,
			error: { message: expect.stringContaining('PLUMBLINE_TOKEN_KEY does not have the key'), refused: true },
		})
		expect(fake.calledFor).toEqual([])
		await resealTokens(server.context, [])
		expect(JSON.stringify(server.logged)).toContain('does not have the key of the token of the workspace T2')
	})

	it('gets its token encrypted anew when there is a newer key, and needs the older one no more', async ({
		server,
	}) => {
		fake.tokens.set(token, 'T2')
		await server.install()
		const newer = key.map((b) => b + 1)
		await resealTokens(server.context, [newer, key])
		await resealTokens(server.context, [newer, key])
		const slack = slackClient(server.context, { token: 'xoxb-test', channel: '#ml', keys: [newer] })
		expect(await slack.forTeam('T2').call('auth.test', {})).toMatchObject({ value: { team_id: 'T2' } })
		const entries = await server.context.sql.all({
			sql: "SELECT idx FROM ledger_entry WHERE action = 'reencrypt-slack-token' AND object = 'slack-install:T2'",
		})
		expect(entries).toHaveLength(1)
	})

	it('that is not connected is refused in Socket Mode too', async ({ server }) => {
		await server.install()
		const { process } = boltApp(server.context, { botToken: 'xoxb-test', appToken: 'xapp-1' })
		const answerTo = async (team: string) => {
			const answers: unknown[] = []
			const body = { command: '/plumb', text: 'help', team_id: team, user_id: 'U5', token: '' }
			await process({ body, ack: async (answer) => void answers.push(answer) })
			return JSON.stringify(answers)
		}
		expect(await answerTo('T3')).toContain('is not connected to Plumbline')
		expect(await answerTo('T2')).toContain('no role in Plumbline')
	})

	it('is forgotten at once when an admin says so, or when the app is removed or loses its token', async ({
		server,
	}) => {
		await server.install()
		expect((await server.fetch('/v1/slack/installs/T2', { method: 'DELETE' })).status).toBe(204)
		expect((await server.fetch('/v1/slack/installs/T2', { method: 'DELETE' })).status).toBe(404)
		expect((await server.help('T2')).text).toContain('is not connected')
		for (const [i, event] of [
			{ type: 'app_uninstalled' },
			{ type: 'tokens_revoked', tokens: { oauth: [], bot: ['UBOT2'] } },
		].entries()) {
			await server.install(`code-${i}`)
			expect(await installed(server)).toEqual(['T2'])
			await server.posted({ type: 'event_callback', team_id: 'T2', event_id: `Ev${i}`, event }, true)
			await expect.poll(() => installed(server)).toEqual([])
			expect((await server.help('T2')).text).toContain('is not connected')
		}
		await server.install('code-9')
		const users = { type: 'tokens_revoked', tokens: { oauth: ['U1'] } }
		await server.posted({ type: 'event_callback', team_id: 'T2', event_id: 'Ev9', event: users }, true)
		expect(await installed(server)).toEqual(['T2'])
	})

	it('of an organisation connects all of its workspaces', async ({ server }) => {
		const org = { team: null, enterprise: { id: 'E9', name: 'Group' }, is_enterprise_install: true }
		fake.codes.set('code-1', workspace(org))
		const { state, cookie } = await server.begin()
		expect((await server.comeBack({ state, code: 'code-1' }, cookie)).status).toBe(200)
		expect(await installed(server)).toEqual(['E9'])
		const press = {
			type: 'block_actions',
			team: null,
			enterprise: { id: 'E9' },
			is_enterprise_install: true,
			user: { id: 'W1', team_id: 'T77' },
			actions: [{ type: 'button', action_id: 'why_report', value: 'x' }],
		}
		const answer = await server.posted({ payload: JSON.stringify(press) })
		expect(answer.text).not.toContain('not connected')
		const elsewhere = { ...press, enterprise: { id: 'E8' } }
		expect((await server.posted({ payload: JSON.stringify(elsewhere) })).text).toContain('not connected')
	})
})

describe('the link', () => {
	it('works once, and not when an hour has passed; a program that checks it does not use it up', async ({
		server,
	}) => {
		const { body } = await server.post('/v1/slack/installs', {})
		expect((await fetch(body.url, { method: 'HEAD', redirect: 'manual' })).status).toBe(200)
		expect((await server.begin(body.url)).status).toBe(302)
		expect(await server.begin(body.url)).toMatchObject({
			status: 404,
			text: expect.stringContaining('was used before'),
		})
		const { body: late } = await server.post('/v1/slack/installs', {})
		server.clock.advance(hourMs + 1)
		expect((await server.begin(late.url)).status).toBe(404)
	})

	it('comes from an admin of every model alone, by HTTP, by key or on the command line', async ({
		server,
	}) => {
		expect((await server.browse(`${server.url}/slack/install`)).status).toBe(401)
		expect((await server.browse(`${server.url}/slack/install?link=made-up`)).status).toBe(404)
		const scoped = await server.keyOf('admin', { models: ['credit-*'] })
		const approver = await server.keyOf('approver')
		for (const key of [scoped, approver]) {
			expect((await server.post('/v1/slack/installs', {}, { key })).status).toBe(403)
			const headers = { authorization: `Bearer ${key}` }
			expect((await fetch(`${server.url}/slack/install`, { headers, redirect: 'manual' })).status).toBe(403)
		}
		const headers = { authorization: `Bearer ${server.adminKey}` }
		expect((await fetch(`${server.url}/slack/install`, { headers, redirect: 'manual' })).status).toBe(302)
		const environment = { PLUMBLINE_DATABASE_URL: server.databaseUrl, PLUMBLINE_PUBLIC_URL: server.url }
		const { out } = await commandLine(['slack', 'install'], environment)
		expect((await server.begin(out.trim())).status).toBe(302)
	})

	it('is worth nothing once the key of its maker is revoked', async ({ server }) => {
		const { body: made } = await server.post('/v1/keys', { role: 'admin' })
		const { body } = await server.post('/v1/slack/installs', {}, { key: made.secret })
		const { state, cookie } = await server.begin(body.url)
		expect((await server.fetch(`/v1/keys/${made.id}`, { method: 'DELETE' })).status).toBe(204)
		fake.codes.set('code-1', workspace())
		const back = await server.comeBack({ state, code: 'code-1' }, cookie)
		expect([back.status, await installed(server)]).toEqual([403, []])
		expect(fake.codes.size).toBe(1)
	})
})

describe('what comes back from Slack', () => {
	it('is refused with a state that was used, is too old, or belongs to another browser', async ({
		server,
	}) => {
		for (const code of ['code-1', 'code-2', 'code-3']) fake.codes.set(code, workspace())
		const mine = await server.begin()
		const theirs = await server.begin()
		const refused = async (query: Record<string, string>, cookie?: string) => {
			const back = await server.comeBack(query, cookie)
			expect([back.status, back.text]).toEqual([
				403,
				expect.stringContaining('was not begun in this browser'),
			])
		}
		await refused({ code: 'code-1' }, mine.cookie)
		await refused({ state: 'made-up', code: 'code-1' }, mine.cookie)
		await refused({ state: mine.state, code: 'code-1' })
		await refused({ state: mine.state, code: 'code-1' }, theirs.cookie)
		expect((await server.comeBack({ state: mine.state, code: 'code-1' }, mine.cookie)).status).toBe(200)
		await refused({ state: mine.state, code: 'code-2' }, mine.cookie)
		server.clock.advance(10 * minuteMs)
		await refused({ state: theirs.state, code: 'code-3' }, theirs.cookie)
		// No code was exchanged for a state that was refused.
		expect([...fake.codes.keys()]).toEqual(['code-2', 'code-3'])
	})

	it('says when somebody cancelled, and what Slack refused, without connecting anything', async ({
		server,
	}) => {
		const answerTo = async (query: Record<string, string>) => {
			const { state, cookie } = await server.begin()
			const { status, text } = await server.comeBack({ state, ...query }, cookie)
			return `${status} ${text}`
		}
		expect(await answerTo({ error: 'access_denied' })).toMatch(/^422.*was cancelled at Slack/s)
		expect(await answerTo({ error: '<script>alert(1)</script>' })).not.toContain('<script>alert')
		expect(await answerTo({ code: 'unknown' })).toMatch(/^422.*did not accept the code: invalid_code/s)
		for (const [i, more] of [
			{ access_token: 'xoxp-a-user' },
			{ team: null },
			{ team: { id: '../T2', name: 'x' } },
			{ expires_in: 43_200 },
		].entries()) {
			fake.codes.set(`odd-${i}`, workspace(more))
			expect(await answerTo({ code: `odd-${i}` })).toMatch(/^422/)
		}
		fake.plan('oauth.v2.access', () => new Response('<html>', { status: 502 }))
		expect(await answerTo({ code: 'code-1' })).toMatch(/^503.*Slack cannot be reached/s)
		expect(await installed(server)).toEqual([])
	})

	it('of one code twice at once connects one workspace', async ({ server }) => {
		fake.codes.set('code-1', workspace())
		const { state, cookie } = await server.begin()
		const backs = await Promise.all([1, 2, 3].map(() => server.comeBack({ state, code: 'code-1' }, cookie)))
		expect(backs.map((b) => b.status).sort()).toEqual([200, 403, 403])
	})
})
