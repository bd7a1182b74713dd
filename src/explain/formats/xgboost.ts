import { log32 } from '../floats.ts'
import { ArtifactError } from '../model.ts'
import { EnsembleBuilder, type RawTree } from '../trees/build-ensemble.ts'
import { nodeFlag } from '../trees/ensemble.ts'
import {
	countAt,
	listAt,
	mapAt,
	type Numbers,
	numbersAt,
	readJson,
	textAt,
	type Value,
	type ValueMap,
} from './json.ts'
import { NumberScanner } from './numbers.ts'
import {
	categoryKey,
	firstByte,
	links32,
	refuseForeignFile,
	type TreeColumn,
	type TreeFile,
	type TreeLink,
} from './tree-file.ts'
import { readUbjson } from './ubjson.ts'

const { fround } = Math

/** Members of a tree that scores and explanations do not need: a third of the file. */
const unused = new Set(['base_weights', 'loss_changes', 'parents'])

/** The maximum number of columns without names, which take no bytes of a file. */
const maxUnnamed = 100_000

/** `takes`: the base scores that XGBoost accepts; others are refused. `base`: from base score to margin. */
type Objective = {
	link: TreeLink
	base: (score: number) => number
	takes?: { words: string; holds: (score: number) => boolean }
}

const plain: Objective = { link: links32.identity, base: (score) => score }
// kRtEps bounds a base score of 0 or 1, which training on labels of one class gives.
const bounded = (p: number) => Math.min(Math.max(p, fround(1e-6)), fround(1 - fround(1e-6)))
const logistic: Objective = {
	link: links32.logit,
	base: (p) => -log32(fround(fround(1 / bounded(p)) - 1)),
	takes: { words: 'between 0 and 1', holds: (p) => p >= 0 && p <= 1 },
}
const exponential: Objective = {
	link: links32.log,
	base: (score) => log32(score),
	takes: { words: 'above 0', holds: (score) => score > 0 },
}
const multiclass: Objective = { link: links32.softmax, base: (score) => score }

/** ProbToMargin and PredTransform of each objective (src/objective). Others are the identity in both. */
const objectives: Readonly<Record<string, Objective>> = {
	'binary:logistic': logistic,
	'reg:logistic': logistic,
	'binary:logitraw': { ...plain, link: links32.raw },
	'binary:hinge': { ...plain, link: links32.hinge },
	'multi:softprob': multiclass,
	'multi:softmax': multiclass,
	'count:poisson': exponential,
	'reg:gamma': exponential,
	'reg:tweedie': exponential,
	'survival:cox': exponential,
	'survival:aft': exponential,
}

const known =
	/^(reg:(linear|squarederror|squaredlogerror|pseudohubererror|absoluteerror|quantileerror)|rank:.*)$/

/** "5E-1", "[5E-1]" (since 3.1), "[1E0,2E0]": one number, or one an output. Files before 3.1 have one for all. */
function baseScores(text: string, outputs: number): Float64Array {
	const list = text.replace(/\s/g, '').replace(/^\[(.*)\]$/, '$1')
	const scanner = new NumberScanner(new TextEncoder().encode(list))
	const found: number[] = []
	for (;;) {
		const value = scanner.number()
		if (value === undefined || !Number.isFinite(value)) break
		found.push(fround(value))
		if (scanner.bytes[scanner.at] !== 44) break
		scanner.at++
	}
	if (scanner.at !== scanner.bytes.length || (found.length !== 1 && found.length !== outputs))
		throw new ArtifactError(
			`The base_score ${JSON.stringify(text.slice(0, 80))} is not one number, or ${outputs}: the file is damaged.`,
		)
	return Float64Array.from({ length: outputs }, (_, i) => (found[i] ?? found[0]) as number)
}

/** The base margin of each output. XGBoost refuses a base score that its objective cannot turn into a margin. */
function baseMargins(text: string, outputs: number, name: string, { base, takes }: Objective): Float64Array {
	const scores = baseScores(text, outputs)
	const wrong = takes && scores.find((score) => !takes.holds(score))
	if (wrong !== undefined)
		throw new ArtifactError(
			`The base_score of ${name} must be ${takes?.words}, and the file has ${wrong}: XGBoost does not load such a model. Save the model again with save_model and upload that file.`,
		)
	return scores.map(base)
}

/** 3002 for [3, 2, 0]; 0 when the file has no version. */
function versionOf(file: Value): number {
	const version = file instanceof Map && file.has('version') ? numbersAt(file, 'version', 'file') : []
	return (version[0] ?? 0) * 1000 + (version[1] ?? 0)
}

function objectiveOf(learner: ValueMap): { name: string; objective: Objective } {
	const name = textAt(mapAt(learner, 'objective', 'learner'), 'name', 'learner.objective')
	const own = Object.hasOwn(objectives, name) ? objectives[name] : undefined
	const objective = own ?? (known.test(name) ? plain : undefined)
	if (objective === undefined)
		throw new ArtifactError(
			`The objective ${JSON.stringify(name.slice(0, 80))} is not supported: it is unknown how its margins become scores. Train with one of XGBoost's own single-output objectives.`,
		)
	return { name, objective }
}

/** DART's weights: beside the model of the trees, or in it since 3.4. */
function weightsOf(booster: ValueMap, model: ValueMap, trees: number): Float64Array {
	const holder = [booster, model].find((m) => m.has('weight_drop'))
	if (holder === undefined) return new Float64Array(trees).fill(1)
	const weights = numbersAt(holder, 'weight_drop', 'learner.gradient_booster')
	if (weights.length !== trees || !weights.every(Number.isFinite))
		throw new ArtifactError(
			`weight_drop has ${weights.length} weights for ${trees} trees: the file is damaged.`,
		)
	return Float64Array.from(weights, fround)
}

function boosterOf(learner: ValueMap): { booster: ValueMap; model: ValueMap } {
	const booster = mapAt(learner, 'gradient_booster', 'learner')
	const name = textAt(booster, 'name', 'learner.gradient_booster')
	if (name === 'gblinear')
		throw new ArtifactError(
			'The booster is gblinear, a linear model. Register its coefficients as `linear-json`, which explains them exactly.',
		)
	if (name !== 'gbtree' && name !== 'dart')
		throw new ArtifactError(
			`The booster ${JSON.stringify(name.slice(0, 80))} is not supported: gbtree and dart are.`,
		)
	const holder = name === 'dart' ? mapAt(booster, 'gbtree', 'learner.gradient_booster') : booster
	return { booster, model: mapAt(holder, 'model', 'learner.gradient_booster') }
}

function learnerOf(file: Value): ValueMap {
	const learner = file instanceof Map ? file.get('learner') : undefined
	if (learner instanceof Map && learner.has('learner_train_param'))
		throw new ArtifactError(
			'The file holds the settings of an XGBoost model without its trees, as save_config writes them. Write the model with save_model("model.json") and upload that file.',
		)
	if (learner instanceof Map) return learner
	throw new ArtifactError(
		'The file is not an XGBoost model: it has no `learner`. Write it with save_model (not dump_model, save_config or pickle).',
	)
}

type Stopped = { rounds: number; counts: boolean; advice: string }

/**
 * After early stopping the scikit-learn classes use the rounds up to the best one, and Booster.predict all of them. The
 * classes mark files that they save (python-package/xgboost/sklearn.py, `save_model`).
 */
function earlyStopOf(learner: ValueMap): Stopped | undefined {
	const attributes = learner.get('attributes')
	const best = attributes instanceof Map ? attributes.get('best_iteration') : undefined
	if (!(attributes instanceof Map) || typeof best !== 'string' || !/^\d{1,9}$/.test(best)) return undefined
	const rounds = Number(best) + 1
	const counts = attributes.has('scikit_learn')
	const start = `The file says that boosting round ${rounds} was the best, and`
	const advice = counts
		? `${start} a scikit-learn class saved it, which uses the rounds up to it; these are used here. If the service predicts with a Booster, which uses all rounds, set \`rounds\` to their number in the manifest.`
		: `${start} all its rounds are used. If the service predicts with XGBClassifier or XGBRegressor, which stop at that round, set \`rounds\` to ${rounds} in the manifest.`
	return { rounds, counts, advice }
}

const nodesOf = (trees: readonly Value[]) =>
	trees.reduce<number>((sum, tree) => {
		const nodes = tree instanceof Map ? tree.get('left_children') : undefined
		return sum + (ArrayBuffer.isView(nodes) ? nodes.length : 0)
	}, 0)

/** The number of trees in `rounds` boosting rounds; undefined when the file has fewer. */
function treesOf(model: ValueMap, all: number, outputs: number, rounds: number): number | undefined {
	const param = mapAt(model, 'gbtree_model_param', 'model')
	const each = countAt(param, 'num_parallel_tree', 'model.gbtree_model_param', 1) * outputs
	const ends = model.has('iteration_indptr') ? numbersAt(model, 'iteration_indptr', 'model') : undefined
	const end = ends ? ends[rounds] : rounds * each
	return end !== undefined && end >= 0 && end <= all ? end : undefined
}

/** The number of trees in the manifest's rounds. Throws ArtifactError when the file has fewer. */
function requestedTrees(model: ValueMap, all: number, outputs: number, rounds: number): number {
	const count = treesOf(model, all, outputs, rounds)
	if (count !== undefined) return count
	throw new ArtifactError(
		`The manifest asks for ${rounds} boosting rounds and the file has fewer. Lower \`rounds\`, or upload the whole model.`,
	)
}

function fileOf(
	format: 'xgboost-json' | 'xgboost-ubj',
	file: Value,
	size: number,
	rounds?: number,
): TreeFile {
	const learner = learnerOf(file)
	const { name, objective } = objectiveOf(learner)
	const { booster, model } = boosterOf(learner)
	const param = mapAt(learner, 'learner_model_param', 'learner')
	const path = 'learner.learner_model_param'
	const outputs = Math.max(1, countAt(param, 'num_class', path), countAt(param, 'num_target', path, 1))
	const count = countAt(param, 'num_feature', path)
	const trees = listAt(model, 'trees', 'model')
	const info = numbersAt(model, 'tree_info', 'model')
	if (info.length !== trees.length)
		throw new ArtifactError(
			`tree_info has ${info.length} entries for ${trees.length} trees: the file is damaged.`,
		)
	const named = learner.has('feature_names') ? listAt(learner, 'feature_names', 'learner').length : 0
	if (count < 1 || count > Math.max(named, maxUnnamed) || outputs > Math.max(1000, trees.length))
		throw new ArtifactError(
			`A model cannot have ${count} features and ${outputs} outputs: the file is damaged.`,
		)
	const base = baseMargins(textAt(param, 'base_score', path), outputs, name, objective)
	const { columns, names } = xgboostColumns(learner, model, count, versionOf(file))
	const weights = weightsOf(booster, model, trees.length)
	const builder = new EnsembleBuilder(count, outputs, nodesOf(trees))
	const budget = { words: 1_000_000 + size * 16 }
	const stopped = earlyStopOf(learner)
	const all = trees.length
	const best = (stopped && treesOf(model, all, outputs, stopped.rounds)) ?? all
	const usual = stopped?.counts ? best : all
	const counted = rounds === undefined ? usual : requestedTrees(model, all, outputs, rounds)
	for (let i = 0; i < counted; i++) {
		const tree = trees[i]
		if (!(tree instanceof Map)) throw new ArtifactError(`Tree ${i} is not an object: the file is damaged.`)
		const options = { weight: weights[i] as number, signedCover: name === 'survival:cox' }
		builder.add(xgboostTree(tree, `trees[${i}]`, options, budget), info[i] as number)
		// Its arrays are copied: free them.
		tree.clear()
	}
	const ensemble = builder.finish({ style: 'xgboost', base, precision: 'float32', average: false })
	const advice = rounds === undefined && best < all ? stopped?.advice : undefined
	return { format, ensemble, columns, names, objective: name, link: objective.link, advice }
}

function refuseOthers(bytes: Uint8Array): void {
	refuseForeignFile(bytes, 'save_model("model.json")')
	const first = firstByte(bytes)
	if (first === 0x5b)
		throw new ArtifactError(
			'The file is a list of trees (dump_model), which cannot be scored. Write the model with save_model("model.json") and upload that file.',
		)
	if (first !== 0x7b)
		throw new ArtifactError(
			'The file is neither JSON nor UBJSON; it may be in the binary format that XGBoost 3.1 removed. Open it with an older XGBoost, write it with save_model("model.json") and upload that file.',
		)
}

/** UBJSON objects begin with the length of a name, JSON objects with a quote. */
const looksUbjson = (bytes: Uint8Array) =>
	bytes[0] === 0x7b && /[iUIlL$#N]/.test(String.fromCharCode(bytes[1] ?? 0))

/** Reads a file of XGBoost's save_model, from version 1.0 on. `rounds`: the boosting rounds to use; default all. */
export function readXgboost(
	bytes: Uint8Array,
	format: 'xgboost-json' | 'xgboost-ubj',
	rounds?: number,
): TreeFile {
	refuseOthers(bytes)
	const ubjson = looksUbjson(bytes)
	if (ubjson !== (format === 'xgboost-ubj'))
		throw new ArtifactError(
			`The file is ${ubjson ? 'UBJSON' : 'JSON'}. Register it as \`${ubjson ? 'xgboost-ubj' : 'xgboost-json'}\`.`,
		)
	return fileOf(format, ubjson ? readUbjson(bytes, unused) : readJson(bytes, unused), bytes.length, rounds)
}

const utf8 = new TextDecoder()

// XGBoost's numbers for the types of categories (src/data/cat_container.cc); unsigned ones are written as signed.
const unsignedBits: Readonly<Record<number, number>> = { 10: 8, 12: 16, 14: 32, 16: 64 }

type Categories = Pick<TreeColumn, 'codes' | 'incomplete'>

const none: Categories = { codes: undefined, incomplete: undefined }

function numberCategories(column: ValueMap, values: Numbers, path: string): Categories {
	const bits = unsignedBits[Number(textAt(column, 'type', path))]
	const codes = new Map<string, number>()
	values.forEach((v, code) => {
		codes.set(categoryKey(bits !== undefined && v < 0 ? v + 2 ** bits : v), code)
	})
	return codes.size > 0 ? { codes, incomplete: undefined } : none
}

/**
 * Texts are concatenated in UTF-8, with offsets. Before 3.4 the offsets count characters and the bytes are cut at the last
 * offset (python-package/xgboost/_data_utils.py), so texts after the first non-ASCII character cannot be read.
 */
function textCategories(column: ValueMap, values: Numbers, path: string, inBytes: boolean): Categories {
	const offsets = numbersAt(column, 'offsets', path)
	const bytes = Uint8Array.from(values)
	const nonAscii = inBytes ? -1 : bytes.findIndex((b) => b >= 128)
	const codes = new Map<string, number>()
	for (let code = 0; code + 1 < offsets.length; code++) {
		const [from, to] = [offsets[code] as number, offsets[code + 1] as number]
		if (!(from >= 0 && to >= from && to <= bytes.length))
			throw new ArtifactError(`${path} has a category outside of its text: the file is damaged.`)
		if (nonAscii < 0 || to <= nonAscii) codes.set(utf8.decode(bytes.subarray(from, to)), code)
	}
	if (nonAscii >= 0)
		return { codes, incomplete: 'XGBoost before 3.4 truncates names of categories with non-ASCII characters' }
	return codes.size > 0 ? { codes, incomplete: undefined } : none
}

function categoriesOf(column: ValueMap, path: string, inBytes: boolean): Categories {
	const values = numbersAt(column, 'values', path)
	return column.has('offsets')
		? textCategories(column, values, path, inBytes)
		: numberCategories(column, values, path)
}

/** Names and types of the columns, and the categories of a data frame, which XGBoost keeps since 3.1. */
function xgboostColumns(
	learner: ValueMap,
	model: ValueMap,
	count: number,
	version: number,
): { columns: TreeColumn[]; names: string[] | undefined } {
	const texts = (key: string): string[] | undefined => {
		const list = learner.has(key) ? listAt(learner, key, 'learner') : []
		if (list.length === 0) return undefined
		if (list.length !== count)
			throw new ArtifactError(`learner.${key} has ${list.length} of ${count} features: the file is damaged.`)
		return list.map(String)
	}
	const names = texts('feature_names')
	const types = texts('feature_types')
	const cats = model.get('cats')
	const encodings = cats instanceof Map ? listAt(cats, 'enc', 'cats') : []
	const columns = Array.from({ length: count }, (_, i) => {
		const encoding = encodings[i]
		const known = encoding instanceof Map ? categoriesOf(encoding, `cats.enc[${i}]`, version >= 3004) : none
		return { categorical: types?.[i] === 'c', ...known }
	})
	return { columns, names }
}

// Category codes pass through float32 in XGBoost, which is exact up to 2^24 only.
const maxCategories = 2 ** 24

/** The remaining budget of category bits: a code of 16 million takes 2 MB of bits and only 8 bytes of file. */
type BitBudget = { words: number }

const at = (list: Numbers, i: number) => list[i] as number

function bitsOf(categories: Numbers, from: number, to: number, budget: BitBudget): Uint32Array {
	let maxBits = 0
	for (let i = from; i < to; i++) {
		const category = at(categories, i)
		if (!(Number.isInteger(category) && category >= 0 && category < maxCategories))
			throw new ArtifactError(`A split uses category ${category}: the file is damaged.`)
		maxBits = Math.max(maxBits, category)
	}
	const words = (maxBits >>> 5) + 1
	budget.words -= words
	if (budget.words < 0)
		throw new ArtifactError(
			'The splits use category codes far larger than their number. Number the categories from 0 and train again.',
		)
	const bits = new Uint32Array(words)
	for (let i = from; i < to; i++) {
		const category = at(categories, i)
		bits[category >>> 5] = (bits[category >>> 5] as number) | (1 << (category & 31))
	}
	return bits
}

/** The category bits of each categorical node; trees before 1.3 have none. */
function setsOf(tree: ValueMap, path: string, budget: BitBudget): Map<number, Uint32Array> {
	const found = new Map<number, Uint32Array>()
	if (!tree.has('categories_nodes')) return found
	const nodes = numbersAt(tree, 'categories_nodes', path)
	if (nodes.length === 0) return found
	const categories = numbersAt(tree, 'categories', path)
	const segments = numbersAt(tree, 'categories_segments', path)
	const sizes = numbersAt(tree, 'categories_sizes', path)
	nodes.forEach((node, i) => {
		const from = at(segments, i)
		const to = from + at(sizes, i)
		if (!(from >= 0 && to > from && to <= categories.length))
			throw new ArtifactError(`${path} has no categories for node ${node}: the file is damaged.`)
		found.set(node, bitsOf(categories, from, to, budget))
	})
	return found
}

function refuseVectorLeaves(tree: ValueMap, path: string): void {
	const size = countAt(mapAt(tree, 'tree_param', path), 'size_leaf_vector', `${path}.tree_param`, 0)
	if (size > 1)
		throw new ArtifactError(
			`The trees have vector leaves (multi_strategy=multi_output_tree), ${size} numbers a leaf, which are not supported. Train with multi_strategy=one_output_per_tree and upload that file.`,
		)
}

/**
 * A tree of an XGBoost file. `weight` is its weight in a DART booster, which multiplies its leaves in float32.
 * `signedCover`: whether sums of the objective's second derivatives can be negative.
 */
function xgboostTree(
	tree: ValueMap,
	path: string,
	{ weight, signedCover }: { weight: number; signedCover: boolean },
	budget: BitBudget,
): RawTree {
	refuseVectorLeaves(tree, path)
	const left = numbersAt(tree, 'left_children', path)
	const list = (key: string) => {
		const numbers = numbersAt(tree, key, path)
		if (numbers.length !== left.length)
			throw new ArtifactError(
				`${path}.${key} has ${numbers.length} of ${left.length} nodes: the file is damaged.`,
			)
		return numbers
	}
	const [right, feature, condition] = [
		list('right_children'),
		list('split_indices'),
		list('split_conditions'),
	]
	const [defaultLeft, cover] = [list('default_left'), list('sum_hessian')]
	const categorical = tree.has('split_type') ? list('split_type') : undefined
	const sets = setsOf(tree, path, budget)
	const isCategorical = (node: number) => categorical !== undefined && at(categorical, node) === 1
	return {
		nodes: left.length,
		left: (node) => at(left, node),
		right: (node) => at(right, node),
		feature: (node) => at(feature, node),
		threshold: (node) => Math.fround(at(condition, node)),
		value: (node) => Math.fround(Math.fround(at(condition, node)) * weight),
		cover: (node) => Math.fround(at(cover, node)),
		signedCover,
		flags: (node) =>
			(isCategorical(node) ? nodeFlag.categorical : 0) |
			(at(defaultLeft, node) === 0 ? 0 : nodeFlag.missingLeft),
		categories(node) {
			if (!isCategorical(node)) return undefined
			const set = sets.get(node)
			if (set === undefined)
				throw new ArtifactError(`${path} has no categories for node ${node}: the file is damaged.`)
			return set
		},
	}
}
