import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readNumbers, writeNumbers } from '../../../src/log/codec/encode-numbers.ts'
import { ByteReader, ByteWriter } from '../../../src/summaries/inputs/bytes.ts'

const decimal = fc
	.tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: -3, max: 12 }))
	.map(([digits, power]) => Number(`${digits}e${-power}`))
const number = fc.oneof(decimal, fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true }))

function readBack(values: readonly number[], ordered: boolean): number[] {
	const out = new ByteWriter()
	writeNumbers(out, Float64Array.from(values), ordered)
	return [...readNumbers(new ByteReader(out.bytes()), values.length)]
}
// The log has one zero: JSON writes 0 and -0 alike.
const plain = (values: readonly number[]) => values.map((v) => (v === 0 ? 0 : v))

describe('a column of numbers', () => {
	it('reads back to the bit, however the sizes and decimals of its values differ', () => {
		fc.assert(
			fc.property(fc.array(number, { maxLength: 12 }), fc.boolean(), (values, ordered) => {
				expect(plain(readBack(values, ordered))).toEqual(plain(values))
			}),
			{ numRuns: 3000 },
		)
	})

	it.each([
		['a large integer before a long decimal', [2618461, -196289.11049584]],
		['differences at the limit', [6.9e13, -6.9e13, 6.9e13]],
		['sums of decimals', [0.1 + 0.2, 0.3]],
		['infinities', [Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY]],
		['times', [0, 4e12, 1, 8.64e15]],
	])('keeps %s', (_, values) => {
		expect(readBack(values, true)).toEqual(values)
		expect(readBack(values, false)).toEqual(values)
	})
})
