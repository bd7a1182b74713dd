import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { metricIds, metrics } from '../../src/metrics/index.ts'
import { expectNear } from '../stats/near.ts'
import { type Golden, goldenWindow } from './golden-window.ts'

const golden = JSON.parse(readFileSync(new URL('golden/metrics.json', import.meta.url), 'utf8')) as Record<
	string,
	Golden
>

/** Not computed from one window: test/stats/concept/golden.test.ts, test/jobs and test/http hold their values. */
const notOfAWindow = ['concept', 'attribution', 'rejection']

describe('the registry of metrics', () => {
	it('has each id once', () => {
		expect(new Set(metricIds).size).toBe(metricIds.length)
	})

	it('has a golden value of every metric that is computed from a window', () => {
		const covered = new Set(Object.keys(golden).map((name) => name.split(/[ ,]/, 1)[0]))
		const wanted = metrics.filter((m) => !notOfAWindow.includes(m.subject)).map((m) => m.id)
		expect([...covered].sort()).toEqual([...wanted].sort())
	})

	it('computes the golden values', async () => {
		const computed = await goldenWindow()
		// What fails here first is a new metric: its lines go into golden/metrics.json once they are checked.
		const added = Object.entries(computed).filter(([name]) => !(name in golden))
		expect(Object.fromEntries(added)).toEqual({})
		for (const [name, numbers] of Object.entries(golden)) {
			expect(Object.keys(computed[name] ?? {}), name).toEqual(Object.keys(numbers))
			for (const [key, value] of Object.entries(numbers))
				expectNear(computed[name]?.[key] ?? Number.NaN, value, 1e-9, 1e-12)
		}
	})
})
