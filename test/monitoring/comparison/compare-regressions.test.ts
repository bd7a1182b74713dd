import { describe, expect } from 'vitest'
import { dayMs, hourMs } from '../../../src/core/time.ts'
import { Chance } from '../../../src/demo/random.ts'
import { startOfTest } from '../../support/context.ts'
import { withOpener } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'
import { versionServer } from '../../support/versions.ts'

const it = withOpener(versionServer)

/** Rows with long-tailed errors, a share of them the challenger's, whose errors are `scale` times as large. */
const rows = (count: number, share: number, scale: number, after: (i: number) => number, first = 0) => {
	const chance = new Chance(6 + first)
	return Array.from({ length: count }, (_, i) => {
		const version = chance.uniform() < share ? ('2' as const) : ('1' as const)
		const error = Math.exp(chance.normal()) * (version === '2' ? scale : 1)
		return { version, request: first + i, after: after(i), score: 10, actual: 10 + error }
	})
}

describe('absolute errors', () => {
	it("are clipped at twice the 95th percentile of the champion's before the deployment", async ({ open }) => {
		const server = await open({ task: 'regression', sensitive: ['sex'] }, {})
		await server.send(rows(1000, 0, 1, (i) => i))
		await server.deploy({ canary: { version: '2', percent: 50 } })
		const deployed = server.clock.now - startOfTest
		await server.send(rows(3000, 0.5, 0.6, (i) => deployed + 1 + i, 1000))
		const answer = await server.compare()
		expect(answer).toMatchObject({ verdict: 'promote', loss: 'absolute', outcomes: 3000 })
		// The 95th percentile of exp(N(0, 1)) is 5.18.
		expect(answer.clippedAt).toBeGreaterThan(8.5)
		expect(answer.clippedAt).toBeLessThan(12.5)
		expect(answer.clipped).toBeGreaterThan(0)
		expect(answer.clipped).toBeLessThan(0.02)
		const group = answer.guards.find((g: Json) => g.group === 'sex=(missing)')
		expect(group).toMatchObject({ metric: 'performance.mae', holds: true })
		expect(group.tolerance).toBeCloseTo(0.05 * answer.clippedAt)
		// The mean of exp(N(0, 1)) is 1.65, clipped at 10 it is 1.55.
		expect(group.champion).toBeGreaterThan(1.4)
		expect(group.champion).toBeLessThan(1.7)
		expect(group.value).toBeCloseTo(answer.gain.value)
	})

	it('of the first hundred rows set the limit where nothing was known before, and do not count', async ({
		open,
	}) => {
		const server = await open({ task: 'regression' }, { canary: { version: '2', percent: 5 } })
		await server.send(rows(60, 0, 1, (i) => i))
		expect(await server.compare()).toMatchObject({
			verdict: 'not-yet',
			reason: 'a limit for errors needs 100 of the champion, not nearly all of them 0',
			clippedAt: null,
			outcomes: 0,
		})
		await server.send(rows(3000, 0.05, 1, (i) => 1000 + i, 60))
		const answer = await server.compare()
		expect(answer.verdict).toBe('not-yet')
		expect(answer.clippedAt).toBeGreaterThan(0)
		expect(answer.outcomes).toBeGreaterThan(2900)
		expect(answer.outcomes).toBeLessThanOrEqual(2960)
	})

	it('count from the millisecond of the deployment on', async ({ open }) => {
		const server = await open({ task: 'regression' }, {})
		await server.send(rows(400, 0, 1, (i) => i))
		const at = server.clock.now - startOfTest
		server.clock.advance(1)
		await server.deploy({ canary: { version: '2', percent: 50 } })
		// All of these are in one hour; those of the last millisecond before the deployment do not count.
		await server.send(rows(200, 0.5, 1, () => at, 400))
		expect((await server.compare()).outcomes).toBe(0)
		await server.send(rows(20, 0.5, 1, () => at + 1, 600))
		expect((await server.compare()).outcomes).toBe(20)
	})

	it('make no winner of a version that has more of the traffic in an easy week', async ({ open }) => {
		const server = await open({ task: 'regression' }, { canary: { version: '2', percent: 5 } })
		const hard = rows(2000, 0.05, 1, (i) => i * 250_000).map((row) => ({
			...row,
			actual: 10 + 3 * (row.actual - 10),
		}))
		const easy = rows(2000, 0.5, 1, (i) => 7 * dayMs + i * 250_000, 2000)
		await server.send(hard)
		await server.send(easy)
		const answer = await server.compare()
		expect(answer.verdict).toBe('not-yet')
		expect(Math.abs(answer.gain.value)).toBeLessThan(0.3)
		expect(answer.gain.low).toBeLessThan(0)
	})

	it('are compared within an hour, in whatever order its rows came', async ({ open }) => {
		const server = await open({ task: 'regression' }, { canary: { version: '2', percent: 50 } })
		await server.send(rows(200, 0, 1, (i) => i))
		const later = (i: number) => hourMs + i
		await server.send(rows(600, 0, 1, later, 200))
		await server.send(rows(600, 1, 1, (i) => later(1000 + i), 800))
		const answer = await server.compare()
		expect(answer.gain.value).not.toBeNull()
		expect(answer.gain.high - answer.gain.low).toBeLessThan(2)
	})
})
