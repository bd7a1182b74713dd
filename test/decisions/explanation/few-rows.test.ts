import { describe, expect } from 'vitest'
import { formatTime, hourMs, minuteMs } from '../../../src/core/time.ts'
import { withServer } from '../../support/fixtures.ts'
import { featuresOf, linearFile, linearScore, upload } from '../../support/linear-model.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServer()
it.beforeAll(async ({ server }) => {
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

const log = async (
	server: TestServer,
	name: string,
	rows: number,
	more: (i: number) => Json = () => ({}),
) => {
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
const explain = async (server: TestServer, id: string): Promise<Json> =>
	(await server.fetch(`/v1/models/m/predictions/${id}/explanation`)).body

describe('reasons where few rows are logged', () => {
	it('are those of a knock-out rule, also where no score was computed', async ({ server }) => {
		const features = { ...featuresOf(1), bankrupt: 1 }
		await log(server, 'knocked', 1, () => ({ features, score: undefined, label: '1' }))
		expect(await explain(server, 'knocked0')).toMatchObject({
			replay: { status: 'unavailable' },
			reasons: [{ code: 'K1', text: 'Bankruptcy', contribution: null }],
			reasonsStatus: { status: 'ok', reason: expect.stringContaining('A knock-out rule decided.') },
		})
	})

	it('are given a minute after there are enough to compare with, not a day', async ({ server }) => {
		await log(server, 'a', 40)
		const declined = 'a10'
		expect((await explain(server, declined)).reasonsStatus.status).toBe('insufficient')
		await log(server, 'b', 120)
		server.clock.advance(minuteMs)
		expect(await explain(server, declined)).toMatchObject({
			reasonsStatus: { status: 'ok' },
			reasons: [{ code: 'R1' }],
		})
	})

	it('say when the score would have been approved, so that something else decided', async ({ server }) => {
		const features = featuresOf(0)
		expect(linearScore(features)).toBeLessThan(0.5)
		await log(server, 'overridden', 1, () => ({ features, score: linearScore(features), label: '1' }))
		const { adverse, reasonsStatus } = await explain(server, 'overridden0')
		expect(adverse).toBe(true)
		expect(reasonsStatus.reason).toContain('something other than the score decided')
	})
})
