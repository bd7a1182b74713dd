import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ArtifactError, type ArtifactFormat } from '../../src/explain/model.ts'
import { openModel } from '../../src/explain/open-model.ts'
import { bytesOf, readCases } from './golden/case.ts'

const golden = readCases(readFileSync(new URL('golden/golden.ndjson.gz', import.meta.url)))
const small = (format: ArtifactFormat) => {
	const found = golden.find((one) => one.format === format && one.name.includes(' small'))
	if (found === undefined) throw new Error(`no small model of ${format}`)
	return bytesOf(found)
}
const features = Array.from({ length: 9 }, (_, i) => ({ name: `f${i}`, type: 'numeric' as const }))
const open = (format: ArtifactFormat, bytes: Uint8Array) => () => openModel(format, bytes, { features })

function refuses(format: ArtifactFormat, bytes: Uint8Array, reason: string): void {
	expect(open(format, bytes)).toThrow(reason)
	expect(open(format, bytes)).toThrow(ArtifactError)
}

// biome-ignore lint/suspicious/noExplicitAny: the parts of a file that are damaged here have no type.
type File = any

/** The small XGBoost model with something changed in it. */
function changed(change: (file: File, tree: File) => void): Uint8Array {
	const file = JSON.parse(Buffer.from(small('xgboost-json')).toString())
	change(file, file.learner.gradient_booster.model.trees[0])
	return Buffer.from(JSON.stringify(file))
}

describe('XGBoost files are refused', () => {
	test.each<[string, (file: File, tree: File) => void, string]>([
		['a node above itself', (_, t) => (t.left_children[1] = 0), 'has two parents or is its own ancestor'],
		['a child of two parents', (_, t) => (t.right_children[0] = t.left_children[0]), 'has two parents'],
		['a child beyond the nodes', (_, t) => (t.left_children[0] = 1000), 'does not exist'],
		['a child below 0', (_, t) => (t.right_children[0] = -5), 'does not exist'],
		['a feature beyond the features', (_, t) => (t.split_indices[0] = 9), 'splits on feature 9 of 9'],
		['a feature below 0', (_, t) => (t.split_indices[0] = -1), 'splits on feature -1'],
		['a half node', (_, t) => (t.left_children[0] = 1.5), 'Node 1.5 of tree 0 does not exist'],
		['a half feature', (_, t) => (t.split_indices[0] = 0.5), 'splits on feature 0.5'],
		[
			'an infinite leaf',
			(_, t) => (t.split_conditions = t.split_conditions.map(() => 1e39)),
			'has the value Infinity',
		],
		['a negative cover', (_, t) => (t.sum_hessian[0] = -1), 'has a cover of -1'],
		['lists of different lengths', (_, t) => t.default_left.pop(), 'default_left has'],
		[
			'an output beyond the outputs',
			(f) => (f.learner.gradient_booster.model.tree_info[0] = 1),
			'adds to output 1 of 1',
		],
		[
			'fewer outputs than trees tell',
			(f) => f.learner.gradient_booster.model.tree_info.pop(),
			'tree_info has 1',
		],
		['a billion features', (f) => (f.learner.learner_model_param.num_feature = '1000000000'), 'cannot have'],
		['a billion classes', (f) => (f.learner.learner_model_param.num_class = '1000000000'), 'cannot have'],
		['no number as base_score', (f) => (f.learner.learner_model_param.base_score = '[5E-1'), 'base_score'],
		['two numbers as base_score', (f) => (f.learner.learner_model_param.base_score = '[1,2]'), 'base_score'],
		[
			'a base_score of 1.5 for probabilities',
			(f) => (f.learner.learner_model_param.base_score = '[1.5E0]'),
			'between 0 and 1',
		],
		[
			'a base_score of -0.2 for probabilities',
			(f) => (f.learner.learner_model_param.base_score = '-2E-1'),
			'between 0 and 1',
		],
		[
			'a base_score of 0 for counts',
			(f) => {
				f.learner.objective.name = 'count:poisson'
				f.learner.learner_model_param.base_score = '0E0'
			},
			'above 0',
		],
		['settings without trees', (f) => (f.learner.learner_train_param = {}), 'save_config'],
		['an objective of its own', (f) => (f.learner.objective.name = 'constructor'), 'is not supported'],
		['an unknown booster', (f) => (f.learner.gradient_booster.name = 'gbfoo'), 'is not supported'],
		['a linear booster', (f) => (f.learner.gradient_booster.name = 'gblinear'), 'as `linear-json`'],
		['vector leaves', (_, t) => (t.tree_param.size_leaf_vector = '3'), 'multi_strategy=one_output_per_tree'],
		['names of other features than it has', (f) => f.learner.feature_names.pop(), 'has 8 of 9 features'],
		[
			'a tree without nodes',
			(_, t) => {
				for (const k of Object.keys(t)) if (Array.isArray(t[k])) t[k] = []
			},
			'has no node',
		],
	])('for %s', (_, change, reason) => refuses('xgboost-json', changed(change), reason))

	test('for a threshold that is no number', () => {
		const text = Buffer.from(small('xgboost-json')).toString()
		refuses(
			'xgboost-json',
			Buffer.from(text.replace(/"split_conditions":\[[^,]*/, '"split_conditions":[NaN')),
			'no number as its threshold',
		)
	})

	test('for a chain of 10,000 nodes', () => {
		const bytes = changed((_, tree) => {
			const n = 20_001
			const inner = (i: number) => i % 2 === 0 && i + 2 < n
			tree.left_children = Array.from({ length: n }, (_, i) => (inner(i) ? i + 1 : -1))
			tree.right_children = Array.from({ length: n }, (_, i) => (inner(i) ? i + 2 : -1))
			for (const key of ['split_indices', 'split_conditions', 'default_left', 'sum_hessian', 'split_type'])
				tree[key] = new Array(n).fill(0)
			for (const key of ['categories', 'categories_nodes', 'categories_segments', 'categories_sizes'])
				tree[key] = []
		})
		refuses('xgboost-json', bytes, 'more than 1000 levels deep')
	})

	test('for categories that are far more bits than bytes', () => {
		const split = (category: number) =>
			changed((file, tree) => {
				file.learner.gradient_booster.model.trees = Array.from({ length: 100 }, () => tree)
				file.learner.gradient_booster.model.tree_info = new Array(100).fill(0)
				tree.split_type = tree.split_type.map((_: number, node: number) => (node === 0 ? 1 : 0))
				tree.categories = [category]
				tree.categories_nodes = [0]
				tree.categories_segments = [0]
				tree.categories_sizes = [1]
			})
		refuses('xgboost-json', split(2 ** 24 - 1), 'far larger than their number')
		refuses('xgboost-json', split(2 ** 24), 'uses category 16777216')
		refuses('xgboost-json', split(-1), 'uses category -1')
	})
})

describe('LightGBM files are refused', () => {
	const text = Buffer.from(small('lightgbm-text')).toString()
	const line = (name: string, value: string) =>
		Buffer.from(text.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${value}`))

	test.each([
		['a node above itself', 'left_child', '0 -1 -2', 'has two parents or is its own ancestor'],
		['a leaf of two parents', 'right_child', '-1 -1 -1', 'has two parents'],
		['a child beyond the nodes', 'left_child', '99 1 2', 'does not exist'],
		['a leaf beyond the leaves', 'left_child', '-99 1 2', 'does not exist'],
		['a feature beyond the features', 'split_feature', '9 9 9', 'splits on feature 9 of 9'],
		['a threshold that is no number', 'threshold', 'nan nan nan', 'no number as its threshold'],
		['a leaf that is no number', 'leaf_value', 'nan nan nan nan', 'has the value NaN'],
		['an infinite leaf', 'leaf_value', 'inf inf inf inf', 'has the value Infinity'],
		['a billion leaves', 'num_leaves', '999999999', 'too short for 999999999 numbers'],
		['a billion features', 'max_feature_idx', '999999998', 'entries for 999999999 features'],
		['more category sets than it has', 'num_cat', '5', 'category sets outside'],
		['more trees than it has', 'tree_sizes', '1 2 3', '2 of 3 trees'],
		['an unknown objective', 'objective', 'toString', 'is not supported'],
		['a sigmoid of 0', 'objective', 'binary sigmoid:0', 'has no sigmoid'],
		['linear trees', 'is_linear', '1', 'linear_tree=false'],
	])('for %s', (_, name, value, reason) => refuses('lightgbm-text', line(name, value), reason))

	test('for splits that share a category set, which would be copied for each', () => {
		const shared = text
			.replace(/^num_cat=.*$/m, 'num_cat=1')
			.replace(/^decision_type=.*$/m, 'decision_type=1 1 1')
			.replace(/^threshold=.*$/m, 'threshold=0 0 0\ncat_boundaries=0 1\ncat_threshold=6')
			.replace(/^cat_boundaries=(?!0 1$).*$/m, '')
		refuses('lightgbm-text', Buffer.from(shared), 'share category set 0')
	})

	test('never for being wide: 100,000 columns are opened at once', () => {
		const names = Array.from({ length: 100_000 }, (_, i) => `a_${i}`)
		const wide = text
			.replace(/^max_feature_idx=.*$/m, `max_feature_idx=${names.length - 1}`)
			.replace(/^feature_names=.*$/m, `feature_names=${names.join(' ')}`)
			.replace(/^feature_infos=.*$/m, `feature_infos=${names.map(() => '[0:1]').join(' ')}`)
			.replace(/^pandas_categorical:.*$/m, 'pandas_categorical:null')
		const declared = names.map((name) => ({ name: name.replace('_', ' ') }))
		const model = openModel('lightgbm-text', Buffer.from(wide), { features: declared })
		expect(model.features.at(-1)).toBe('a 99999')
	})

	test('when they are cut off', () => {
		refuses('lightgbm-text', Buffer.from(text.slice(0, text.indexOf('end of trees'))), 'truncated')
	})

	test('for a category set beyond the sets of its tree', () => {
		const broken = text
			.replace(/^decision_type=\S+/m, 'decision_type=1')
			.replace(/^threshold=\S+/m, 'threshold=7')
		refuses('lightgbm-text', Buffer.from(broken), 'category set 7')
	})
})

describe('other files are refused with a hint', () => {
	test.each<[string, ArtifactFormat, Uint8Array, string]>([
		['an empty file', 'xgboost-json', new Uint8Array(), 'is empty'],
		['gzip', 'xgboost-json', gzipSync(small('xgboost-json')), 'Unpack it'],
		['gzip', 'lightgbm-text', gzipSync(small('lightgbm-text')), 'Unpack it'],
		['a pickle', 'xgboost-json', Uint8Array.of(0x80, 5, 0x95), 'save_model("model.json")'],
		['a pickle', 'lightgbm-text', Uint8Array.of(0x80, 5, 0x95), 'booster.save_model("model.txt")'],
		['the binary format', 'xgboost-ubj', Uint8Array.of(0, 0, 0, 0x3f, 9, 0, 0, 0), 'XGBoost 3.1 removed'],
		['a dump', 'xgboost-json', Buffer.from('[{"nodeid":0}]'), 'dump_model'],
		['a dump', 'lightgbm-text', Buffer.from('{"name":"tree"}'), 'dump_model'],
		['other JSON', 'xgboost-json', Buffer.from('{"a":1}'), 'no `learner`'],
		['JSON as UBJSON', 'xgboost-ubj', small('xgboost-json'), 'Register it as `xgboost-json`'],
		['UBJSON as JSON', 'xgboost-json', small('xgboost-ubj'), 'Register it as `xgboost-ubj`'],
		['another text', 'lightgbm-text', Buffer.from('hello\nworld'), 'first line is not `tree`'],
	])('%s as %s', (_, format, bytes, reason) => refuses(format, bytes, reason))
})
