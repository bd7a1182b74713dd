import { readFile } from 'node:fs/promises'
import { describe, it } from 'vitest'
import { type Bounds, boundedSequence } from '../../../src/stats/sequential/bounded.ts'
import { gammaExponentialMixture } from '../../../src/stats/sequential/gamma-exponential.ts'
import type { LossSums } from '../../../src/stats/sequential/loss-sums.ts'
import { type Discordant, sequentialMcNemar } from '../../../src/stats/sequential/mcnemar.ts'
import { mixtureWeight, type Tuning } from '../../../src/stats/sequential/options.ts'
import { logEvidence, meanSequence } from '../../../src/stats/sequential/t-mixture.ts'
import { expectNear } from '../near.ts'

type Golden = {
	mixtures: { s: number; v: number; rho: number; log: number }[]
	bounded: { sums: LossSums; bounds: Bounds; options: Tuning; low: number; high: number }[]
	tTests: { t: number; rows: number; df: number; weight: number; log: number }[]
	normal: (Tuning & { n: number; half: number })[]
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

	it('the normal mixture, which the t-test comes to with many rows', () => {
		for (const { n, half, ...tuning } of golden.normal) {
			const { low, high } = meanSequence({ n, sum: 0, squares: n - 1 }, tuning)
			expectNear((high - low) / 2, half, 1e-6)
		}
	})

	it('the beta-binomial mixture of discordant rows', () => {
		for (const { tuneAt, logE, ...counts } of golden.discordant)
			expectNear(sequentialMcNemar(counts, { tuneAt }).logE, logE, 1e-9, 1e-9)
	})
})

describe('against numerical integration', () => {
	it("the t-test's evidence is the ratio of the densities of t with effects and without", () => {
		for (const { t, rows, df, weight, log } of golden.tTests)
			expectNear(logEvidence(t, rows, df, weight), log, 1e-9, 1e-10)
	})

	it("the t-test's interval ends where its evidence is 1 / alpha", () => {
		const sums = { n: 400, sum: 30, squares: 90 }
		const { value, low } = meanSequence(sums)
		const error = Math.sqrt((90 - 900 / 400) / 399 / 400)
		expectNear(logEvidence((value - low) / error, 400, 399, mixtureWeight(1000, 0.05)), Math.log(20), 1e-12)
	})
})
