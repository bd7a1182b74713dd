import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readJson, type Value } from '../../../src/explain/formats/json.ts'
import { ArtifactError } from '../../../src/explain/model.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** As JSON.parse has it. */
function plain(value: Value): unknown {
	if (value instanceof Map) return Object.fromEntries([...value].map(([key, v]) => [key, plain(v)]))
	if (ArrayBuffer.isView(value)) return Array.from(value)
	return Array.isArray(value) ? value.map(plain) : value
}

const scalar = fc.oneof(
	fc.double({ noNaN: true, noDefaultInfinity: true }),
	fc.string(),
	fc.boolean(),
	fc.constant(null),
)
const { tree } = fc.letrec((tie) => ({
	tree: fc.oneof({ maxDepth: 4 }, scalar, tie('object'), tie('list'), fc.array(fc.integer())),
	object: fc.dictionary(
		fc.string().filter((key) => key !== '__proto__'),
		tie('tree'),
	),
	// Lists of model files are of numbers alone, or of anything but numbers first.
	list: fc.array(fc.oneof(fc.string(), tie('object'))),
}))

test('reads what JSON.parse reads', () => {
	fc.assert(
		fc.property(tree, fc.constantFrom(undefined, 2), (value, indent) => {
			const text = JSON.stringify(value, null, indent)
			expect(plain(readJson(bytes(text)))).toEqual(JSON.parse(text))
		}),
		{ numRuns: 500 },
	)
})

test('reads every number as Number does, to the bit', () => {
	const digits = fc.stringMatching(/^-?\d{1,25}(\.\d{1,25})?([eE][+-]?\d{1,3})?$/)
	fc.assert(
		fc.property(digits, (text) => {
			expect(readJson(bytes(text))).toBe(Number(text))
		}),
		{ numRuns: 2000 },
	)
	for (const text of ['5E-1', '1E-45', '-0', '9007199254740993', '1e400', '123456789012345e22', '4.9e-324'])
		expect(readJson(bytes(text))).toBe(Number(text))
})

test('knows the numbers that are none in JSON and that XGBoost writes', () => {
	expect(plain(readJson(bytes('[NaN,-Infinity,Infinity]')))).toEqual([Number.NaN, -Infinity, Infinity])
})

test('a name that is a prototype elsewhere is a name', () => {
	const value = readJson(bytes('{"__proto__":{"admin":true}}'))
	expect((value as Map<string, Value>).get('__proto__')).toBeInstanceOf(Map)
	expect(({} as Record<string, unknown>).admin).toBeUndefined()
})

test.each([
	['', 'a value is expected where the file ends'],
	['{"a":1,"a":2}', 'the name "a" appears twice'],
	['[1,2', 'a comma or the end of a list is expected where the file ends'],
	['[1,"a"]', 'a number is expected'],
	['{"a":1}x', 'there is more after the end where byte 7 is'],
	['"abc', 'a text does not end'],
	['["\\q"]', 'a text that cannot be read'],
	['['.repeat(1_000_000), 'nested more than 64 deep'],
	['{"a":'.repeat(1000), 'nested more than 64 deep'],
	['1e', 'a value is expected'],
	['[1,]', 'a number is expected'],
])('refuses %.20s…', (text, reason) => {
	expect(() => readJson(bytes(text))).toThrow(reason)
	expect(() => readJson(bytes(text))).toThrow(ArtifactError)
})

test('refuses millions of empty lists, which would take a hundred times their bytes', () => {
	expect(() => readJson(bytes(`["",${'[],'.repeat(3_100_000)}[]]`))).toThrow('more than 3000000 lists')
})

test('skips what was not requested', () => {
	const value = readJson(bytes('{"a":["x",[2]],"b":["]"],"c":[3, 4],"d":5}'), new Set(['b', 'c']))
	expect((value as Map<string, Value>).get('d')).toBe(5)
	expect((value as Map<string, Value>).has('c')).toBe(false)
})
