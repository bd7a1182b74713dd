import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactJson, parseExact } from '../../src/core/exact-json.ts'

describe('reading JSON with all digits', () => {
	it('keeps the digits of integers beyond 2^53, at any depth', () => {
		expect(
			parseExact('{"a":9007199254740993,"b":[-612345678901234567, {"c": 12345678901234567890}],"d":1}'),
		).toEqual({ a: 9007199254740993n, b: [-612345678901234567n, { c: 12345678901234567890n }], d: 1 })
	})

	it('reads all other numbers as JSON.parse does', () => {
		const text =
			'{"max":9007199254740991,"pi":3.141592653589793238,"big":1e300,"over":1e400,"float":1234567890123456.5}'
		expect(parseExact(text)).toEqual(JSON.parse(text))
		expect(parseExact(`[${'9'.repeat(400)}]`)).toEqual([Number.POSITIVE_INFINITY])
	})

	it('leaves digits in texts and names alone', () => {
		const text =
			'{"9007199254740993":"9007199254740993",":9007199254740993":" 9007199254740993","__proto__":1}'
		expect(exactJson(parseExact(text))).toBe(text)
	})

	it('writes what it read', () => {
		fc.assert(
			fc.property(fc.array(fc.oneof(fc.bigInt(), fc.integer(), fc.string())), (values) => {
				const text = exactJson({ values })
				expect(exactJson(parseExact(text))).toBe(text)
			}),
		)
	})
})
