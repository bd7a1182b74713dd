import { describe, expect, it } from 'vitest'
import { findJsonFaults } from '../../src/core/json-faults.ts'

const faults = (text: string) =>
	[...findJsonFaults(text)].map(({ path, message }) => `${path.join('.')} ${message}`)

describe('finding faults of JSON text', () => {
	it('finds none in what is well formed', () => {
		expect(faults('[{"a":1,"b":{"a":"\\":\\"a\\":"}},{"a":-1e5,"c":[true,null,{}]}]')).toEqual([])
	})

	it.each([
		['[{"a":1},{"f":{"x":[1,NaN]}}]', '1.f.x.1 is a bare NaN, which is not JSON: send null'],
		['{"a":"NaN","b" : -Infinity}', 'b is a bare -Infinity, which is not JSON: send null'],
		['{"a":None}', 'a is a bare None, which is not JSON: send null'],
		['{"a":True}', 'a is a bare True, which is not JSON: send true'],
		["{'a':1}", " is a bare 'a', which is not JSON"],
	])('names the place of the first bare word in %s', (text, fault) => {
		expect(faults(text)).toEqual([fault])
	})

	it('finds each member that is there twice, also when it is spelt with escapes', () => {
		expect(
			faults('[{"a":1,"a":2},{"f":{"\\u0078":1, "x" :2,"__proto__":1,"__proto__":2}},["a","a"]]'),
		).toEqual([
			'0.a is there twice in one object',
			'1.f.x is there twice in one object',
			'1.f.__proto__ is there twice in one object',
		])
	})

	it('ends on text that is cut off', () => {
		for (const text of ['', '[', '{"a', '{"a":', '{"a\\', ']]]', '{"a":1}}{"a":1}'])
			expect(faults(text)).toEqual([])
	})
})
