import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
	biasCorrectedPsi,
	hellinger,
	jensenShannon,
	kolmogorovSmirnov,
	largestDifference,
	psi,
	totalVariation,
	wassersteinFromBins,
	wassersteinOfPoints,
} from '../../src/stats/distances.ts'
import { counts, expectNear, pair, permuted, scale } from './near.ts'

type Distance = (a: number[], b: number[]) => number
/** Of shares alone: in [0, 1], and metrics. */
const ofShares: Record<string, Distance> = {
	hellinger,
	jensenShannon,
	totalVariation,
	largestDifference,
	kolmogorovSmirnov,
}
const all: Record<string, Distance> = { ...ofShares, psi, biasCorrectedPsi }
const { kolmogorovSmirnov: _, ...unordered } = all
// The root of a divergence's rounding error; the others are shares, known to about 1e-16 a cell.
const floorOf = (name: string) => (name === 'jensenShannon' ? 1e-7 : 1e-12)

describe.each(Object.entries(all))('%s', (name, distance) => {
	it('is symmetric and not negative', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				expect(distance(a, b)).toBeGreaterThanOrEqual(0)
				expectNear(distance(b, a), distance(a, b), 1e-13, floorOf(name))
			}),
		)
	})

	it('is nothing between equals', () => {
		fc.assert(
			fc.property(pair, ([a]) => {
				expect(distance(a, a)).toBe(0)
			}),
		)
	})

	it('does not see cells that neither side uses', () => {
		fc.assert(
			fc.property(pair, fc.nat(30), ([a, b], at) => {
				const empty = (of: number[]) => of.toSpliced(at, 0, 0)
				expect(distance(empty(a), empty(b))).toBe(distance(a, b))
			}),
		)
	})
})

describe.each(Object.entries(ofShares))('%s', (name, distance) => {
	const floor = floorOf(name)

	it('is at most 1, and 1 where nothing is shared', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				expect(distance(a, b)).toBeLessThanOrEqual(1 + 1e-12)
			}),
		)
		expect(distance([9, 0], [0, 4])).toBe(1)
	})

	it('is something between different shares', () => {
		const small = fc.tuple(counts(4, 50), counts(4, 50))
		fc.assert(
			fc.property(small, ([a, b]) => {
				const [n, m] = [a, b].map((of) => of.reduce((x, y) => x + y)) as [number, number]
				fc.pre(a.some((x, i) => x * m !== (b[i] as number) * n))
				expect(distance(a, b)).toBeGreaterThan(1e-6)
			}),
		)
	})

	it('depends on the shares alone, not on how many rows they are of', () => {
		fc.assert(
			fc.property(pair, scale, scale, ([a, b], j, k) => {
				const scaled = distance(
					a.map((c) => c * j),
					b.map((c) => c * k),
				)
				expect(scaled).toBe(distance(a, b))
			}),
		)
	})

	it('is no shorter by a detour', () => {
		const three = fc.integer({ min: 1, max: 12 }).chain((cells) => {
			const one = counts(cells, 1000)
			return fc.tuple(one, one, one)
		})
		fc.assert(
			fc.property(three, ([a, b, c]) => {
				expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c) + floor)
			}),
		)
	})
})

describe.each(Object.entries(unordered))('%s', (name, distance) => {
	it('does not depend on the order of the cells', () => {
		fc.assert(
			fc.property(permuted, ({ before, after }) => {
				expectNear(distance(...after), distance(...before), 1e-12, floorOf(name))
			}),
		)
	})
})

describe('distances among each other', () => {
	const merge = (of: number[], at: number) => of.toSpliced(at, 2, (of[at] as number) + (of[at + 1] as number))

	// Not largestDifference: two small differences of one sign make a larger one.
	it.each(['hellinger', 'jensenShannon', 'totalVariation', 'kolmogorovSmirnov'])(
		'%s does not grow when cells are joined',
		(name) => {
			const distance = ofShares[name] as Distance
			fc.assert(
				fc.property(pair, fc.nat(28), ([a, b], at) => {
					fc.pre(at + 1 < a.length)
					expect(distance(merge(a, at), merge(b, at))).toBeLessThanOrEqual(distance(a, b) + floorOf(name))
				}),
			)
		},
	)

	it('keep the order that is known of them', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				const [h, tv] = [hellinger(a, b), totalVariation(a, b)]
				expect(h * h).toBeLessThanOrEqual(tv + 1e-12)
				expect(tv).toBeLessThanOrEqual(Math.SQRT2 * h + 1e-12)
				expect(largestDifference(a, b)).toBeLessThanOrEqual(tv + 1e-12)
				expect(kolmogorovSmirnov(a, b)).toBeLessThanOrEqual(tv + 1e-12)
				expect(jensenShannon(a, b) ** 2).toBeLessThanOrEqual(tv + 1e-12)
				expect(biasCorrectedPsi(a, b)).toBeLessThanOrEqual(psi(a, b))
			}),
		)
	})

	it('kolmogorovSmirnov is the same from either end', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				expectNear(kolmogorovSmirnov(a.toReversed(), b.toReversed()), kolmogorovSmirnov(a, b), 1e-12, 1e-15)
			}),
		)
	})
})

describe('Wasserstein', () => {
	/** Counts with borders: ascending, some cells of no width. */
	const onLine = pair.chain(([a, b]) =>
		fc.array(fc.integer({ min: 0, max: 50 }), { minLength: a.length, maxLength: a.length }).map((widths) => {
			const borders = [-40]
			for (const width of widths) borders.push((borders.at(-1) as number) + width)
			return { a, b, borders }
		}),
	)
	const both = (borders: number[], a: number[], b: number[]) => [
		wassersteinFromBins(borders, a, b),
		wassersteinOfPoints(borders.slice(1), a, b),
	]
	const expectBothNear = (actual: number[], expected: number[]) => {
		actual.forEach((own, i) => {
			expectNear(own, expected[i] as number, 1e-9, 1e-10)
		})
	}

	it('is symmetric, not negative, and depends on the shares alone', () => {
		fc.assert(
			fc.property(onLine, scale, ({ a, b, borders }, k) => {
				const there = both(borders, a, b)
				for (const one of there) expect(one).toBeGreaterThanOrEqual(0)
				expectBothNear(both(borders, b, a), there)
				const more = a.map((c) => c * k)
				expect(both(borders, more, b)).toEqual(there)
			}),
		)
	})

	it('moves with the values: shifted nothing, stretched in proportion, mirrored nothing', () => {
		fc.assert(
			fc.property(onLine, fc.integer({ min: -1000, max: 1000 }), scale, ({ a, b, borders }, by, k) => {
				const there = both(borders, a, b)
				const moved = borders.map((x) => k * x + by)
				expectBothNear(
					both(moved, a, b),
					there.map((one) => k * one),
				)
				const mirrored = borders.map((x) => -x).toReversed()
				expectNear(
					wassersteinFromBins(mirrored, a.toReversed(), b.toReversed()),
					there[0] as number,
					1e-9,
					1e-10,
				)
			}),
		)
	})

	it('is at least how far the means are apart, and at most the range times the largest gap', () => {
		fc.assert(
			fc.property(onLine, ({ a, b, borders }) => {
				const middles = a.map((_, i) => ((borders[i] as number) + (borders[i + 1] as number)) / 2)
				const mean = (of: number[]) =>
					of.reduce((sum, c, i) => sum + c * (middles[i] as number), 0) / of.reduce((x, y) => x + y)
				const distance = wassersteinFromBins(borders, a, b)
				const range = (borders.at(-1) as number) - (borders[0] as number)
				expect(distance).toBeGreaterThanOrEqual(Math.abs(mean(a) - mean(b)) - 1e-9)
				expect(distance).toBeLessThanOrEqual(range * kolmogorovSmirnov(a, b) + 1e-9)
			}),
		)
	})

	it('of cells of no width is that of points', () => {
		fc.assert(
			fc.property(onLine, ({ a, b, borders }) => {
				const points = borders.slice(1)
				const apart = (of: number[]) => of.flatMap((c) => [c, 0]).slice(0, -1)
				const twice = points.flatMap((x) => [x, x])
				expectNear(
					wassersteinFromBins(twice, apart(a), apart(b)),
					wassersteinOfPoints(points, a, b),
					1e-12,
					1e-12,
				)
			}),
		)
	})

	it('of one value each is how far they are apart', () => {
		expect(wassersteinOfPoints([0, 3, 10], [5, 0, 0], [0, 0, 2])).toBe(10)
		expect(wassersteinFromBins([0, 1, 2], [4, 0], [0, 4])).toBe(1)
	})
})
