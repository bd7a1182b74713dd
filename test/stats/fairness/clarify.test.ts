import { describe, expect, it } from 'vitest'
import {
	cddl,
	cddpl,
	clarifyMetrics,
	type FacetSegment,
	flipTest,
	generalisedEntropy,
} from '../../../src/stats/fairness/clarify.ts'
import { addRow, emptyCounts, type GroupCounts } from '../../../src/stats/fairness/group-counts.ts'
import { confusion } from './support.ts'

const bits = (text: string) => [...text].map((bit) => bit === '1')

/** Facet and rest of rows with a label and a predicted label. */
function sides(inFacet: boolean[], label: boolean[], predicted = label): [GroupCounts, GroupCounts] {
	const [facet, rest] = [emptyCounts(), emptyCounts()]
	inFacet.forEach((one, i) => {
		addRow(one ? facet : rest, { positive: label[i] === true, selected: predicted[i] === true })
	})
	return [facet, rest]
}

// The twelve rows of Clarify's unit tests (aws/amazon-sagemaker-clarify, tests/unit/bias/metrics/test_metrics.py).
const women = [...'MFFMFMFFMMFF'].map((sex) => sex === 'F')
const twelve = sides(women, bits('011110001000'), bits('111000110100'))
const swapped = [twelve[1], twelve[0]] as const

const known: [keyof typeof clarifyMetrics, number][] = [
	['ci', -1 / 6],
	['dca', 1 / 4],
	['dcr', 1 / 3],
	['rd', -2 / 3],
	['sd', 1 / 6],
	['ad', -13 / 35],
	['dar', -1 / 2],
	['drr', 1 / 3],
	['te', -1 / 2],
]

describe("Clarify's twelve rows", () => {
	it.each(known)('have the %s that Clarify finds, and its opposite for the other facet', (name, value) => {
		expect(clarifyMetrics[name](...twelve)).toBeCloseTo(value, 14)
		expect(clarifyMetrics[name](...swapped)).toBeCloseTo(-value, 14)
	})

	it('have its disparate impact and generalised entropy', () => {
		expect(clarifyMetrics.di(...twelve)).toBeCloseTo(10 / 7, 14)
		expect(clarifyMetrics.di(...swapped)).toBeCloseTo(7 / 10, 14)
		expect(clarifyMetrics.ge(...twelve)).toBeCloseTo(0.24556213017751485, 15)
		expect(clarifyMetrics.dppl(...twelve)).toBeCloseTo(2 / 5 - 4 / 7, 14)
	})

	it('have an infinite impact when nobody of the rest is selected, and a rejection rate of 0 when nobody is rejected', () => {
		const [facet, rest] = sides(women, bits('011110001000'), bits('011010110011'))
		expect(clarifyMetrics.di(facet, rest)).toBe(Number.POSITIVE_INFINITY)
		const none = sides(women, bits('011110001000'), bits('100111011101'))
		expect(clarifyMetrics.drr(...none)).toBeCloseTo(0.5, 14)
	})
})

describe("Clarify's label metrics", () => {
	const six = bits('111000')

	it('compare the labels that both sides have', () => {
		const one = sides(bits('100000'), six)
		expect(clarifyMetrics.kl(...one)).toBeCloseTo(-0.366516, 6)
		expect(clarifyMetrics.js(...one)).toBeCloseTo(0.06641431438228168, 14)
		expect(clarifyMetrics.lp(...one)).toBeCloseTo(0.6, 14)
		expect(clarifyMetrics.tvd(...one)).toBeCloseTo(0.3, 14)
		expect(clarifyMetrics.ks(...one)).toBeCloseTo(0.6, 14)
	})

	it('are 0 between equals', () => {
		const same = sides(bits('100010'), six)
		for (const name of ['dpl', 'kl', 'js', 'lp', 'tvd', 'ks'] as const)
			expect(clarifyMetrics[name](...same)).toBe(0)
	})

	it('are those of its twelve rows of three facets', () => {
		const notB = [...'abbcaabcbcbb'].map((x) => x !== 'b')
		const rows = sides(
			notB,
			[...'001121012202'].map((label) => label !== '0'),
		)
		expect(clarifyMetrics.kl(...rows)).toBeCloseTo(0.2938933, 7)
		expect(clarifyMetrics.js(...rows)).toBeCloseTo(0.06465997, 8)
		expect(clarifyMetrics.lp(...rows)).toBeCloseTo(0.47140452, 8)
		expect(clarifyMetrics.ks(...rows)).toBeCloseTo(1 / 3, 8)
		const four = sides(bits('1100'), bits('1101'))
		expect(clarifyMetrics.dpl(...four)).toBe(-0.5)
	})

	it('are not defined for an empty side, where Clarify raises an error', () => {
		for (const metric of Object.values(clarifyMetrics)) {
			if (metric === clarifyMetrics.ge) continue
			expect(metric(emptyCounts(), twelve[0])).toBeNaN()
			expect(metric(twelve[0], emptyCounts())).toBeNaN()
		}
		expect(clarifyMetrics.ge(emptyCounts(), emptyCounts())).toBeNaN()
	})

	it('divide as Clarify does: nothing by nothing is 0, and two infinities do not differ', () => {
		const [errorless, missing] = [
			confusion({ tp: 5, fp: 0, tn: 5, fn: 0 }),
			confusion({ tp: 5, fp: 0, tn: 5, fn: 2 }),
		]
		expect(clarifyMetrics.te(missing, errorless)).toBe(Number.POSITIVE_INFINITY)
		expect(clarifyMetrics.te(errorless, missing)).toBe(Number.NEGATIVE_INFINITY)
		expect(clarifyMetrics.te(missing, missing)).toBe(0)
		expect(clarifyMetrics.te(errorless, errorless)).toBe(0)
	})
})

it('conditional demographic disparity is that of Clarify, for labels and predicted labels', () => {
	const sex = [...'MMMFFFFMMMMFMMFMFFMMFMMF'].map((x) => x === 'F')
	const accepted = bits('011010111101110000100110')
	const group = [...'102211211201201112010011']
	const segments = (facet: boolean[]): FacetSegment[] =>
		['0', '1', '2'].map((value) => {
			const rows = group.flatMap((x, i) => (x === value ? [i] : []))
			const of = (all: boolean[]) => rows.map((i) => all[i] === true)
			const [d, a] = sides(of(facet), of(accepted))
			return { facet: d, rest: a }
		})
	const men = sex.map((one) => !one)
	expect(cddl(segments(sex))).toBeCloseTo(0.3982142857, 10)
	expect(cddl(segments(men))).toBeCloseTo(-0.3982142857, 10)
	expect(cddpl(segments(sex))).toBe(cddl(segments(sex)))
	expect(cddl([])).toBeNaN()
})

describe('the flip test', () => {
	const matrix = (text: string) => text.split(' ').map((row) => [...row].map(Number))
	const column = (rows: number[][]) => rows.map(([first]) => first === 1)

	it("is Clarify's, over five neighbours", () => {
		const rows = matrix(
			'0000111 1000101 1010101 0000011 1001101 0010111 1000111 1100111 0010111 1011110 1000110 1010111 1000011 0000111 0010101 0010111 0101001 1000011 0010011 1000110 1010011 0100011 1010101 0001110',
		)
		expect(flipTest(rows, column(rows), bits('111011111111011100110011'))).toBeCloseTo(-3 / 13, 14)
	})

	it('goes by the nearest row when there are nine or fewer', () => {
		const rows = matrix(
			'0000111 1000101 1010101 1001101 1000111 1100111 1011110 1000110 1010111 1000011 1000011 0010011 1000110 1010011 1010101 0001110',
		)
		expect(flipTest(rows, column(rows), bits('1110111111110111'))).toBeCloseTo(-2 / 13, 14)
	})

	it('is not defined without a side, and wants a decision for each row', () => {
		expect(flipTest([[1], [2]], [true, true], [true, false])).toBeNaN()
		expect(() => flipTest([[1]], [true], [])).toThrow(RangeError)
	})
})

it("generalised entropy and Theil's index are those of AIF360's tests", () => {
	// Ten rows of its test_classification_metric.py: two false negatives and two false positives, then three of each.
	const four = [confusion({ tp: 3, fp: 2, tn: 3, fn: 2 })]
	expect(generalisedEntropy(four)).toBeCloseTo(0.2, 15)
	expect(generalisedEntropy(four, 1)).toBeCloseTo((4 * Math.LN2) / 10, 15)
	expect(generalisedEntropy([confusion({ tp: 2, fp: 3, tn: 2, fn: 3 })])).toBeCloseTo(0.3, 15)
	expect(generalisedEntropy([confusion({ tp: 0, fp: 0, tn: 0, fn: 9 })])).toBeNaN()
})
