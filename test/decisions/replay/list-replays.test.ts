import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { replay } from '../../../src/jobs/index.ts'
import { startOfTest } from '../../support/context.ts'
import {
	digestOf,
	featuresOf,
	linearFile,
	logDay,
	registerLinear,
	upload,
} from '../../support/linear-model.ts'
import { type Json, testServer } from '../../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
const file = linearFile()
const artifact = { sha256: digestOf(file), format: 'linear-json' }
const day = (n: number) => startOfTest + n * dayMs
beforeEach(async () => {
	server = await testServer()
})
afterEach(() => server.close())
const replays = async (): Promise<Json[]> => (await server.fetch('/v1/models/m/replays')).body.items

describe('the replayed days of a model', () => {
	it('tells viewers why rows could not be replayed, without their values', async () => {
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

	it('counts a mismatch once that somebody has asked about before', async () => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(1)
		await logDay(server, 'm', day(0), 20, { slope: 0.6 })
		const id = `p-${formatTime(day(0)).slice(0, 10)}-3`
		const why = await server.fetch(`/v1/models/m/predictions/${id}/explanation`)
		expect(why.body.replay.status).toBe('mismatched')
		expect((await replays())[0].mismatched).toBe(1)
		await replay.run(server.context)
		const [found] = await replays()
		expect(found.matched + found.mismatched).toBe(20)
		expect(new Set(found.examples.map((e: Json) => e.predictionId)).size).toBe(found.examples.length)
		await server.fetch(`/v1/models/m/predictions/p-${formatTime(day(0)).slice(0, 10)}-4/explanation`)
		expect((await replays())[0].mismatched).toBe(found.mismatched)
	})
})
