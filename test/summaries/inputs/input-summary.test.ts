import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchBuilder, type RowInput } from '../../../src/summaries/inputs/batch-builder.ts'
import type { Bins } from '../../../src/summaries/inputs/bins.ts'
import { binOf } from '../../../src/summaries/inputs/bins.ts'
import { addEncoded, decodeInputSummary, encodeInputSummary } from '../../../src/summaries/inputs/encoding.ts'
import {
	accumulate,
	decisionOf,
	emptyInputSummary,
	type InputSummary,
	latencyBucket,
	latencyOfBucket,
	mergeInputSummaries,
} from '../../../src/summaries/inputs/input-summary.ts'

const bins: Bins = {
	digest: 'd1',
	columns: [
		{
			name: 'x',
			kind: 'numeric',
			edges: Float64Array.of(-1, 0, 0.5, 10),
			spec: { name: 'x', type: 'numeric', min: 0, max: 100 },
		},
		{
			name: 'c',
			kind: 'categorical',
			values: ['a', 'b', '1'],
			spec: { name: 'c', type: 'categorical', values: ['a', 'b', '1'] },
		},
		{
			name: 'ok',
			kind: 'categorical',
			values: ['false', 'true'],
			spec: { name: 'ok', type: 'boolean', nullable: false },
		},
		{ name: '$score', kind: 'numeric', edges: Float64Array.of(0.2, 0.4, 0.6, 0.8) },
		{ name: '$decision', kind: 'categorical', values: ['0', '1'] },
	],
}

function inputSummaryOf(rows: readonly Partial<RowInput>[]): InputSummary {
	const builder = new BatchBuilder(Math.max(1, rows.length))
	rows.forEach((r, i) => {
		builder.add({ id: `${i}`, timestamp: 1000 + i, ...r })
	})
	const inputSummary = emptyInputSummary(bins)
	accumulate(inputSummary, bins, builder.finish(), undefined, { positiveLabel: '1', threshold: 0.5 })
	return inputSummary
}

const row = fc.record({
	timestamp: fc.integer({ min: 0, max: 1e12 }),
	features: fc.option(
		fc.record(
			{
				x: fc.oneof(
					fc.double({ noNaN: true }),
					fc.constant(null),
					fc.constant('NaN'),
					fc.integer({ min: -2, max: 200 }),
				),
				c: fc.oneof(fc.constantFrom('a', 'b', 'new', 1, true), fc.constant(null), fc.constant({ deep: 1 })),
				ok: fc.oneof(fc.boolean(), fc.constantFrom(0, 1, 2, null)),
			},
			{ requiredKeys: [] },
		),
		{ nil: undefined },
	),
	score: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
	label: fc.option(fc.constantFrom('0', '1', 'maybe'), { nil: undefined }),
	latencyMs: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: undefined }),
})

describe('an input summary', () => {
	it('is the same to the byte, whether summed from parts in any order or made from the whole', () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(row, fc.nat(4)), { maxLength: 60 }),
				fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
				(rows, order) => {
					const whole = inputSummaryOf(rows.map(([r]) => r))
					const total = emptyInputSummary(bins)
					const summed = emptyInputSummary(bins)
					for (const part of order) {
						const inputSummary = inputSummaryOf(rows.filter(([, p]) => p === part).map(([r]) => r))
						mergeInputSummaries(total, decodeInputSummary(encodeInputSummary(inputSummary)))
						addEncoded(summed, encodeInputSummary(inputSummary))
					}
					expect(encodeInputSummary(total)).toEqual(encodeInputSummary(whole))
					expect(encodeInputSummary(summed)).toEqual(encodeInputSummary(whole))
				},
			),
			{ numRuns: 1000 },
		)
	})

	it('counts every row in each column: the counts of a column sum to the rows', () => {
		fc.assert(
			fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
				const inputSummary = inputSummaryOf(rows)
				const withFeatures = rows.filter((r) => r.features !== undefined).length
				const sums = inputSummary.columns.map((c) => c.counts.reduce((a, b) => a + b, 0))
				expect(sums).toEqual([withFeatures, withFeatures, withFeatures, rows.length, rows.length])
			}),
		)
	})

	it('has the counts of a worked example', () => {
		const inputSummary = inputSummaryOf([
			{ features: { x: 0.5, c: 'a', ok: true }, score: 0.7, latencyMs: 10 },
			{ features: { x: 'text', c: 'zzz', ok: 0 }, label: '0' },
			{ features: { x: -3, c: null } },
			{},
		])
		const [x, c, ok, score, decision] = inputSummary.columns
		expect([...(x?.counts ?? [])]).toEqual([1, 0, 1, 0, 0, 0, 0, 1])
		expect([x?.rangeViolations, x?.sum.value(), x?.min, x?.max]).toEqual([1, -2.5, -3, 0.5])
		expect([...(c?.counts ?? [])]).toEqual([1, 0, 0, 1, 1, 0])
		expect([c?.domainViolations, c?.nulls]).toEqual([1, 1])
		expect([...(ok?.counts ?? [])]).toEqual([1, 1, 0, 1, 0])
		expect(ok?.absent).toBe(1)
		expect([...(score?.counts ?? [])]).toEqual([0, 0, 0, 1, 0, 0, 3, 0])
		expect([...(decision?.counts ?? [])]).toEqual([1, 1, 0, 2, 0])
		expect([
			inputSummary.rows,
			inputSummary.errors,
			inputSummary.schemaViolations,
			inputSummary.latency.size,
		]).toEqual([4, 2, 2, 1])
	})

	it('cannot be added to one on other bins', () => {
		expect(() =>
			mergeInputSummaries(emptyInputSummary(bins), emptyInputSummary({ ...bins, digest: 'd2' })),
		).toThrow(RangeError)
	})
})

describe('bins', () => {
	it('are closed on the right', () => {
		const edges = Float64Array.of(1, 2, 3)
		expect([0, 1, 1.5, 2, 3, 3.1].map((x) => binOf(edges, x))).toEqual([0, 0, 1, 1, 2, 3])
	})

	it('count a score at or above the threshold as the positive decision', () => {
		const rule = { positiveLabel: 'bad', threshold: 0.5 }
		expect([0.49, 0.5, Number.NaN].map((s) => decisionOf(s, rule))).toEqual(['not bad', 'bad', undefined])
		expect(decisionOf(0.2, { positiveLabel: null, threshold: 0.5 })).toBe('0')
		expect(decisionOf(0.2, {})).toBeUndefined()
	})

	it('keep a latency within one percent', () => {
		fc.assert(
			fc.property(fc.double({ min: 0.0011, max: 1e7, noNaN: true }), (ms) => {
				expect(Math.abs(latencyOfBucket(latencyBucket(ms)) - ms) / ms).toBeLessThan(0.0101)
			}),
		)
	})
})
