import { describe, expect } from 'vitest'
import { type ApprovalServer, approvalServer } from '../../support/approvals.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'

const it = withServerPerTest(() => approvalServer())

const path = '/v1/models/credit/reason-tables'
const table = {
	method: '5(i)',
	locale: 'en',
	entries: [{ code: 'R1', text: { en: 'Length of employment too short' }, features: ['x'] }],
}
const propose = async (server: ApprovalServer, owner: string): Promise<Json> =>
	(await server.post(path, { table, reason: 'review' }, { key: await server.keyOf('approver', owner) })).body
const read = async (server: ApprovalServer, revision: number): Promise<Json> =>
	(await server.fetch(`${path}/${revision}`)).body

describe('a reason table', () => {
	it('comes into force by votes on a request, which are its approvals', async ({ server }) => {
		const proposed = await propose(server, 'pia@bank.example')
		const { status, body: request } = await server.ask({
			kind: 'reason-table',
			to: String(proposed.revision),
		})
		expect([status, request.needs, request.action.table]).toEqual([201, 2, proposed.digest])
		const pia = await server.keyOf('approver', 'PIA@bank.example')
		expect((await server.vote(request, pia)).body.code).toBe('own-request')
		await server.vote(request, server.keys.ana)
		expect((await read(server, proposed.revision)).status).toBe('draft')
		await server.vote(request, server.keys.ben)
		await expect.poll(async () => (await read(server, proposed.revision)).status).toBe('approved')
		expect((await read(server, proposed.revision)).approvals).toHaveLength(2)
		expect(await server.ask({ kind: 'reason-table', to: String(proposed.revision) })).toMatchObject({
			status: 422,
		})
	})

	it('takes one approval of each person, whatever the key, and none of who proposed it', async ({
		server,
	}) => {
		const proposed = await propose(server, 'pia@bank.example')
		const approve = (key: string) =>
			server.post(
				`${path}/${proposed.revision}/approvals`,
				{ digest: proposed.digest, reason: 'read' },
				{ key },
			)
		expect((await approve(await server.keyOf('approver', 'Pia@bank.example'))).status).toBe(403)
		expect((await approve(server.keys.ana)).status).toBe(201)
		const twice = await Promise.all(
			Array.from({ length: 5 }, async () => approve(await server.keyOf('approver', 'ana@bank.example'))),
		)
		expect(new Set(twice.map(({ status }) => status))).toEqual(new Set([409]))
		expect((await approve(server.keys.ben)).body.status).toBe('approved')
	})

	it('makes a request stale when it comes into force by other approvals', async ({ server }) => {
		const proposed = await propose(server, 'pia@bank.example')
		const { body: request } = await server.ask({ kind: 'reason-table', to: String(proposed.revision) })
		for (const key of [server.keys.ana, server.keys.ben])
			await server.post(
				`${path}/${proposed.revision}/approvals`,
				{ digest: proposed.digest, reason: 'read' },
				{ key },
			)
		expect((await server.vote(request, server.keys.ana)).body.code).toBe('stale')
	})
})
