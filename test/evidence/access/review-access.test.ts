import { expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { reviewAccess } from '../../../src/evidence/access/review-access.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { testServer } from '../../support/server.ts'

const it = withServerPerTest(() => testServer())

it('shows who has which role and flags keys that nobody has used for 90 days', async ({ server }) => {
	const used = await server.keyOf('viewer', { models: ['credit-*'], owner: 'ana@bank.example' })
	await server.keyOf('approver')
	server.clock.advance(89 * dayMs)
	await server.fetch('/v1/models', { key: used })
	server.clock.advance(2 * dayMs)
	const { items } = (await server.fetch('/v1/access')).body
	expect(items).toMatchObject([...items].sort((a, b) => (a.actor < b.actor ? -1 : 1)))
	const seen = Object.fromEntries(items.map((i: { role: string; isUnused: boolean }) => [i.role, i.isUnused]))
	expect(seen).toEqual({ admin: false, viewer: false, approver: true })
	const narrow = await server.keyOf('auditor', { models: ['credit-*'] })
	expect((await server.fetch('/v1/access', { key: narrow })).body.items).toHaveLength(2)
})

it('is reviewed once a quarter, with an entry and an incident', async ({ server }) => {
	expect(await reviewAccess(server.context)).toEqual({ reviewed: 0, unused: 0 })
	server.clock.now = Date.parse('2026-04-01T06:00:00Z')
	expect(await reviewAccess(server.context)).toEqual({ reviewed: 1, unused: 0 })
	expect(await reviewAccess(server.context)).toEqual({ reviewed: 0, unused: 0 })
	const [incident] = (await server.fetch('/v1/incidents')).body.items
	expect(incident).toMatchObject({
		severity: 'info',
		title: 'access review: 1 with access, 0 not used for 90 days',
	})
	const { items } = (await server.fetch('/v1/audit/entries?action=review-access')).body
	expect(items).toHaveLength(1)
})
