import { expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { runClocks } from '../../../src/evidence/clocks/run-clocks.ts'
import { withServerPerTest } from '../../support/fixtures.ts'

const test = withServerPerTest()

// The clock of tests stands at 2026-03-02.
test('opens an incident two weeks before a review is due, says when it is overdue, and resolves it once it has another date', async ({
	server,
}) => {
	const { context, clock } = server
	const about = { owner: 'ana@bank.example', validatedAt: '2025-04-01' }
	await server.post('/v1/models', { model: 'credit', task: 'binary', ...about, nextReview: '2026-03-20' })
	await server.post('/v1/models', { model: 'fraud', task: 'binary', nextReview: '2027-01-01' })
	await server.post('/v1/models', { model: 'plain', task: 'binary' })
	const reviews = async () => (await server.fetch('/v1/incidents')).body.items
	await runClocks(context)
	expect(await reviews()).toEqual([])
	clock.advance(5 * dayMs)
	await runClocks(context)
	await runClocks(context)
	expect(await reviews()).toMatchObject([
		{ model: 'credit', severity: 'warning', title: '1 review is due on 2026-03-20', status: 'open' },
	])
	clock.advance(14 * dayMs)
	await runClocks(context)
	expect(await reviews()).toMatchObject([
		{ severity: 'critical', title: '1 review is overdue, the first since 2026-03-20', status: 'open' },
	])
	const done = { validatedAt: '2026-03-21', nextReview: '2027-03-21' }
	await server.fetch('/v1/models/credit', { method: 'PATCH', json: done })
	await runClocks(context)
	expect(await reviews()).toMatchObject([{ status: 'resolved' }])
})
