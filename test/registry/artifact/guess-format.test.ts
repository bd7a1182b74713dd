import { expect, test } from 'vitest'
import { guessFormat, refuseKnown } from '../../../src/registry/artifact/guess-format.ts'

const coefficients = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`feature ${i}`, i]))
const guess = (file: unknown) => guessFormat(Buffer.from(JSON.stringify(file)))

test('a file whose members are sorted says in its middle what it is', () => {
	expect(guess({ coefficients, format: 'linear-json', means: coefficients })).toBe('linear-json')
	expect(guess({ coefficients, format: 'pickle', means: coefficients })).toBeUndefined()
	expect(guessFormat(Buffer.from('{"coefficients": {'))).toBeUndefined()
})

test.each([
	[
		'text',
		'booster[0]:\n0:[f0<0.0490546152] yes=1,no=2,missing=2\n\t1:leaf=-0.5\n',
		'save_model("model.json")',
	],
	[
		'a text of one tree',
		'0:[income<12] yes=1,no=2,missing=2,gain=49.1,cover=200\n',
		'save_model("model.json")',
	],
	['a tree that is a leaf', '0:leaf=0.25\n', 'save_model("model.json")'],
	[
		'JSON',
		'[\n  { "nodeid": 0, "depth": 0, "split": "f0", "split_condition": 0.04 }]',
		'save_model("model.json")',
	],
	[
		'a list of texts',
		JSON.stringify(['0:[f0<0.5] yes=1,no=2,missing=2\n\t1:leaf=1\n']),
		'save_model("model.json")',
	],
	[
		'a list of JSON texts',
		JSON.stringify(['  { "nodeid": 0, "depth": 0, "split": "f0" }']),
		'save_model("model.json")',
	],
	['Graphviz', 'booster[0]:\ndigraph {\n    graph [ rankdir=TB ]\n', 'Graphviz'],
	[
		'JSON of LightGBM',
		'{"name": "tree", "version": "v4", "num_class": 1, "num_tree_per_iteration": 1}',
		'save_model("model.txt")',
	],
	[
		'sorted JSON of LightGBM',
		'{"average_output": false, "feature_importances": {}, "feature_infos": {}}',
		'save_model("model.txt")',
	],
])('a dump of trees as %s is refused with the call that writes the model', (_, text, cure) => {
	expect(() => refuseKnown(Buffer.from(text))).toThrow(cure)
})
