import { describe, expect, it } from 'vitest'
import { chiSquareHomogeneity, chiSquareTail, cramersV, gHomogeneity } from '../../src/stats/chi-square.ts'
import { requirePair, total } from '../../src/stats/counts.ts'
import {
	biasCorrectedPsi,
	eachBin,
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
import { upperGamma } from '../../src/stats/distributions.ts'
import { wilson } from '../../src/stats/estimate.ts'
import { benjaminiHochberg } from '../../src/stats/multiple-tests.ts'

type Compare = (reference: number[], current: number[]) => unknown
const distances = {
	hellinger,
	jensenShannon,
	totalVariation,
	largestDifference,
	kolmogorovSmirnov,
	psi,
	biasCorrectedPsi,
	wassersteinOfPoints: (a: number[], b: number[]) => wassersteinOfPoints([...a.keys()], a, b),
	wassersteinFromCells: (a: number[], b: number[]) => wassersteinFromBins([-1, ...a.keys()], a, b),
}
const all: Record<string, Compare> = { ...distances, chiSquareHomogeneity, gHomogeneity, requirePair }

describe.each(Object.entries(all))('%s', (_, compare) => {
	it.each<[string, number[], number[]]>([
		['no cells', [], []],
		['no rows', [0, 0], [0, 0]],
		['no rows in the reference', [0, 0], [1, 2]],
		['no rows in the window', [1, 2], [0, 0]],
		['other cells', [1], [1, 2]],
	])('refuses %s', (_case, reference, current) => {
		expect(() => compare(reference, current)).toThrow(RangeError)
	})
})

describe.each(Object.entries(distances))('%s', (_, distance) => {
	it.each([[[7]], [[0, 4, 0]], [[3, 1, 4, 1, 5, 9, 2, 6]], [[1e9, 1, 1e15]]])(
		'is nothing from %j to itself',
		(a) => {
			expect(distance(a, a)).toBe(0)
		},
	)

	it('accepts the typed arrays of summaries', () => {
		expect(distance(Float64Array.of(3, 1, 4) as never, Uint32Array.of(2, 7, 1) as never)).toBe(
			distance([3, 1, 4], [2, 7, 1]),
		)
	})
})

describe('tests of one cell, or of equals', () => {
	it.each([chiSquareHomogeneity, gHomogeneity])('say that nothing differs', (test) => {
		expect(test([5], [9])).toEqual({ statistic: 0, df: 0, p: 1 })
		expect(test([0, 5, 0], [0, 9, 0])).toEqual({ statistic: 0, df: 0, p: 1 })
		expect(test([3, 1, 4], [3, 1, 4])).toEqual({ statistic: 0, df: 2, p: 1 })
		expect(test([1e15, 2e15], [1e15, 2e15])).toEqual({ statistic: 0, df: 1, p: 1 })
	})

	it('have a V of 0 where the correction leaves nothing to divide by', () => {
		expect(cramersV(0, 1, 10)).toBe(0)
		expect(cramersV(0, 2, 1)).toBe(0)
		expect(cramersV(2, 2, 2)).toBe(0)
		expect(cramersV(3, 3, 3)).toBe(0)
	})
})

describe('counts', () => {
	it('of cells that neither side uses are passed over', () => {
		const seen: number[][] = []
		eachBin([1, 0, 3, 0], [0, 0, 1, 4], (p, q) => seen.push([p, q]))
		expect(seen).toEqual([
			[0.25, 0],
			[0.75, 0.2],
			[0, 0.8],
		])
		expect(usedBins([1, 0, 3, 0], [0, 0, 1, 4])).toBe(3)
		expect(usedBins([], [])).toBe(0)
	})

	it('have a sum, of none too', () => {
		expect(total([])).toBe(0)
		expect(total(Float64Array.of(1, 2, 4))).toBe(7)
		expect(requirePair([1, 2], [3, 5])).toEqual({ n: 3, m: 8 })
	})
})

describe('distributions at their ends', () => {
	it('begin at 1', () => {
		expect(upperGamma(3, 0)).toBe(1)
		expect(chiSquareTail(0, 5)).toBe(1)
		expect(chiSquareTail(7, 0)).toBe(1)
		expect(kolmogorovTail(0)).toBe(1)
		expect(kolmogorovTail(1e-9)).toBe(1)
		expect(kolmogorovSmirnovP(0, 10, 10)).toBe(1)
	})

	it('end at 0', () => {
		expect(chiSquareTail(1e5, 3)).toBe(0)
		expect(kolmogorovTail(Number.POSITIVE_INFINITY)).toBe(0)
		expect(kolmogorovSmirnovP(1, 1e6, 1e6)).toBe(0)
	})

	it('refuse what is no argument of theirs', () => {
		for (const [a, x] of [[0, 1] as const, [-1, 1] as const, [1, -1] as const, [1, Number.NaN] as const])
			expect(() => upperGamma(a, x)).toThrow(RangeError)
		for (const x of [-1, Number.NaN]) expect(() => kolmogorovTail(x)).toThrow(RangeError)
	})
})

describe('Wasserstein', () => {
	it('needs one more border than there are cells', () => {
		expect(() => wassersteinFromBins([0, 1], [1, 2], [2, 1])).toThrow(RangeError)
		expect(() => wassersteinFromBins([0, 1, 2, 3], [1, 2], [2, 1])).toThrow(RangeError)
	})

	it('of values that are all one is nothing', () => {
		expect(wassersteinFromBins([4, 4, 4], [1, 2], [2, 1])).toBe(0)
		expect(wassersteinOfPoints([4], [1], [2])).toBe(0)
	})
})

describe('Benjamini-Hochberg', () => {
	it('adjusts nothing when there is nothing, or no test', () => {
		expect(benjaminiHochberg([])).toEqual([])
		expect(benjaminiHochberg([Number.NaN, Number.NaN])).toEqual([Number.NaN, Number.NaN])
		expect(benjaminiHochberg([Number.NaN, 0.03])).toEqual([Number.NaN, 0.03])
		expect(benjaminiHochberg([0, 0, 1])).toEqual([0, 0, 1])
	})
})

describe('Wilson', () => {
	it.each([
		[2, 1],
		[-1, 5],
		[0, 0],
		[1, Number.NaN],
	])('refuses %d in %d', (successes, n) => {
		expect(() => wilson(successes, n)).toThrow(RangeError)
	})
})

// Each with the inputs of its project's own test, at the digits that it gives.
describe('what others answer', () => {
	it('Evidently (tests/stattests/test_stattests.py)', () => {
		const reference = [16, 18, 16, 14, 12, 12]
		const current = [16, 16, 16, 16, 16, 8]
		expect(Math.abs(hellinger(reference, current) - 0.06812)).toBeLessThan(1e-5)
		// It takes the reference as exact: ours comes to the same when the reference has no end of rows.
		const exact = chiSquareHomogeneity(
			reference.map((c) => c * 1e8),
			current,
		)
		expect(Math.abs(exact.p - 0.67309)).toBeLessThan(1e-5)
		expect(chiSquareHomogeneity(reference, current).p).toBeCloseTo(0.8985, 4)
	})

	it('popmon (tests/popmon/stats/test_numpy.py)', () => {
		const { statistic, df, p } = chiSquareHomogeneity([1, 2, 0, 5], [3, 4, 0, 2])
		expect(statistic).toBeCloseTo(2.9036, 4)
		expect(statistic / df).toBeCloseTo(1.4518, 4)
		expect(p).toBeCloseTo(0.2341, 4)
		expect(kolmogorovSmirnov([2, 4], [1, 3]) * Math.sqrt((6 * 4) / (6 + 4))).toBeCloseTo(0.1291, 4)
		expect(kolmogorovTail(0.8)).toBeCloseTo(0.5441, 4)
	})

	it('frouros (frouros/tests/conftest.py and test_data_drift.py)', () => {
		// a, a, b, a, a, b and then b, a, c, c, c, c.
		const { statistic, p } = chiSquareHomogeneity([4, 2, 0], [1, 1, 4])
		expect(statistic).toBeCloseTo(6.13333333, 8)
		expect(p).toBeCloseTo(0.04657615, 8)
	})
})
