import fc from 'fast-check'
import { expect } from 'vitest'

/** Equal to a relative error, or to within `floor` where rounding leaves nothing relative to hold on to. */
export function expectNear(actual: number, expected: number, relative: number, floor = 0): void {
	const error = Math.abs(actual - expected)
	expect(error, `${actual} is not ${expected}`).toBeLessThanOrEqual(
		Math.max(relative * Math.abs(expected), floor),
	)
}

/**
 * For square roots of a difference of large terms: the square is what is known to the last digits. Near 0 the root of
 * a rounding error of 1e-16 is 1e-8, in SciPy too.
 */
export function expectSquareNear(actual: number, expected: number, relative: number, floor: number): void {
	expectNear(actual ** 2, expected ** 2, relative, floor)
}

const count = fc.oneof(fc.constant(0), fc.nat(20), fc.nat(1_000_000))

/** Counts of so many cells, at least one row in all. */
export const counts = (cells: number, most?: number): fc.Arbitrary<number[]> =>
	fc
		.array(most === undefined ? count : fc.nat(most), { minLength: cells, maxLength: cells })
		.filter((made) => made.some((c) => c > 0))

/** Two vectors of counts of the same cells. */
export const pair = fc.integer({ min: 1, max: 30 }).chain((cells) => fc.tuple(counts(cells), counts(cells)))

/** A pair, and the same with its cells in another order. */
export const permuted = pair.chain(([a, b]) => {
	const places = [...a.keys()]
	return fc
		.shuffledSubarray(places, { minLength: places.length })
		.map((order): { before: [number[], number[]]; after: [number[], number[]] } => ({
			before: [a, b],
			after: [order.map((i) => a[i] as number), order.map((i) => b[i] as number)],
		}))
})

/** How many times as many rows. */
export const scale = fc.integer({ min: 1, max: 1000 })
