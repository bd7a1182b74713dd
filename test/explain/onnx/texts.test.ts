import { expect, test } from 'vitest'
import { openTexts } from '../../../src/explain/onnx/columns.ts'

test('texts of rows are forgotten when there are very many, those of the graph never', () => {
	const graph = { nodes: [], inputs: [], outputs: [], constants: new Map() }
	const attributes = new Map([
		[
			'cats_strings',
			{
				name: 'cats_strings',
				texts: ['north', 'south', 'north'],
				number: undefined,
				text: undefined,
				numbers: new Float64Array(),
				tensor: undefined,
			},
		],
	])
	const texts = openTexts({
		...graph,
		nodes: [{ op: 'OneHotEncoder', inputs: [], outputs: [], attributes }],
	})
	expect([...texts.known]).toEqual(['north', 'south'])
	const first = texts.code('a text')
	expect(texts.text(texts.code('a text'))).toBe('a text')
	let last = first
	for (let i = 0; i < 150_000; i++) last = texts.code(`text ${i}`)
	expect(texts.text(last)).toBe('text 149999')
	expect(texts.text(texts.code('south'))).toBe('south')
	expect(() => texts.text(first)).toThrow('encode it again')
	expect(texts.code('a text')).toBeGreaterThan(last)
})
