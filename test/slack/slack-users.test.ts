import { expect } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { commandLine } from '../support/command-line.ts'
import { type ServerOf, withServer } from '../support/fixtures.ts'
import { plumbServer } from '../support/plumb.ts'
import type { Json } from '../support/server.ts'

const it = withServer(plumbServer)
type Server = ServerOf<typeof plumbServer>

const slack = (server: Server, ...args: string[]) =>
	commandLine(['slack', ...args], { PLUMBLINE_DATABASE_URL: server.databaseUrl })
const isKnown = async (server: Server, user: string) =>
	!(await server.plumb('models', user)).text.includes('no role in Plumbline')
const entries = async (server: Server, object: string) =>
	(await server.fetch('/v1/audit/entries?limit=1000')).body.items
		.filter((e: { object: string }) => e.object === object)
		.map((e: { action: string; entry: string }) => [e.action, JSON.parse(e.entry).details])

it('a mapping can be made, listed and removed on the command line, each with its ledger entry', async ({
	server,
}) => {
	expect(await isKnown(server, 'U7')).toBe(false)
	const mapped = await slack(server, 'map', 'T1/U7', '--role', 'viewer', '--models', 'credit-*')
	expect([mapped.code, mapped.out]).toEqual([0, 'T1/U7 is now viewer.\n'])
	expect(await isKnown(server, 'U7')).toBe(true)
	expect((await slack(server, 'maps')).out).toMatch(/T1\/U7 +viewer +credit-\* +never +active/)
	const { items } = JSON.parse((await slack(server, 'maps', '--json')).out)
	expect(items).toContainEqual(
		expect.objectContaining({
			team: 'T1',
			user: 'U7',
			role: 'viewer',
			models: ['credit-*'],
			status: 'active',
		}),
	)
	expect((await slack(server, 'unmap', 'T1/U7')).out).toBe('T1/U7 no longer has a role.\n')
	expect(await isKnown(server, 'U7')).toBe(false)
	const again = await slack(server, 'unmap', 'T1/U7')
	expect([again.code, again.err]).toEqual([2, expect.stringContaining('is not mapped')])
	expect(await entries(server, 'slack-user:T1/U7')).toEqual([
		['map-slack-user', { role: 'viewer', models: ['credit-*'], owner: null, expiresAt: null }],
		['unmap-slack-user', { role: 'viewer', models: ['credit-*'], owner: null }],
	])
})

it('a new role keeps the owner, and the ledger names every other one', async ({ server }) => {
	const path = '/v1/slack/users/T1/U10'
	const put = async (json: object) =>
		(await server.fetch(path, { method: 'PUT', json: { role: 'approver', ...json } })).body.owner
	expect(await put({ owner: ' Ana@Bank.example ' })).toBe('Ana@Bank.example')
	expect(await put({ role: 'viewer' })).toBe('Ana@Bank.example')
	expect(await put({ owner: null })).toBe('Ana@Bank.example')
	const moved = await slack(server, 'map', 'T1/U10', '--role', 'admin', '--owner', 'bo@bank.example')
	expect(moved.code).toBe(0)
	expect((await slack(server, 'list')).out).toMatch(/T1\/U10 +admin +\* +bo@bank\.example +never/)
	expect((await server.fetch(path, { method: 'DELETE' })).status).toBe(204)
	const owners = (await entries(server, 'slack-user:T1/U10')).map(
		([action, { owner, before }]: [string, Json]) => [action, owner, before?.owner],
	)
	expect(owners).toEqual([
		['map-slack-user', 'Ana@Bank.example', undefined],
		['map-slack-user', 'Ana@Bank.example', undefined],
		['map-slack-user', 'Ana@Bank.example', undefined],
		['map-slack-user', 'bo@bank.example', 'Ana@Bank.example'],
		['unmap-slack-user', 'bo@bank.example', undefined],
	])
})

it('a mapping that has expired gives no role, and is still listed', async ({ server }) => {
	const path = '/v1/slack/users/T1/U8'
	const body = { role: 'analyst', expires: '90d' }
	expect((await server.fetch(path, { method: 'PUT', json: body })).body).toMatchObject({
		role: 'analyst',
		models: ['*'],
		status: 'active',
		expiresAt: '2026-05-31T00:00:00.000Z',
	})
	expect(await isKnown(server, 'U8')).toBe(true)
	server.clock.advance(90 * dayMs)
	expect(await isKnown(server, 'U8')).toBe(false)
	const listed = await server.fetch('/v1/slack/users?limit=1')
	expect(listed.body.items).toHaveLength(1)
	const rest = await server.fetch(`/v1/slack/users?limit=10&cursor=${listed.body.next}`)
	expect(rest.body.items).toMatchObject([{ user: 'U8', status: 'expired' }])
	expect((await server.fetch(path, { method: 'DELETE' })).status).toBe(204)
	expect((await server.fetch(path, { method: 'DELETE' })).status).toBe(404)
})

it('an admin of some models maps, sees and removes within them alone', async ({ server }) => {
	const key = await server.keyOf('admin', { models: ['credit-*'] })
	const put = (user: string, models: string[]) =>
		server.fetch(`/v1/slack/users/T1/${user}`, { method: 'PUT', json: { role: 'viewer', models }, key })
	expect((await put('U9', ['*'])).status).toBe(403)
	expect((await put('U1', ['credit-*'])).status).toBe(403)
	expect((await put('U9', ['credit-a*'])).status).toBe(200)
	const { items } = (await server.fetch('/v1/slack/users', { key })).body
	expect(items.map((m: { user: string }) => m.user)).toEqual(['U9'])
	expect((await server.fetch('/v1/slack/users/T1/U1', { method: 'DELETE', key })).status).toBe(404)
	expect((await server.fetch('/v1/slack/users/T1/U9', { method: 'DELETE', key })).status).toBe(204)
	const analyst = await server.keyOf('analyst')
	expect((await server.fetch('/v1/slack/users', { key: analyst })).status).toBe(403)
})

it('an invalid mapping is refused, and the message says what is wrong', async ({ server }) => {
	for (const [args, message] of [
		[['map', 'T1', '--role', 'viewer'], /TEAM\/USER/],
		[['map', 'T1/U1/x', '--role', 'viewer'], /TEAM\/USER/],
		[['map', 'T1/U1', '--role', 'boss'], /--role must be one of/],
		[['map', 'T1/U1', '--role', 'viewer', '--expires', 'soon'], /expires: must be/],
		[['map', 'T1/U1', '--role', 'viewer', '--owner', ' '], /--owner: must not be blank/],
		[['map', 'T1/U1', '--role', 'viewer', '--expires', '2020-01-01T00:00:00Z'], /is in the past/],
		[['remove', 'T1/U1'], /verbs of slack are manifest, map, list, unmap, install and installs/],
	] as const) {
		const { code, err } = await slack(server, ...args)
		expect([code, err]).toEqual([2, expect.stringMatching(message)])
	}
})
