import { ArtifactError } from '../model.ts'
import type { RawTree } from '../trees/build-ensemble.ts'
import { nodeFlag } from '../trees/ensemble.ts'
import { countAt, mapAt, type Numbers, numbersAt, type ValueMap } from './value.ts'

// Categories are int32 codes in XGBoost, and floats before: beyond 2^24 not every code could be told apart.
const maxCategories = 2 ** 24

/** How many more category bits the file may still unfold: a code of 16 million takes 2 MB of bits and 8 bytes of file. */
export type BitBudget = { words: number }

const at = (list: Numbers, i: number) => list[i] as number

function bitsOf(categories: Numbers, from: number, to: number, budget: BitBudget): Uint32Array {
	let most = 0
	for (let i = from; i < to; i++) {
		const category = at(categories, i)
		if (!(Number.isInteger(category) && category >= 0 && category < maxCategories))
			throw new ArtifactError(`A split asks for category ${category}: the file is damaged.`)
		most = Math.max(most, category)
	}
	const words = (most >>> 5) + 1
	budget.words -= words
	if (budget.words < 0)
		throw new ArtifactError(
			'The splits ask for categories with codes far larger than their number. Number the categories from 0 and train anew.',
		)
	const bits = new Uint32Array(words)
	for (let i = from; i < to; i++) {
		const category = at(categories, i)
		bits[category >>> 5] = (bits[category >>> 5] as number) | (1 << (category & 31))
	}
	return bits
}

/** The bits of each categorical node. Before 1.3 no tree had any. */
function categoriesOf(tree: ValueMap, path: string, budget: BitBudget): Map<number, Uint32Array> {
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
			`The trees have vector leaves (multi_strategy=multi_output_tree), ${size} numbers a leaf, whose Shapley values are not defined by output here. Train with multi_strategy=one_output_per_tree and upload that file.`,
		)
}

/**
 * A tree as XGBoost writes it. `weight` is its weight in a DART booster, which multiplies its leaves in float32.
 * `signedCover`: whether sums of the objective's second derivatives can be negative.
 */
export function xgboostTree(
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
	const sets = categoriesOf(tree, path, budget)
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
