import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { benjaminiHochberg } from '../../src/stats/benjamini-hochberg.ts'
import { chiSquareHomogeneity, cramersV, gHomogeneity } from '../../src/stats/chi-square.ts'
import { hellinger } from '../../src/stats/hellinger.ts'
import { jensenShannon } from '../../src/stats/jensen-shannon.ts'
import { kolmogorovSmirnov } from '../../src/stats/kolmogorov-smirnov.ts'
import { biasCorrectedPsi, psi } from '../../src/stats/psi.ts'
import { largestDifference, totalVariation } from '../../src/stats/total-variation.ts'
import { wassersteinFromCells, wassersteinOfPoints } from '../../src/stats/wasserstein.ts'
import { wilson } from '../../src/stats/wilson.ts'

const count = fc.oneof(fc.constant(0), fc.nat(20), fc.nat(1_000_000))
const hasRows = (counts: number[]) => counts.some((c) => c > 0)
const pair = fc
	.integer({ min: 1, max: 30 })
	.chain((cells) =>
		fc.tuple(...[0, 1].map(() => fc.array(count, { minLength: cells, maxLength: cells }).filter(hasRows))),
	) as fc.Arbitrary<[number[], number[]]>

type Distance = (a: number[], b: number[]) => number
const within1: Record<string, Distance> = {
	hellinger,
	jensenShannon,
	totalVariation,
	largestDifference,
	kolmogorovSmirnov,
}
const distances: Record<string, Distance> = { ...within1, psi, biasCorrectedPsi }

describe.each(Object.entries(distances))('%s', (_, distance) => {
	it('is symmetric, not negative, and nothing between equals', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				const there = distance(a, b)
				expect(there).toBeGreaterThanOrEqual(0)
				expect(distance(b, a)).toBeCloseTo(there, 9)
				expect(distance(a, a)).toBeCloseTo(0, 7)
			}),
		)
	})
})

describe.each(Object.entries(within1))('%s', (_, distance) => {
	it('is at most 1, and 1 where nothing is shared', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				expect(distance(a, b)).toBeLessThanOrEqual(1 + 1e-12)
			}),
		)
		expect(distance([9, 0], [0, 4])).toBeCloseTo(1, 12)
	})
})

const { kolmogorovSmirnov: _, ...unordered } = distances
describe.each(Object.entries(unordered))('%s', (_name, distance) => {
	it('does not depend on the order of the cells', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				expect(distance(a.toReversed(), b.toReversed())).toBeCloseTo(distance(a, b), 9)
			}),
		)
	})
})

describe('tests of homogeneity', () => {
	it.each([
		['chi-square', chiSquareHomogeneity],
		['G', gHomogeneity],
	])('%s has a p in [0, 1], symmetric, and 1 between equals', (_, test) => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				const { p, df } = test(a, b)
				expect(p).toBeGreaterThanOrEqual(0)
				expect(p).toBeLessThanOrEqual(1)
				expect(df).toBe(a.filter((x, i) => x > 0 || (b[i] as number) > 0).length - 1)
				expect(test(b, a).p).toBeCloseTo(p, 9)
				expect(test(a, a).p).toBeCloseTo(1, 6)
			}),
		)
	})

	it('Cramer V is 1 for a full association, about 0 for none, and in between else', () => {
		const v = (a: number[], b: number[]) => {
			const { statistic, df } = chiSquareHomogeneity(a, b)
			return cramersV(
				statistic,
				df + 1,
				[...a, ...b].reduce((x, y) => x + y),
			)
		}
		expect(v([500, 0], [0, 500])).toBeCloseTo(1, 6)
		expect(v([500, 500], [500, 500])).toBe(0)
		fc.assert(
			fc.property(pair, ([a, b]) => {
				expect(v(a, b)).toBeGreaterThanOrEqual(0)
			}),
		)
	})

	it('counts of nothing, or of unlike grids, are refused', () => {
		for (const test of [...Object.values(distances), chiSquareHomogeneity]) {
			expect(() => test([0, 0], [1, 2])).toThrow(RangeError)
			expect(() => test([1], [1, 2])).toThrow(RangeError)
		}
	})
})

describe('Wasserstein', () => {
	it('of one value each is how far they are apart, and grows with a shift', () => {
		expect(wassersteinOfPoints([0, 3, 10], [5, 0, 0], [0, 0, 2])).toBe(10)
		expect(wassersteinFromCells([0, 1, 2], [4, 0], [0, 4])).toBeCloseTo(1, 12)
	})

	it('scales with the unit', () => {
		fc.assert(
			fc.property(pair, fc.integer({ min: 1, max: 1000 }), ([a, b], scale) => {
				const points = a.map((_, i) => i * i)
				const scaled = points.map((x) => x * scale)
				expect(wassersteinOfPoints(scaled, a, b)).toBeCloseTo(scale * wassersteinOfPoints(points, a, b), 5)
			}),
		)
	})
})

describe('Benjamini-Hochberg', () => {
	const ps = fc.array(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(Number.NaN)), {
		maxLength: 40,
	})

	it('keeps the order, never lowers a p, and leaves out what is no test', () => {
		fc.assert(
			fc.property(ps, (p) => {
				const q = benjaminiHochberg(p)
				const tested = p.flatMap((value, i) => (Number.isNaN(value) ? [] : [{ value, q: q[i] as number }]))
				for (const t of tested) {
					expect(t.q).toBeGreaterThanOrEqual(t.value)
					expect(t.q).toBeLessThanOrEqual(1)
				}
				tested.sort((a, b) => a.value - b.value)
				for (let i = 1; i < tested.length; i++)
					expect(tested[i]?.q).toBeGreaterThanOrEqual(tested[i - 1]?.q as number)
				expect(benjaminiHochberg(p.filter((x) => !Number.isNaN(x)))).toEqual(
					q.filter((x) => !Number.isNaN(x)),
				)
			}),
		)
	})
})

describe('Wilson', () => {
	it('holds the share, and stays in [0, 1]', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 100_000 }),
				fc.double({ min: 0, max: 1, noNaN: true }),
				(n, share) => {
					const k = Math.round(n * share)
					const { low, high } = wilson(k, n)
					expect(low).toBeGreaterThanOrEqual(0)
					expect(high).toBeLessThanOrEqual(1)
					expect(low).toBeLessThanOrEqual(k / n + 1e-12)
					expect(high).toBeGreaterThanOrEqual(k / n - 1e-12)
				},
			),
		)
		expect(() => wilson(2, 1)).toThrow(RangeError)
	})
})
