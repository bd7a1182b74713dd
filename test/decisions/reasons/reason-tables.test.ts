import { describe, expect } from 'vitest'
import { withServer } from '../../support/fixtures.ts'
import { decisionAt, reasonTable, registerLending } from '../../support/lending-model.ts'
import { type Json, type TestServer, testServer } from '../../support/server.ts'

const it = withServer()
const path = '/v1/models/lending/reason-tables'
let analyst: string
let approvers: string[]

const propose = (server: TestServer, table: unknown = reasonTable, more: object = {}) =>
	server.post(path, { table, reason: 'review', ...more }, { key: analyst })
const approve = (server: TestServer, record: Json, key: string | undefined, digest = record.digest) =>
	server.post(`${path}/${record.revision}/approvals`, { digest, reason: 'read' }, key ? { key } : {})

it.beforeAll(async ({ server }) => {
	await registerLending(server, 200)
	analyst = await server.keyOf('analyst')
	approvers = [await server.keyOf('approver'), await server.keyOf('approver'), await server.keyOf('approver')]
})

describe('a reason table', () => {
	it('is in force once two people other than the proposer have approved it', async ({ server }) => {
		const made = await propose(server)
		expect(made.status).toBe(201)
		expect(made.headers.get('location')).toBe(`${path}/${made.body.revision}`)
		expect(made.body).toMatchObject({ status: 'draft', approvals: [], needs: 2, version: null })
		const first = await approve(server, made.body, approvers[0])
		expect(first.body).toMatchObject({ status: 'draft', approvedAt: null })
		const second = await approve(server, made.body, approvers[1])
		expect(second.body).toMatchObject({ status: 'approved' })
		expect(second.body.approvals).toHaveLength(2)
		const late = await approve(server, made.body, approvers[2])
		expect([late.status, late.body.detail]).toEqual([409, expect.stringContaining('already in force')])
	})

	it('refuses the proposer, a second vote, another digest, and who may not approve', async ({ server }) => {
		const key = approvers[0] as string
		const own = (await server.post(path, { table: reasonTable, reason: 'mine' }, { key })).body
		expect((await approve(server, own, key)).status).toBe(403)
		expect((await approve(server, own, analyst)).status).toBe(403)
		expect((await approve(server, own, await server.keyOf('approver', { models: ['x'] }))).status).toBe(403)
		const other = await approve(server, own, approvers[1], `sha256:${'0'.repeat(64)}`)
		expect([other.status, other.body.errors[0].path]).toEqual([409, 'digest'])
		expect((await approve(server, own, approvers[1])).status).toBe(201)
		const again = await approve(server, own, approvers[1])
		expect([again.status, again.body.detail]).toEqual([409, expect.stringContaining('already')])
		expect((await server.fetch(`${path}/${own.revision}`)).body.status).toBe('draft')
	})

	it('counts one of two votes by the same person at the same moment', async ({ server }) => {
		const { body } = await propose(server)
		const answers = await Promise.all([1, 2, 3].map(() => approve(server, body, approvers[0])))
		expect(answers.map((a) => a.status).sort()).toEqual([201, 409, 409])
		const now = (await server.fetch(`${path}/${body.revision}`)).body
		expect([now.status, now.approvals.length]).toEqual(['draft', 1])
	})

	it('is overtaken by a newer one', async ({ server }) => {
		const [older, newer] = [(await propose(server)).body, (await propose(server)).body]
		await approve(server, newer, approvers[0])
		await approve(server, newer, approvers[1])
		const { items } = (await server.fetch(path)).body
		expect(items[0]).toMatchObject({ revision: newer.revision, status: 'approved' })
		expect(items.slice(1).map((t: Json) => t.status)).not.toContain('approved')
		const late = await approve(server, older, approvers[0])
		expect([late.status, late.body.detail]).toEqual([409, expect.stringContaining('newer')])
	})

	it('refuses protected features, features that are not scored, and texts that say nothing', async ({
		server,
	}) => {
		const entry = { code: 'X', text: 'Income insufficient', features: ['income'] }
		const wrong = [
			{ entries: [{ ...entry, features: ['SEX'] }] },
			{ entries: [{ ...entry, features: ['incme'] }] },
			{ entries: [{ ...entry, text: 'Internal standards' }] },
			{ entries: [{ ...entry, text: 'Failed to achieve a qualifying score' }] },
			{ entries: [] },
			{ entries: 'x' },
			null,
		]
		for (const table of wrong) {
			const { status, body } = await propose(server, table)
			expect(status).toBe(422)
			expect(body.errors[0].path).toMatch(/^table/)
		}
		expect((await propose(server, reasonTable, { version: 'nine' })).status).toBe(404)
		for (const revision of ['999', '0', '-1', 'x', '1e3', '9'.repeat(40)])
			expect((await server.fetch(`${path}/${revision}`)).status).toBe(404)
	})

	it('leaves an entry for each proposal and approval, with the digest', async ({ server }) => {
		const { body } = await propose(server)
		await approve(server, body, approvers[0])
		const entries = (await server.fetch(`/v1/audit/entries?object=reason-table:lending/${body.revision}`))
			.body
		expect(entries.items.map((e: Json) => e.action)).toEqual(['propose-reason-table', 'approve-reason-table'])
		for (const { entry } of entries.items) expect(JSON.parse(entry).after).toBe(body.digest)
	})
})

describe('the table that counts', () => {
	const explain = async (server: TestServer) =>
		(await server.fetch('/v1/models/lending/predictions/declined/explanation')).body

	it('is the first approved since where none was in force, which the answer says', async ({ server }) => {
		server.clock.now = decisionAt + 7200_000
		const answer = await explain(server)
		expect(answer.reasonsStatus).toMatchObject({ status: 'ok' })
		expect(answer.reasonsStatus.reason).toContain('No reason table was in force at that time')
		expect(answer.reasonTable.revision).toBe(1)
	})

	it("is the version's own before that of all versions", async () => {
		const fresh = await testServer()
		await registerLending(fresh, 200)
		fresh.clock.now = decisionAt - 86400_000
		const key = await fresh.keyOf('analyst')
		const both = [await fresh.keyOf('approver'), await fresh.keyOf('approver')]
		const approve = async (entry: object, version?: string) => {
			const table = { entries: [entry] }
			const { body } = await fresh.post(
				path,
				{ table, reason: 'r', ...(version ? { version } : {}) },
				{ key },
			)
			for (const k of both)
				await fresh.post(
					`${path}/${body.revision}/approvals`,
					{ digest: body.digest, reason: 'read' },
					{ key: k },
				)
		}
		await approve({ code: 'L', text: 'Late on loans', features: ['late'] }, '1')
		await approve({ code: 'L', text: 'Late on cards', features: ['late'] })
		const ask = async () => (await fresh.fetch('/v1/models/lending/predictions/declined/explanation')).body
		fresh.clock.now = decisionAt + 3600_000
		const answer = await ask()
		expect(answer.reasons.map((r: Json) => r.text)).toEqual(['Late on loans'])
		expect(answer.reasonsStatus).toMatchObject({
			status: 'incomplete',
			missing: ['limit', 'income', 'education'],
		})
		expect(answer.reasonsStatus.reason).not.toContain('in force')
		// A table that covers nothing of what counted is incomplete too, and says what it lacks.
		fresh.clock.now = decisionAt - 3600_000
		await approve({ code: 'N', text: 'No limit on file', bins: [{ feature: 'limit', missing: true }] }, '1')
		fresh.clock.now = decisionAt + 3600_000
		const none = await ask()
		expect(none.reasons).toEqual([])
		expect(none.reasonsStatus).toMatchObject({
			status: 'incomplete',
			missing: ['late', 'limit', 'income', 'education'],
		})
		await fresh.close()
	})
})
