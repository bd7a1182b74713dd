import { expect, test } from 'vitest'
import { seeded } from '../../../src/core/random.ts'
import {
	addMoments,
	attributionNdcg,
	decodeMoments,
	effectiveRows,
	emptyMoments,
	encodeMoments,
	meanOf,
	momentsOf,
	shareChanges,
	shareOf,
} from '../../../src/explain/global/attribution-moments.ts'

const normal = (random: () => number) =>
	Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** Heavy-tailed contributions, as those of amounts are; features of one row go together. */
function sample(random: () => number, rows: number, weights: readonly number[]): Float64Array[][] {
	return Array.from({ length: rows }, () => {
		const common = normal(random)
		return [
			Float64Array.from(weights, (w) => w * normal(random) * Math.exp(0.7 * normal(random) + 0.5 * common)),
		]
	})
}

test('hours add up to what their rows say together, and stand the way into bytes', () => {
	const rows = sample(seeded(1), 300, [1, 2, 0.5])
	const whole = momentsOf(3, rows, 300)
	const sum = emptyMoments(3)
	for (let i = 0; i < 300; i += 100) addMoments(sum, momentsOf(3, rows.slice(i, i + 100), 100))
	expect(effectiveRows(sum)).toBeCloseTo(300, 9)
	for (let j = 0; j < 3; j++) {
		expect(meanOf(sum, j).meanAbsolute).toBeCloseTo(meanOf(whole, j).meanAbsolute, 12)
		expect(shareOf(sum, j).variance).toBeCloseTo(shareOf(whole, j).variance, 12)
	}
	expect(decodeMoments(encodeMoments(sum))).toEqual(sum)
	expect(() => addMoments(sum, emptyMoments(2))).toThrow(RangeError)
})

test('a thin sample of a full hour counts for its rows, but not for their number in errors', () => {
	const random = seeded(2)
	const sum = momentsOf(1, sample(random, 100, [1]), 10_000)
	addMoments(sum, momentsOf(1, sample(random, 100, [1]), 100))
	expect(sum.rows).toBe(10_100)
	expect(effectiveRows(sum)).toBeCloseTo(10_100 ** 2 / (10_000 ** 2 / 100 + 100), 6)
})

test('the mean has the standard error of a mean, and outputs of a class each add up in size', () => {
	const m = momentsOf(
		1,
		[
			[Float64Array.of(1), Float64Array.of(-1)],
			[Float64Array.of(3), Float64Array.of(-1)],
		],
		2,
	)
	expect(meanOf(m, 0)).toEqual({ meanAbsolute: 3, standardError: 1, mean: 1, share: 1 })
})

test.each([
	[100, 400],
	[300, 300],
	[600, 600],
])('%i rows against %i alike give no more false alarms than they should', (n, m) => {
	const random = seeded(n)
	let [tests, alarms] = [0, 0]
	for (let round = 0; round < 250; round++) {
		const current = momentsOf(4, sample(random, n, [1, 0.5, 0.2, 2]), n)
		const reference = momentsOf(4, sample(random, m, [1, 0.5, 0.2, 2]), m)
		for (const { p } of shareChanges(current, reference)) {
			tests++
			if (p <= 0.05) alarms++
		}
	}
	expect(alarms / tests).toBeLessThan(0.065)
	expect(alarms / tests).toBeGreaterThan(0.02)
})

test('intervals hold the true change as often as they say', () => {
	const random = seeded(4)
	const large = 30_000
	const truth = shareChanges(
		momentsOf(3, sample(random, large, [1.5, 1, 1]), large),
		momentsOf(3, sample(random, large, [1, 1, 1]), large),
	)
	let held = 0
	for (let round = 0; round < 300; round++) {
		const [change] = shareChanges(
			momentsOf(3, sample(random, 400, [1.5, 1, 1]), 400),
			momentsOf(3, sample(random, 400, [1, 1, 1]), 400),
		)
		const value = truth[0]?.value as number
		if (change && change.low <= value && value <= change.high) held++
	}
	expect(held / 300).toBeGreaterThan(0.91)
	expect(held / 300).toBeLessThan(0.985)
})

test('a feature that takes over is found, and one that nobody uses is no change', () => {
	const random = seeded(6)
	const [taken, other, unused] = shareChanges(
		momentsOf(3, sample(random, 500, [2, 1, 0]), 500),
		momentsOf(3, sample(random, 500, [1, 1, 0]), 500),
	)
	expect(taken?.p).toBeLessThan(1e-6)
	expect(taken?.value).toBeGreaterThan(0.1)
	expect(other?.value).toBeCloseTo(-(taken?.value as number), 12)
	expect(unused).toEqual({ value: 0, low: 0, high: 0, p: 1 })
})

test("the order of importance is compared as in Clarify's documentation", () => {
	// SAT score, GPA, class rank: 0.70, 0.50, 0.05 in training; 0.10, 0.20, 0.70 live. Worked out by hand.
	const reference = [0.7, 0.5, 0.05]
	const wanted = (0.05 + 0.5 / Math.log2(3) + 0.7 / 2) / (0.7 + 0.5 / Math.log2(3) + 0.05 / 2)
	expect(attributionNdcg([0.1, 0.2, 0.7], reference)).toBeCloseTo(wanted, 12)
	expect(attributionNdcg(reference, reference)).toBe(1)
})
