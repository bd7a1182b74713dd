import { describe, expect, it } from 'vitest'
import { seeded } from '../../../src/core/random.ts'
import { drawNormal } from '../../../src/stats/estimation/draws.ts'
import { populationShift, shiftReason } from '../../../src/stats/estimation/population-shift.ts'

const weights = [1, -0.8, 0.6, 0, 0]
const rows = 250

/** Rows of five features around their means, the last one as a category too, and a score of the first three. */
function population(random: () => number, means: readonly number[], count = rows): number[][] {
	return Array.from({ length: count }, () => means.map((mean) => mean + drawNormal(random)))
}
const category = (x: number) => (x > 1 ? 'c' : x > 0 ? 'b' : 'a')

function reasonFor(reference: number[][], window: number[][]): string {
	const feature = (name: string, of: (row: number[]) => number | string | null) => ({
		name,
		reference: reference.map(of),
		window: window.map(of),
	})
	const features = [
		...weights.map((_, k) => feature(`x${k}`, (row) => row[k] as number)),
		feature('category', (row) => category(row[4] as number)),
		feature('sparse', (row) => ((row[3] as number) > 0 ? null : (row[3] as number))),
	]
	const score = feature('', (row) => weights.reduce((sum, w, k) => sum + w * (row[k] as number), 0))
	return shiftReason(populationShift(features, [score]), {
		features: features.length,
		rows: reference.length,
	})
}

const none = [0, 0, 0, 0, 0]
const far = [2, -2, 2, 2, 2]

describe('how far a population is from the reference', () => {
	it('is no reason to doubt in at least 11 of 12 windows of the same population', () => {
		const random = seeded(11)
		const doubted = Array.from({ length: 12 }, () =>
			reasonFor(population(random, none), population(random, none)),
		).filter((reason) => reason !== '')
		expect(doubted.length).toBeLessThanOrEqual(1)
	})

	it('is no reason to doubt when one feature has moved by one standard deviation, which the score sees', () => {
		const random = seeded(13)
		expect(reasonFor(population(random, none), population(random, [1, 0, 0, 0, 0]))).toBe('')
	})

	it('is a reason where the reference hardly holds such rows', () => {
		const random = seeded(17)
		const mostly = [...population(random, none, 396), ...population(random, far, 4)]
		expect(reasonFor(mostly, population(random, far))).toMatch(
			/values that are not in the reference|the features separate these rows/,
		)
	})

	it('is a reason where features have moved far that the score does not see', () => {
		const shift = { outside: 0.01, feature: 'x', domainAuc: 0.9, scoreAuc: 0.52, effective: 0.08 }
		const size = { features: 5, rows: 400 }
		expect(shiftReason(shift, size)).toBe(
			'the features separate these rows from the reference (AUC 0.90, by scores alone 0.52); weighted to match them, the reference is worth 8% of its rows',
		)
		expect(shiftReason({ ...shift, scoreAuc: 0.88 }, size)).toBe('')
		const random = seeded(19)
		expect(reasonFor(population(random, none), population(random, [0, 0, 0, 1.6, -1.6]))).not.toBe('')
	})

	it('names the feature with most values outside, as a category that is new', () => {
		const feature = (name: string, reference: string[], window: string[]) => ({ name, reference, window })
		const before = Array.from({ length: 200 }, (_, i) => 'ab'[i % 2] as string)
		const now = before.map((v, i) => (i % 5 === 0 ? 'z' : v))
		const shift = populationShift([feature('branch', before, now), feature('other', before, before)], [])
		expect(shift).toMatchObject({ outside: 0.2, feature: 'branch' })
		expect(shiftReason(shift, { features: 2, rows: 200 })).toBe(
			'20% of the rows have values that are not in the reference, most of them in "branch"',
		)
	})
})
