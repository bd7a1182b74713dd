import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { chiSquareHomogeneity, chiSquareTail, cramersV, gHomogeneity } from '../../src/stats/chi-square.ts'
import { total } from '../../src/stats/counts.ts'
import {
	biasCorrectedPsi,
	hellinger,
	jensenShannon,
	kolmogorovSmirnov,
	kolmogorovSmirnovP,
	kolmogorovTail,
	largestDifference,
	psi,
	totalVariation,
	usedBins,
	wassersteinFromBins,
	wassersteinOfPoints,
} from '../../src/stats/distances.ts'
import { logGamma, upperGamma } from '../../src/stats/distributions.ts'
import { wilson } from '../../src/stats/estimate.ts'
import { benjaminiHochberg } from '../../src/stats/multiple-tests.ts'
import { expectNear, expectSquareNear } from './near.ts'

type Test = { statistic: number; df: number; p: number }
type Pair = {
	reference: number[]
	current: number[]
	points: number[]
	borders: number[]
	rows: [number, number]
	usedCells: number
	chiSquare: Test
	g: Test
	cramersV: number
	jensenShannon: number
	hellinger: number
	totalVariation: number
	largestDifference: number
	psi: number
	biasCorrectedPsi: number
	ks: number
	wasserstein: number
	wassersteinCells: number
}
type Sample = {
	values: number[]
	reference: number[]
	current: number[]
	statistic: number
	wasserstein: number
	cells: [number[], number[]]
	ofCells: number
}
type Golden = {
	pairs: Pair[]
	samples: Sample[]
	kolmogorov: { x: number; p: number }[]
	kolmogorovSmirnovP: { distance: number; n: number; m: number; p: number; exact: number }[]
	chiSquareTail: { x: number; df: number; p: number }[]
	upperGamma: { a: number; x: number; q: number }[]
	logGamma: { a: number; value: number }[]
	benjaminiHochberg: { p: number[]; q: number[] }[]
	wilson: { successes: number; n: number; z: number; interval: [number, number] }[]
}

// What SciPy and statsmodels answer: golden/make.py, with its versions in the file.
const golden: Golden = JSON.parse(await readFile(new URL('golden/golden.json', import.meta.url), 'utf8'))

// Shares are rounded at 1e-16, and that is all that a difference of two of them is known to.
const share = 1e-15
/** Below this a double is rounded to fewer digits, and in the end to 0. */
const subnormal = 1e-306

describe('counts of cells', () => {
	it.each(golden.pairs)('are as far apart as in SciPy: $reference', (pair) => {
		const { reference, current } = pair
		// Sums of shares, without a function that loses digits.
		expectNear(totalVariation(reference, current), pair.totalVariation, 1e-13, share)
		expectNear(largestDifference(reference, current), pair.largestDifference, 1e-13, share)
		expectNear(kolmogorovSmirnov(reference, current), pair.ks, 1e-13, share)
		expectNear(hellinger(reference, current), pair.hellinger, 1e-13, share)
		// The terms of the divergence are of both signs.
		expectSquareNear(jensenShannon(reference, current), pair.jensenShannon, 1e-13, share)
		// SciPy has no PSI: the two Kullback-Leibler divergences, with terms of both signs.
		expectNear(psi(reference, current), pair.psi, 1e-13, share)
		expectNear(biasCorrectedPsi(reference, current), pair.biasCorrectedPsi, 1e-12, share)
	})

	it.each(golden.pairs)('are as far apart by value as in SciPy: $reference', (pair) => {
		const { reference, current, points, borders } = pair
		const range = (of: number[]) => (of.at(-1) as number) - (of[0] as number)
		expectNear(
			wassersteinOfPoints(points, reference, current),
			pair.wasserstein,
			1e-12,
			share * range(points),
		)
		expectNear(
			wassersteinFromBins(borders, reference, current),
			pair.wassersteinCells,
			1e-12,
			share * range(borders),
		)
	})

	it.each(golden.pairs)('are tested as in SciPy: $reference', (pair) => {
		const { reference, current, rows, chiSquare, g } = pair
		expect([total(reference), total(current)]).toEqual(rows)
		expect(usedBins(reference, current)).toBe(pair.usedCells)
		const pearson = chiSquareHomogeneity(reference, current)
		const likelihood = gHomogeneity(reference, current)
		// SciPy's G is a sum of terms as large as the counts, which cancel: the floor is its rounding, not ours.
		for (const [ours, theirs, floor] of [
			[pearson, chiSquare, share],
			[likelihood, g, share * Math.max(...reference, ...current)],
		] as const) {
			expect(ours.df).toBe(theirs.df)
			expectNear(ours.statistic, theirs.statistic, 1e-12, floor)
			// An error e of the statistic is one of e / 2 of p.
			expectNear(ours.p, theirs.p, 1e-12 * Math.max(1, theirs.statistic / 2) + floor, subnormal)
		}
		const v = cramersV(pearson.statistic, pair.usedCells, rows[0] + rows[1])
		expectSquareNear(v, pair.cramersV, 1e-12, share)
	})
})

describe('samples', () => {
	it.each(golden.samples)('each value a cell, or a grid of cells: %#', (sample) => {
		const { values, reference, current } = sample
		expectNear(kolmogorovSmirnov(reference, current), sample.statistic, 1e-13, share)
		expectNear(wassersteinOfPoints(values, reference, current), sample.wasserstein, 1e-12)
		const ofCells = kolmogorovSmirnov(...sample.cells)
		expectNear(ofCells, sample.ofCells, 1e-13, share)
		expect(ofCells).toBeLessThanOrEqual(sample.statistic + share)
	})
})

describe('distributions', () => {
	// exp(a ln x - x - ln gamma(a)) loses as many digits as its terms are large: an error that grows with df.
	it.each(golden.chiSquareTail)('chi-square beyond $x with $df degrees of freedom', ({ x, df, p }) => {
		expectNear(chiSquareTail(x, df), p, Math.max(5e-13, 4e-15 * df), subnormal)
	})

	// Below a + 1 it is 1 less a series, known to the rounding of 1 however small the difference.
	it.each(golden.upperGamma)('the upper gamma function of $a beyond $x', ({ a, x, q }) => {
		expectNear(upperGamma(a, x), q, 5e-13, x < a + 1 ? 5e-15 : 0)
	})

	// Where ln gamma passes through 0, at 1 and 2, only the absolute error is small.
	it.each(golden.logGamma)('ln of gamma of $a', ({ a, value }) => {
		expectNear(logGamma(a), value, 2e-15, 1e-14)
	})

	// Alternating and fast: no digits are lost on either side of 1, where the series change.
	it.each(golden.kolmogorov)('Kolmogorov beyond $x', ({ x, p }) => {
		expectNear(kolmogorovTail(x), p, 2e-15, subnormal)
	})

	it.each(golden.kolmogorovSmirnovP)(
		'p of $distance between $n and $m rows',
		({ distance, n, m, p, exact }) => {
			// exp(-2 x^2): the rounding of x counts 4 x^2 times.
			expectNear(kolmogorovSmirnovP(distance, n, m), p, 1e-13)
			expect(kolmogorovSmirnovP(distance, n, m)).toBeGreaterThanOrEqual(exact)
		},
	)
})

describe('many tests and shares', () => {
	// A product and a quotient.
	it.each(golden.benjaminiHochberg)('q as statsmodels adjusts: $p', ({ p, q }) => {
		const ours = benjaminiHochberg(p)
		expect(ours.length).toBe(q.length)
		ours.forEach((own, i) => {
			expectNear(own, q[i] as number, 1e-15)
		})
	})

	// The low end is a difference of two shares.
	it.each(golden.wilson)('the Wilson interval of $successes in $n at $z', ({ successes, n, z, interval }) => {
		const { low, high } = wilson(successes, n, z)
		expectNear(low, interval[0], 1e-13, 1e-16)
		expectNear(high, interval[1], 1e-13)
	})

	it('95% is what Wilson is asked for when nothing is said', () => {
		const { z } = golden.wilson[0] as Golden['wilson'][number]
		for (const end of ['low', 'high'] as const) expectNear(wilson(3, 7)[end], wilson(3, 7, z)[end], 1e-15)
	})
})
