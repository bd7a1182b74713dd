import { readFile } from 'node:fs/promises'
import { describe, it } from 'vitest'
import {
	type Bounds,
	boundedSequence,
	gammaExponentialMixture,
	type LossSums,
	type Tuning,
} from '../../../src/stats/sequential/confidence-sequence.ts'
import { type Discordant, sequentialMcNemar } from '../../../src/stats/sequential/mcnemar.ts'
import { expectNear } from '../near.ts'

type Golden = {
	mixtures: { s: number; v: number; rho: number; log: number }[]
	bounded: { sums: LossSums; bounds: Bounds; options: Tuning; low: number; high: number }[]
	discordant: (Discordant & { tuneAt: number; logE: number })[]
}

const golden: Golden = JSON.parse(await readFile(new URL('golden/confseq.json', import.meta.url), 'utf8'))

describe('against confseq', () => {
	it('the gamma-exponential mixture', () => {
		for (const { s, v, rho, log } of golden.mixtures)
			expectNear(gammaExponentialMixture(s, v, rho), log, 1e-9, 1e-9)
	})

	it('the sequence for rows within bounds', () => {
		for (const { sums, bounds, options, low, high } of golden.bounded) {
			const got = boundedSequence(sums, bounds, options)
			expectNear(got.low, low, 1e-9, 1e-11)
			expectNear(got.high, high, 1e-9, 1e-11)
		}
	})

	it('the beta-binomial mixture of discordant rows', () => {
		for (const { tuneAt, logE, ...counts } of golden.discordant)
			expectNear(sequentialMcNemar(counts, { tuneAt }).logE, logE, 1e-9, 1e-9)
	})
})
