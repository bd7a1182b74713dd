import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { benjaminiHochberg } from '../../src/stats/benjamini-hochberg.ts'
import { chiSquareHomogeneity, chiSquareTail, gHomogeneity } from '../../src/stats/chi-square.ts'
import { logGamma } from '../../src/stats/gamma.ts'
import { hellinger } from '../../src/stats/hellinger.ts'
import { jensenShannon } from '../../src/stats/jensen-shannon.ts'
import { kolmogorovSmirnov, kolmogorovSmirnovP, kolmogorovTail } from '../../src/stats/kolmogorov-smirnov.ts'
import { psi } from '../../src/stats/psi.ts'
import { largestDifference, totalVariation } from '../../src/stats/total-variation.ts'
import { wassersteinOfPoints } from '../../src/stats/wasserstein.ts'
import { wilson } from '../../src/stats/wilson.ts'

// What SciPy and statsmodels answer: golden/make.py, with its versions in the file.
const golden = JSON.parse(await readFile(new URL('golden/golden.json', import.meta.url), 'utf8'))

/** Equal to a relative error; values below `floor` in size count as zero. */
function expectNear(actual: number, expected: number, relative = 1e-12, floor = 0): void {
	const error = Math.abs(actual - expected)
	expect(error, `${actual} is not ${expected}`).toBeLessThanOrEqual(
		Math.max(relative * Math.abs(expected), floor),
	)
}

type Pair = { reference: number[]; current: number[]; points: number[] } & Record<string, never>

describe('counts of cells', () => {
	it.each(golden.pairs as Pair[])('are compared as SciPy compares them: $reference', (pair) => {
		const { reference, current, points } = pair as Pair & Record<string, number>
		const p = pair as unknown as Record<string, number>
		expectNear(hellinger(reference, current), p.hellinger as number, 1e-9, 1e-7)
		expectNear(totalVariation(reference, current), p.totalVariation as number, 1e-12, 1e-15)
		expectNear(largestDifference(reference, current), p.largestDifference as number, 1e-12, 1e-15)
		expectNear(jensenShannon(reference, current), p.jensenShannon as number, 1e-10, 1e-7)
		expectNear(psi(reference, current), p.psi as number, 1e-11, 1e-14)
		expectNear(kolmogorovSmirnov(reference, current), p.ks as number, 1e-12, 1e-15)
		expectNear(wassersteinOfPoints(points, reference, current), p.wasserstein as number, 1e-11, 1e-14)
	})

	type Test = { statistic: number; df: number; p: number }
	it.each(golden.pairs as Pair[])('are tested as SciPy tests them: $reference', (pair) => {
		const { reference, current, chiSquare, g } = pair as Pair & { chiSquare: Test; g: Test }
		for (const [ours, theirs] of [
			[chiSquareHomogeneity(reference, current), chiSquare],
			[gHomogeneity(reference, current), g],
		] as const) {
			expect(ours.df).toBe(theirs.df)
			expectNear(ours.statistic, theirs.statistic, 1e-10, 1e-11)
			// p hangs on the statistic exponentially: an error of 1e-13 in a statistic of 1e4 shows in its tenth digit.
			expectNear(ours.p, theirs.p, 1e-8, 1e-300)
		}
	})

	it("give Evidently's own numbers for its own example", () => {
		const [a, b] = [
			[16, 18, 16, 14, 12, 12],
			[16, 16, 16, 16, 16, 8],
		] as const
		expect(hellinger(a, b)).toBeCloseTo(0.06812, 4)
	})
})

describe('samples', () => {
	type Sample = {
		values: number[]
		reference: number[]
		current: number[]
		statistic: number
		wasserstein: number
	}
	it.each(golden.samples as Sample[])('with ties: %#', ({ values, reference, current, ...expected }) => {
		expectNear(kolmogorovSmirnov(reference, current), expected.statistic)
		expectNear(wassersteinOfPoints(values, reference, current), expected.wasserstein, 1e-11)
	})
})

describe('distributions', () => {
	it.each(golden.chiSquareTail as { x: number; df: number; p: number }[])(
		'chi-square beyond $x with $df degrees of freedom',
		({ x, df, p }) => {
			expectNear(chiSquareTail(x, df), p, 1e-11, 1e-305)
		},
	)

	it.each(golden.kolmogorov as { x: number; p: number }[])('Kolmogorov beyond $x', ({ x, p }) => {
		expectNear(kolmogorovTail(x), p, 1e-11, 1e-16)
		expect(kolmogorovSmirnovP(x * Math.sqrt(3 / 200), 100, 200)).toBeCloseTo(p, 10)
	})

	it.each(golden.logGamma as { a: number; value: number }[])('ln of gamma of $a', ({ a, value }) => {
		expectNear(logGamma(a), value, 1e-13, 1e-15)
	})
})

describe('many tests and shares', () => {
	it.each(golden.benjaminiHochberg as { p: number[]; q: number[] }[])(
		'q as statsmodels adjusts: %#',
		({ p, q }) => {
			benjaminiHochberg(p).forEach((own, i) => {
				expectNear(own, q[i] as number, 1e-14)
			})
		},
	)

	it.each(golden.wilson as { successes: number; n: number; interval: [number, number] }[])(
		'the Wilson interval of $successes in $n',
		({ successes, n, interval }) => {
			const { low, high } = wilson(successes, n)
			expectNear(low, interval[0], 1e-12, 1e-15)
			expectNear(high, interval[1], 1e-12, 1e-15)
		},
	)
})
