import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attacks } from '../../bench/attack/attacks.ts'
import { startTarget, type Target } from '../../bench/attack/target.ts'

let target: Target
beforeAll(async () => {
	target = await startTarget()
})
afterAll(() => target.close())

describe('a real service', () => {
	// `npm run attack` runs the same at full size, and measures how long others wait and what memory it takes.
	it.each(attacks)('under attack by $name does as it must, and serves on', async (attack) => {
		const { faults } = await attack.run(target, 'small')
		expect(faults).toEqual([])
		expect(target.death()).toBeUndefined()
		expect((await target.ask('/healthz')).status).toBe(200)
	})
})
