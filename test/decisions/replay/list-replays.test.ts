import { describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { replay } from '../../../src/jobs/index.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import {
	digestOf,
	featuresOf,
	linearFile,
	logDay,
	registerLinear,
	upload,
} from '../../support/linear-model.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServerPerTest()
const file = linearFile()
const artifact = { sha256: digestOf(file), format: 'linear-json' }
const day = (n: number) => startOfTest + n * dayMs
const replays = async (server: TestServer): Promise<Json[]> =>
	(await server.fetch('/v1/models/m/replays')).body.items

describe('the replayed days of a model', () => {
	it('shows viewers why rows could not be replayed, without their values', async ({ server }) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(1)
		await logDay(server, 'm', day(0), 2, { row: { features: { ...featuresOf(0), income: 'secret' } } })
		await replay.run(server.context)
		const key = (await server.post('/v1/keys', { role: 'viewer', name: 'v' })).body.secret
		const shown = (await server.fetch('/v1/models/m/replays', { key })).body.items[0].reasons
		expect(shown).toEqual([
			{ reason: 'the model cannot be run on the logged features, because of income', count: 2 },
		])
	})

	it('counts a mismatch once that somebody has asked about before', async ({ server }) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(1)
		await logDay(server, 'm', day(0), 20, { slope: 0.6 })
		const id = `p-${formatTime(day(0)).slice(0, 10)}-3`
		const why = await server.fetch(`/v1/models/m/predictions/${id}/explanation`)
		expect(why.body.replay.status).toBe('mismatched')
		expect((await replays(server))[0].mismatched).toBe(1)
		await replay.run(server.context)
		const [found] = await replays(server)
		expect(found.matched + found.mismatched).toBe(20)
		expect(new Set(found.examples.map((e: Json) => e.predictionId)).size).toBe(found.examples.length)
		await server.fetch(`/v1/models/m/predictions/p-${formatTime(day(0)).slice(0, 10)}-4/explanation`)
		expect((await replays(server))[0].mismatched).toBe(found.mismatched)
	})
})
