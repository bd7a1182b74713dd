import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/summaries/inputs/bytes.ts'
import { ExactSum, readSum, writeSum } from '../../../src/summaries/inputs/exact-sum.ts'

const sumOf = (values: readonly number[]) => {
	const sum = new ExactSum()
	for (const v of values) sum.add(v)
	return sum
}
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })

describe('the exact sum', () => {
	it('has one representation, whatever the order and the grouping', () => {
		fc.assert(
			fc.property(
				fc.array(finite, { maxLength: 60 }),
				fc.nat(59),
				fc.infiniteStream(fc.nat()),
				(values, cut, keys) => {
					const shuffled = [...values]
						.map((v) => ({ v, k: keys.next().value as number }))
						.sort((a, b) => a.k - b.k)
						.map((x) => x.v)
					const parts = sumOf(values.slice(0, cut))
					parts.merge(sumOf(values.slice(cut)))
					expect(parts.parts()).toEqual(sumOf(values).parts())
					expect(sumOf(shuffled).parts()).toEqual(sumOf(values).parts())
				},
			),
			{ numRuns: 2000 },
		)
	})

	it('equals the sum of big integers for integers beyond 2^53', () => {
		fc.assert(
			fc.property(
				fc.array(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), { maxLength: 40 }),
				(integers) => {
					const exact = integers.map(Number).reduce((total, v) => total + BigInt(v), 0n)
					const value = sumOf(integers.map(Number)).value()
					const error = Math.abs(value - Number(exact))
					expect(error).toBeLessThanOrEqual(Math.abs(Number(exact)) * 2 ** -52)
				},
			),
		)
	})

	it('keeps the digits that doubles lose', () => {
		expect(sumOf([1e308, 1, -1e308]).value()).toBe(1)
		expect(sumOf([1e16, 1, 1, -1e16]).value()).toBe(2)
		expect(sumOf([Number.MIN_VALUE, -1, 1]).value()).toBe(Number.MIN_VALUE)
	})

	it('is 0 again after x and -x', () => {
		fc.assert(
			fc.property(fc.array(finite), (values) => {
				expect(sumOf([...values, ...values.map((v) => -v)]).parts()).toEqual({ low: 0, limbs: [] })
			}),
		)
	})

	it('is the same after encoding and decoding, also when it is negative', () => {
		fc.assert(
			fc.property(fc.array(finite), fc.array(finite), (first, more) => {
				const out = new ByteWriter()
				writeSum(out, sumOf(first))
				const again = readSum(new ByteReader(out.bytes()), new ExactSum())
				for (const v of more) again.add(v)
				expect(again.parts()).toEqual(sumOf([...first, ...more]).parts())
			}),
		)
	})

	it('rejects numbers that are not finite', () => {
		expect(() => new ExactSum().add(Number.NaN)).toThrow(RangeError)
		expect(() => new ExactSum().add(Number.POSITIVE_INFINITY)).toThrow(RangeError)
	})
})
