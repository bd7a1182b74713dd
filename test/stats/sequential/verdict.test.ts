import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
	type Comparison,
	gainSequence,
	projectOutcomes,
	verdict,
} from '../../../src/stats/sequential/comparison.ts'
import { boundedSequence, mergeLosses, sumLosses } from '../../../src/stats/sequential/confidence-sequence.ts'
import { sequentialMcNemar } from '../../../src/stats/sequential/mcnemar.ts'

const bounds = { low: -1, high: 1 }

/** Decisions on n rows: so many that only the challenger got right, and only the champion. */
const decisions = (n: number, won: number, lost: number): Comparison => ({
	gains: { n, sum: won - lost, squares: won + lost },
	bounds,
})

describe('the verdict', () => {
	const better = decisions(2000, 200, 80)
	const worse = decisions(2000, 80, 200)
	const even = decisions(2000, 100, 98)
	const open = decisions(400, 40, 28)

	it('promotes a challenger that is shown to be better', () => {
		const answer = verdict({
			primary: better,
			guards: [{ name: 'latency', comparison: even, tolerance: 0.05 }],
		})
		expect(answer).toMatchObject({ verdict: 'promote', reason: 'the challenger is better', moreOutcomes: 0 })
		expect(answer.gain.low).toBeGreaterThan(0)
		expect(answer.guards).toMatchObject([{ guard: { name: 'latency' }, state: 'holds' }])
	})

	it('keeps the champion when the challenger is worse', () => {
		expect(verdict({ primary: worse })).toMatchObject({
			verdict: 'keep',
			reason: 'the challenger is worse',
			moreOutcomes: 0,
		})
	})

	it('keeps the champion when a guard is broken, however good the primary', () => {
		const guards = [{ name: 'approvals of women', comparison: worse, tolerance: 0.01 }]
		expect(verdict({ primary: better, guards })).toMatchObject({
			verdict: 'keep',
			reason: 'the challenger breaks approvals of women',
			guards: [{ state: 'broken' }],
		})
	})

	it('waits until every guard is shown to hold, and says for how many outcomes', () => {
		const guard = { name: 'recall', comparison: decisions(100, 2, 3), tolerance: 0.001 }
		const waiting = verdict({ primary: better, guards: [guard] })
		expect(waiting).toMatchObject({ verdict: 'not-yet', reason: 'recall is not shown to hold' })
		expect(waiting.moreOutcomes).toBeGreaterThan(1000)
		const unknown = { ...guard, comparison: decisions(0, 0, 0) }
		expect(verdict({ primary: better, guards: [unknown] })).toMatchObject({
			verdict: 'not-yet',
			reason: 'recall is not known yet',
			moreOutcomes: null,
		})
		const gain = { value: 0, low: -0.02, high: 0.02 }
		const open = { name: 'selection', gain, tolerance: 0.01 }
		expect(verdict({ primary: better, guards: [open] }).verdict).toBe('not-yet')
		expect(verdict({ primary: better, guards: [{ ...open, tolerance: 0.03 }] }).verdict).toBe('promote')
	})

	it('waits while the gain may be on either side, and says for how many outcomes', () => {
		const answer = verdict({ primary: open })
		expect(answer.verdict).toBe('not-yet')
		expect(answer.moreOutcomes).toBeGreaterThan(400)
		expect(answer.moreOutcomes).toBeLessThan(20_000)
	})

	it('says why it cannot project', () => {
		expect(verdict({ primary: decisions(400, 30, 30) })).toMatchObject({
			verdict: 'not-yet',
			moreOutcomes: null,
			why: 'the gain so far is too close to the margin for a projection',
		})
		expect(verdict({ primary: decisions(0, 0, 0) })).toMatchObject({
			moreOutcomes: null,
			why: 'no outcomes yet',
		})
	})

	it('asks for more than the margin, or for no less than it', () => {
		expect(verdict({ primary: better, margin: 0.05 }).verdict).toBe('not-yet')
		expect(verdict({ primary: better, margin: 0.2 })).toMatchObject({
			verdict: 'keep',
			reason: 'the challenger is not better by the margin',
		})
		expect(verdict({ primary: even, margin: 0.03, aim: 'non-inferior' }).verdict).toBe('promote')
		expect(verdict({ primary: even, margin: 0.03 }).verdict).toBe('keep')
		expect(verdict({ primary: worse, margin: 0.01, aim: 'non-inferior' }).verdict).toBe('keep')
	})
})

describe('the projection', () => {
	it('is the least number of outcomes at which the grown sums leave the threshold out', () => {
		const at = (n: number) => decisions(n, n * 0.1, n * 0.07)
		const { moreOutcomes } = projectOutcomes(at(400), 0)
		const needed = 400 + Number(moreOutcomes)
		expect(gainSequence(at(needed)).low).toBeGreaterThan(0)
		expect(gainSequence(at(needed - 2)).low).toBeLessThanOrEqual(0)
	})
})

describe('sequences', () => {
	const gains = fc.array(fc.constantFrom(-1, 0, 0, 0, 1), { minLength: 2, maxLength: 300 })

	it('are the same of merged parts as of the whole, in any order', () => {
		fc.assert(
			fc.property(gains, gains, (a, b) => {
				const merged = mergeLosses(sumLosses(b), sumLosses(a))
				expect(boundedSequence(merged, bounds)).toEqual(boundedSequence(sumLosses([...a, ...b]), bounds))
			}),
		)
	})

	it('hold the mean, and turn round when the models are swapped', () => {
		fc.assert(
			fc.property(gains, (values) => {
				const forth = boundedSequence(sumLosses(values), bounds)
				const back = boundedSequence(sumLosses(values.map((d) => -d)), bounds)
				expect(forth.low).toBeLessThanOrEqual(forth.value)
				expect(forth.high).toBeGreaterThanOrEqual(forth.value)
				expect(back.low).toBeCloseTo(-forth.high, 10)
			}),
		)
	})

	it('refuse wrong bounds and options', () => {
		expect(() => boundedSequence(sumLosses([2, 2]), bounds)).toThrow(RangeError)
		expect(() => boundedSequence(sumLosses([0]), { low: 1, high: 1 })).toThrow(RangeError)
		expect(() => boundedSequence(sumLosses([0, 1]), bounds, { alpha: 0 })).toThrow(RangeError)
		expect(() => verdict({ primary: decisions(9, 1, 1), margin: -1 })).toThrow(RangeError)
		expect(() => sequentialMcNemar({ championOnly: -1, challengerOnly: 0 })).toThrow(RangeError)
	})

	it('of rows that were all equal have bounds too, since that is no certainty', () => {
		expect(boundedSequence(sumLosses(Array(500).fill(1)), bounds).low).toBeLessThan(1)
	})
})

describe("McNemar's share", () => {
	it('has an interval that leaves 1/2 out just when the p-value is at most 5%', () => {
		fc.assert(
			fc.property(fc.nat(300), fc.nat(300), (championOnly, challengerOnly) => {
				fc.pre(championOnly + challengerOnly > 0)
				const { share, p } = sequentialMcNemar({ championOnly, challengerOnly })
				expect(share.low > 0.5 || share.high < 0.5).toBe(p <= 0.05)
			}),
		)
	})
})
