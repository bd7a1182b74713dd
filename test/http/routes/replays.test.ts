import { describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { runJobById } from '../../../src/jobs/index.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { digestOf, linearFile, logDay, registerLinear, upload } from '../../support/linear-model.ts'
import type { Json, TestServer } from '../../support/server.ts'

const it = withServerPerTest()
const file = linearFile()
const artifact = { sha256: digestOf(file), format: 'linear-json' }
const day = (n: number) => startOfTest + n * dayMs

const replays = async (server: TestServer, model = 'm', query = ''): Promise<Json[]> =>
	(await server.fetch(`/v1/models/${model}/replays${query}`)).body.items

describe('the list of replays', () => {
	it('is paged, by day, version and environment', async ({ server }) => {
		await registerLinear(server, 'm', { artifact })
		await upload(server, 'm', file)
		server.clock.now = day(4)
		for (let n = 0; n < 4; n++)
			for (const environment of ['production', 'staging'])
				await logDay(server, 'm', day(n), 3, { prefix: environment, row: { environment } })
		await runJobById(server.context, 'replay', 'test')
		const seen: string[] = []
		let cursor = ''
		for (let n = 0; n < 5 && cursor !== 'null'; n++) {
			const { body } = await server.fetch(`/v1/models/m/replays?limit=3${cursor && `&cursor=${cursor}`}`)
			seen.push(...body.items.map((i: Json) => `${i.window.from.slice(8, 10)} ${i.environment}`))
			cursor = String(body.next)
		}
		expect(seen).toEqual(
			[3, 2, 1, 0].flatMap((n) =>
				['production', 'staging'].map((e) => `${formatTime(day(n)).slice(8, 10)} ${e}`),
			),
		)
		const query = `?environment=staging&version=1&from=${formatTime(day(1))}&to=${formatTime(day(2))}`
		expect(await replays(server, 'm', query)).toMatchObject([
			{ environment: 'staging', window: { from: formatTime(day(1)) } },
		])
		expect(await server.fetch('/v1/models/nobody/replays')).toMatchObject({ status: 404 })
		const forged = [btoa('"x"'), btoa('[1,2,3]'), 'x'].map((c) => c.replaceAll('=', ''))
		for (const wrong of forged)
			expect((await server.fetch(`/v1/models/m/replays?cursor=${wrong}`)).status).toBe(422)
	})
})
