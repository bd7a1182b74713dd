import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatTime, hourMs, minuteMs } from '../../../src/core/time.ts'
import { featuresOf, linearFile, linearScore, upload } from '../../support/linear-model.ts'
import { type Json, testServer } from '../../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
beforeAll(async () => {
	server = await testServer()
	await server.post('/v1/models', { model: 'm', task: 'binary', positiveLabel: '1', threshold: 0.5 })
	await server.post('/v1/models/m/versions', {
		version: '1',
		features: ['income', 'debt', 'bankrupt'].map((name) => ({ name, type: 'numeric' })),
	})
	await upload(server, 'm', linearFile())
	const table = {
		entries: [{ code: 'R1', text: 'Income against obligations', features: ['income', 'debt'] }],
		knockOuts: [{ code: 'K1', text: 'Bankruptcy', when: { feature: 'bankrupt', op: '==', value: 1 } }],
	}
	const { body } = await server.post('/v1/models/m/reason-tables', { table, reason: 'first' })
	for (const _ of [1, 2])
		await server.post(
			`/v1/models/m/reason-tables/${body.revision}/approvals`,
			{ digest: body.digest, reason: 'read' },
			{ key: await server.keyOf('approver') },
		)
})
afterAll(() => server.close())

const log = async (name: string, rows: number, more: (i: number) => Json = () => ({})) => {
	const sent = Array.from({ length: rows }, (_, i) => ({
		predictionId: `${name}${i}`,
		version: '1',
		timestamp: formatTime(server.clock.now - hourMs),
		features: featuresOf(i),
		score: linearScore(featuresOf(i)),
		...more(i),
	}))
	expect((await server.post('/v1/models/m/predictions', sent)).body.accepted).toBe(rows)
}
const explain = async (id: string): Promise<Json> =>
	(await server.fetch(`/v1/models/m/predictions/${id}/explanation`)).body

describe('reasons where few rows are logged', () => {
	it('are those of a knock-out rule, also where no score was computed', async () => {
		const features = { ...featuresOf(1), bankrupt: 1 }
		await log('knocked', 1, () => ({ features, score: undefined, label: '1' }))
		expect(await explain('knocked0')).toMatchObject({
			replay: { status: 'unavailable' },
			reasons: [{ code: 'K1', text: 'Bankruptcy', contribution: null }],
			reasonsStatus: { status: 'ok', reason: expect.stringContaining('A knock-out rule decided.') },
		})
	})

	it('are given a minute after there are enough to compare with, not a day', async () => {
		await log('a', 40)
		const declined = 'a10'
		expect((await explain(declined)).reasonsStatus.status).toBe('insufficient')
		await log('b', 120)
		server.clock.advance(minuteMs)
		expect(await explain(declined)).toMatchObject({
			reasonsStatus: { status: 'ok' },
			reasons: [{ code: 'R1' }],
		})
	})

	it('say when the score would have been approved, so that something else decided', async () => {
		const features = featuresOf(0)
		expect(linearScore(features)).toBeLessThan(0.5)
		await log('overridden', 1, () => ({ features, score: linearScore(features), label: '1' }))
		const { adverse, reasonsStatus } = await explain('overridden0')
		expect(adverse).toBe(true)
		expect(reasonsStatus.reason).toContain('something other than the score decided')
	})
})
