import { describe, expect } from 'vitest'
import { incidents } from '../../../src/db/schema.ts'
import { type ApprovalServer, approvalServer } from '../../support/approvals.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'

const it = withServerPerTest(() => approvalServer())

const openIncident = (server: ApprovalServer, more: object = {}) =>
	server.context.db.insert(incidents).values({
		...{ id: 'inc_one', model: 'credit', environment: 'production', status: 'open', severity: 'critical' },
		...{ title: 'income drifted', began: 0, openedAt: 0, channels: ['#ml', '#risk'], revision: 1 },
		...more,
	} as typeof incidents.$inferInsert)

describe('a request with an incident', () => {
	it('tells its timeline what happens, in the same commit as it happens', async ({ server }) => {
		await openIncident(server)
		const { body: request } = await server.ask({ incident: 'inc_one' })
		expect(request.evidence).toEqual({ incident: 'inc_one' })
		await server.vote(request, server.keys.ana, { reason: 'the old one was right' })
		await server.vote(request, server.keys.ben, { vote: 'reject', reason: 'wait' })
		const { body } = await server.fetch('/v1/incidents/inc_one')
		const told = body.timeline.map((t: Json) => t.what)
		expect(told).toEqual([
			`requested: roll back credit in production from 7 to 6 (${request.id}). rows went wrong`,
			`approved request ${request.id}: the old one was right`,
			`rejected request ${request.id}: wait`,
		])
		const messages = await server.context.sql.all<{ key: string; payload: string }>({
			sql: "SELECT key, payload FROM outbox WHERE kind = 'incident' ORDER BY id",
		})
		expect(messages.map((m) => m.key)).toEqual(
			[2, 3, 4].flatMap((revision) => [
				`incident:inc_one:${revision}:#ml`,
				`incident:inc_one:${revision}:#risk`,
			]),
		)
		// The bytes that other messages about the incident have, so that one delivery serves them all.
		expect(messages[0]?.payload).toBe(JSON.stringify({ incidentId: 'inc_one', channel: '#ml' }))
		const requests = await server.context.sql.all<{ key: string }>({
			sql: "SELECT key FROM outbox WHERE kind = 'request' ORDER BY id",
		})
		expect(requests.map((m) => m.key)).toEqual(
			[1, 2, 3].map((revision) => `request:${request.id}:${revision}`),
		)
	})

	it('is about an incident of its own model', async ({ server }) => {
		await openIncident(server, { model: 'other' })
		expect(await server.ask({ incident: 'inc_one' })).toMatchObject({ status: 422 })
	})
})
