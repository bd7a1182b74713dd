import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adwin, type Detector, ddm, pageHinkley } from '../../../src/stats/concept/detectors.ts'
import { raised, type Segments, stream } from './streams.ts'

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** Share of streams of 10,000 errors at this rate in which anything is raised. */
function falseAlarms<O, S>(detector: Detector<O, S>, rate: number, streams: number): number {
	let alarmed = 0
	for (let seed = 1; seed <= streams; seed++)
		if (raised(detector, stream('error', seed, [[10_000, rate]])).drifts.length > 0) alarmed++
	return alarmed / streams
}

/** Values from the change to the first drift after it (streams with an alarm before it included), and how many had none. */
function delays<O, S>(detector: Detector<O, S>, segments: Segments, streams: number) {
	const before = segments[0]?.[0] ?? 0
	const found: number[] = []
	for (let seed = 1; seed <= streams; seed++) {
		const first = raised(detector, stream('error', 1000 + seed, segments)).drifts.find((i) => i >= before)
		found.push(first === undefined ? Number.POSITIVE_INFINITY : first - before)
	}
	return { median: median(found), missed: found.filter((d) => d === Number.POSITIVE_INFINITY).length }
}

const change: Segments = [
	[3000, 0.1],
	[3000, 0.3],
]

const stationary = [0.05, 0.1, 0.3]

describe('on 100 stationary streams of 10,000 errors', () => {
	it('ADWIN raises next to nothing, whatever the error rate', () => {
		for (const rate of stationary) expect(falseAlarms(adwin, rate, 100)).toBeLessThanOrEqual(0.02)
	})

	it('Page-Hinkley at its fixed threshold raises more the higher the error rate: 0%, 6%, 43%', () => {
		expect(stationary.map((rate) => falseAlarms(pageHinkley, rate, 100))).toEqual([0, 0.06, 0.43])
	})

	it('DDM raises more the lower the error rate: 60%, 41%, 19%', () => {
		expect(stationary.map((rate) => falseAlarms(ddm, rate, 100))).toEqual([0.6, 0.41, 0.19])
	})
})

describe('when errors go from 10% to 30%', () => {
	it.each([
		{ name: 'ADWIN', found: () => delays(adwin, change, 100), least: 50, most: 150 },
		{ name: 'Page-Hinkley', found: () => delays(pageHinkley, change, 100), least: 180, most: 280 },
		{ name: 'DDM', found: () => delays(ddm, change, 100), least: 120, most: 220 },
	])('$name always sees it, in the median after $least to $most values', ({ found, least, most }) => {
		const { median, missed } = found()
		expect(missed).toBe(0)
		expect(median).toBeGreaterThan(least)
		expect(median).toBeLessThan(most)
	})

	it('ADWIN and Page-Hinkley see the fall back too, DDM does not', () => {
		const back: Segments = [
			[3000, 0.3],
			[3000, 0.1],
		]
		expect(delays(adwin, back, 20).missed).toBe(0)
		expect(delays(pageHinkley, back, 20).missed).toBe(0)
		expect(delays(ddm, back, 20).missed).toBeGreaterThan(10)
	})
})

const names = ['adwin', 'ddm', 'pageHinkley'] as const
const run = {
	adwin: (values: number[], split: number) => resumed(adwin, values, split),
	ddm: (values: number[], split: number) => resumed(ddm, values, split),
	pageHinkley: (values: number[], split: number) => resumed(pageHinkley, values, split),
}

/** Updates with a state that is frozen throughout and goes through JSON after `split` values: drifts and last state. */
function resumed<O, S>(detector: Detector<O, S>, values: number[], split: number) {
	const drifts: number[] = []
	let state = detector.initial()
	values.forEach((x, i) => {
		if (i === split) state = JSON.parse(JSON.stringify(state))
		const step = detector.update(frozen(state), x)
		if (step.drift) drifts.push(i)
		state = step.state
	})
	return { drifts, state }
}

function frozen<T>(value: T): T {
	if (typeof value === 'object' && value !== null && !Object.isFrozen(value))
		for (const part of Object.values(Object.freeze(value))) frozen(part)
	return value
}

describe.each(names)('%s', (name) => {
	it('goes on from stored JSON as if it had never stopped, and leaves the state it was given alone', () => {
		const values = stream('error', 5, [
			[200, 0.05],
			[200, 0.8],
		])
		const whole = run[name](values, -1)
		expect(whole.drifts.length).toBeGreaterThan(0)
		fc.assert(
			fc.property(fc.nat(399), (split) => {
				expect(run[name](values, split)).toEqual(whole)
			}),
			{ numRuns: 50 },
		)
	})

	it('never raises on a stream that never changes', () => {
		for (const x of [0, 1])
			expect(
				run[name](
					Array.from({ length: 2000 }, () => x),
					-1,
				).drifts,
			).toEqual([])
	})

	it('refuses what is no number', () => {
		for (const x of [Number.NaN, Number.POSITIVE_INFINITY])
			expect(() => run[name]([x], -1)).toThrow(RangeError)
	})
})

describe('options', () => {
	it('out of range are refused', () => {
		expect(() => adwin.initial({ delta: 0 })).toThrow(RangeError)
		expect(() => adwin.initial({ maxBuckets: 1 })).toThrow(RangeError)
		expect(() => pageHinkley.initial({ alpha: 1.1 })).toThrow(RangeError)
		expect(() => ddm.initial({ warning: 3, drift: 2 })).toThrow(RangeError)
		expect(() => ddm.update(ddm.initial(), 0.5)).toThrow(RangeError)
	})
})

describe("ADWIN's window", () => {
	it('is kept in a number of buckets that grows with the logarithm of its length, with nothing lost', () => {
		const values = stream('error', 9, [[20_000, 0.1]])
		const { state } = raised(adwin, values)
		const buckets = state.sizes.flat()
		expect(buckets.length).toBeLessThanOrEqual(6 * 13)
		expect(state.width).toBe(20_000)
		expect(buckets.reduce((sum, { total }) => sum + total, 0)).toBe(state.total)
		expect(state.sizes.reduce((n, row, i) => n + row.length * 2 ** i, 0)).toBe(20_000)
	})
})
