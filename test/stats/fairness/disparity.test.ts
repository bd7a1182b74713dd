import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wilson } from '../../../src/stats/estimate.ts'
import { calibrationGap } from '../../../src/stats/fairness/calibration-gap.ts'
import type { Disparity } from '../../../src/stats/fairness/disparity.ts'
import { auditTable, fourFifths } from '../../../src/stats/fairness/four-fifths.ts'
import {
	addRow,
	emptyCounts,
	type Group,
	type GroupRow,
	mergeCounts,
} from '../../../src/stats/fairness/group-counts.ts'
import { meanScoreDifference, smd } from '../../../src/stats/fairness/mean-scores.ts'
import {
	demographicParityDifference,
	demographicParityRatio,
	disparateImpact,
	equalizedOddsDifference,
	equalOpportunityDifference,
} from '../../../src/stats/fairness/rate-disparities.ts'
import { groupRates } from '../../../src/stats/fairness/rates.ts'
import { expectNear } from '../near.ts'
import { confusion, decided } from './support.ts'

const row: fc.Arbitrary<GroupRow> = fc.record(
	{
		selected: fc.boolean(),
		positive: fc.boolean(),
		score: fc.integer({ min: 0, max: 64 }).map((x) => x / 64),
	},
	{ requiredKeys: [] },
)
const counted = (rows: readonly GroupRow[]) => {
	const counts = emptyCounts()
	for (const one of rows) addRow(counts, one)
	return counts
}

const groupOf = (name: number): fc.Arbitrary<Group> =>
	fc
		.record({ tp: fc.nat(60), fp: fc.nat(60), tn: fc.nat(60), fn: fc.nat(60) })
		.map((counts) => ({ group: String(name), counts: confusion(counts) }))
const someGroups = fc
	.integer({ min: 2, max: 5 })
	.chain((k) => fc.tuple(...Array.from({ length: k }, (_, i) => groupOf(i))))

describe('counts of a group', () => {
	it('add up: merged parts are the whole', () => {
		fc.assert(
			fc.property(fc.array(row), fc.array(row), (a, b) => {
				expect(mergeCounts([counted(a), counted(b)])).toEqual(counted([...a, ...b]))
			}),
		)
	})

	it('know what is unknown: a row without a decision or an outcome is only counted', () => {
		const counts = counted([
			{},
			{ selected: true },
			{ positive: true },
			{ selected: true, positive: false },
			{ score: 1 },
		])
		expect(counts).toMatchObject({
			n: 5,
			decided: 2,
			selected: 2,
			labelled: 2,
			positives: 1,
			fp: 1,
			tp: 0,
			scored: 1,
		})
		expect(counts.bins.every(({ n }) => n === 0)).toBe(true)
	})

	it("give rates with Wilson's interval, and none of no rows", () => {
		const rates = groupRates(confusion({ tp: 3, fp: 2, tn: 5, fn: 0 }))
		expect(rates.selectionRate).toEqual({ value: 0.5, ...wilson(5, 10) })
		expect(rates.tpr.value).toBe(1)
		expect(groupRates(emptyCounts()).precision.value).toBeNaN()
	})
})

const measures: [string, (groups: readonly Group[]) => Disparity][] = [
	['demographic parity difference', demographicParityDifference],
	['demographic parity ratio', demographicParityRatio],
	['equal opportunity difference', equalOpportunityDifference],
	['equalised odds difference', equalizedOddsDifference],
	['disparate impact', disparateImpact],
]

describe.each(measures)('%s', (_, of) => {
	it('lies inside its interval, and does not depend on the order of the groups', () => {
		fc.assert(
			fc.property(someGroups, (groups) => {
				const { value, low, high, p, excluded, reason } = of(groups)
				if (Number.isNaN(value)) {
					expect(reason).toBeTruthy()
					return
				}
				expect(low).toBeLessThanOrEqual(value + 1e-12)
				expect(high).toBeGreaterThanOrEqual(value - 1e-12)
				expect(p).toBeGreaterThanOrEqual(0)
				expect(p).toBeLessThanOrEqual(1)
				const sizes = groups.map(({ counts }) => counts.decided)
				if (of === disparateImpact && new Set(sizes).size < sizes.length) return
				const other = of(groups.toReversed())
				expectNear(other.value, value, 1e-12, 1e-15)
				expectNear(other.low, low, 1e-9, 1e-12)
				expectNear(other.p, p, 1e-9)
				expect(other.excluded).toHaveLength(excluded.length)
			}),
		)
	})

	it('is not defined for one group, and says so', () => {
		expect(of([{ group: 'a', counts: confusion({ tp: 40, fp: 40, tn: 40, fn: 40 }) }])).toMatchObject({
			value: Number.NaN,
			p: Number.NaN,
			reason: 'fewer than two groups have enough rows',
		})
	})
})

describe('a comparison of groups', () => {
	const groups = [
		decided('a', 100, 50),
		decided('b', 200, 60),
		decided('unknown', 40, 30),
		decided('c', 29, 29),
	]

	it('leaves out groups of fewer than 30, with the reason; the unknown are a group like others', () => {
		const { value, groups: named, excluded } = demographicParityDifference(groups)
		expect(value).toBeCloseTo(0.45, 12)
		expect(named).toEqual(['unknown', 'b'])
		expect(excluded).toEqual([{ group: 'c', n: 29, reason: '29 rows with a decision, fewer than 30' }])
		expect(demographicParityDifference(groups, { minGroup: 29 }).groups[0]).toBe('c')
	})

	it('counts the rows that the rate is a share of', () => {
		const few = { group: 'few', counts: confusion({ tp: 10, fp: 100, tn: 100, fn: 10 }) }
		const many = { group: 'many', counts: confusion({ tp: 100, fp: 100, tn: 100, fn: 10 }) }
		expect(equalOpportunityDifference([few, many]).excluded).toEqual([
			{ group: 'few', n: 20, reason: '20 rows whose outcome was positive, fewer than 30' },
		])
		expect(demographicParityDifference([few, many]).excluded).toEqual([])
	})

	it('takes the largest group as the reference, or the named one', () => {
		const largest = disparateImpact(groups)
		expect(largest).toMatchObject({ reference: 'b', groups: ['b', 'a'] })
		expect(largest.value).toBeCloseTo(0.5 / 0.3, 12)
		const named = disparateImpact(groups, 'a')
		expect(named.value).toBeCloseTo(0.6, 12)
		expect(named.ratios.map(({ group }) => group)).toEqual(['b', 'unknown'])
		expect(disparateImpact(groups, 'c')).toMatchObject({ value: Number.NaN, reference: 'c' })
		expect(disparateImpact([decided('a', 90, 0), decided('b', 50, 9)])).toMatchObject({ value: Number.NaN })
	})

	it('has no ratio when nobody is selected', () => {
		const none = [decided('a', 50, 0), decided('b', 50, 0)]
		expect(demographicParityRatio(none)).toMatchObject({ value: Number.NaN, p: 1 })
		expect(demographicParityDifference(none)).toMatchObject({ value: 0, low: 0, p: 1 })
	})
})

const ofScores = (group: string, scores: readonly number[], positive?: (i: number) => boolean): Group => ({
	group,
	counts: counted(scores.map((score, i) => (positive ? { score, positive: positive(i) } : { score }))),
})

describe('the calibration gap', () => {
	const scores = Array.from({ length: 100 }, (_, i) => (i % 10) / 10 + 0.05)

	it('is the difference of mean score less share of positives', () => {
		const gap = calibrationGap([
			ofScores('high', scores, (i) => i < 30),
			ofScores('right', scores, (i) => i < 50),
			ofScores('low', scores, (i) => i < 60),
		])
		expect(gap.value).toBeCloseTo(0.3, 12)
		expect(gap).toMatchObject({ groups: ['high', 'low'] })
		expect(gap.low).toBeGreaterThan(0.1)
		expect(gap.p).toBeLessThan(0.01)
	})

	it('says nothing where no outcome came, while mean scores are compared under their own name', () => {
		const groups = [
			ofScores('a', scores),
			ofScores(
				'b',
				scores.map((s) => s / 2),
			),
		]
		const gap = calibrationGap(groups)
		expect(gap).toMatchObject({ value: Number.NaN, groups: [] })
		expect(gap.reason).toBe('no row has both a score and an outcome')
		const difference = meanScoreDifference(groups)
		expect(difference.value).toBeCloseTo(0.25, 12)
		expect(difference.groups).toEqual(['a', 'b'])
	})
})

describe('the standardised mean difference', () => {
	it('is 0 between constants that are the same, infinite between others', () => {
		const constant = (group: string, score: number) =>
			ofScores(
				group,
				Array.from({ length: 40 }, () => score),
			)
		expect(smd([constant('a', 0.3), constant('b', 0.3)])).toMatchObject({ value: 0, p: 1 })
		expect(smd([constant('a', 0.3), constant('b', 0.6)])).toMatchObject({
			value: Number.POSITIVE_INFINITY,
			p: 0,
		})
	})
})

describe('the four-fifths rule', () => {
	it('passes at .8, fails below, and is inconclusive when the interval holds .8', () => {
		expect(fourFifths({ value: 0.9, low: 0.8, high: 1.1 }).verdict).toBe('pass')
		expect(fourFifths({ value: 0.7, low: 0.6, high: 0.7999 }).verdict).toBe('fail')
		expect(fourFifths({ value: 0.7, low: 0.6, high: 0.8 })).toEqual({
			verdict: 'inconclusive',
			reason:
				'impact ratio 0.7 is below 0.8, but the 95% interval 0.6 to 0.8 includes 0.8: more rows are needed',
		})
		// 32 of 200 against 40 of 200, as doubles divide them.
		expect(fourFifths({ value: 0.7999999999999999, low: 0.5, high: 1 }).reason).toContain(
			'0.8 is not below 0.8',
		)
		expect(fourFifths({ value: Number.NaN, low: Number.NaN, high: Number.NaN }).verdict).toBe('inconclusive')
	})

	it('fails a large sample at .7, and cannot tell in a small one', () => {
		const of = (n: number) => disparateImpact([decided('a', n, n * 0.5), decided('b', n, n * 0.35)])
		expect(fourFifths(of(2000)).verdict).toBe('fail')
		expect(fourFifths(of(40)).verdict).toBe('inconclusive')
	})

	it('is audited over known groups of at least 2% of the rows', () => {
		const table = auditTable(
			[decided('a', 600, 300), decided('b', 380, 95), decided('c', 19, 19), decided('', 50, 10)],
			{ unknown: [''] },
		)
		expect(table.rows.map(({ group, n, impactRatio }) => [group, n, impactRatio.value])).toEqual([
			['a', 600, 1],
			['b', 380, 0.5],
		])
		expect(table.unknown).toBe(50)
		expect(table.excluded).toEqual([{ group: 'c', n: 19, reason: '19 of 999 rows, fewer than 2%' }])
		expect(auditTable([])).toEqual({ rows: [], unknown: 0, excluded: [] })
	})
})
