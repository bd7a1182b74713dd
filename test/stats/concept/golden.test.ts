import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { adwin, ddm, pageHinkley } from '../../../src/stats/concept/detectors.ts'
import { expectNear } from '../near.ts'
import { raised, type Segments, stream } from './streams.ts'

type Result = {
	detector: 'adwin' | 'ddm' | 'pageHinkley'
	options: object
	drifts: number[]
	warnings: number[]
}
type Case = {
	kind: 'error' | 'absolute'
	seed: number
	segments: Segments
	sum: number
	window: { width: number; total: number; spread: number }
	results: Result[]
}
type Golden = { river: string; cases: Case[] }

const golden: Golden = JSON.parse(await readFile(new URL('golden/river.json', import.meta.url), 'utf8'))

const run = {
	adwin: (values: number[], options: object) => raised(adwin, values, options),
	ddm: (values: number[], options: object) => raised(ddm, values, options),
	pageHinkley: (values: number[], options: object) => raised(pageHinkley, values, options),
}

describe(`detectors on the streams that river ${golden.river} saw`, () => {
	it.each(golden.cases)('raise at the same values: $kind stream $seed', ({ kind, seed, segments, ...c }) => {
		const values = stream(kind, seed, segments)
		expectNear(
			values.reduce((sum, x) => sum + x, 0),
			c.sum,
			1e-12,
		)
		for (const { detector, options, drifts, warnings } of c.results) {
			const got = run[detector](values, options)
			expect({ detector, options, drifts: got.drifts, warnings: got.warnings }).toEqual({
				detector,
				options,
				drifts,
				warnings,
			})
		}
	})

	it.each(golden.cases)('keep the same window: $kind stream $seed', ({ kind, seed, segments, window }) => {
		const { state } = raised(adwin, stream(kind, seed, segments).slice(0, 300))
		expect(state.width).toBe(window.width)
		expectNear(state.total, window.total, 1e-12)
		expectNear(state.spread, window.spread, 1e-12)
	})

	it('saw drifts and warnings of every detector', () => {
		const results = golden.cases.flatMap((c) => c.results)
		for (const name of Object.keys(run))
			expect(results.filter((r) => r.detector === name).flatMap((r) => r.drifts).length).toBeGreaterThan(10)
		expect(results.flatMap((r) => r.warnings).length).toBeGreaterThan(10)
	})
})
