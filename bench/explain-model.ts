import type { TreeEnsemble } from '../src/explain/trees/ensemble.ts'
import { randomSequence } from './rows.ts'

/** The library tells numbers from whole numbers by their spelling. */
const real = (value: number): string => value.toExponential().replace('e+', 'E').replace('e', 'E')

const list = (values: Iterable<number>): string => `[${[...values].join(',')}]`

/** A full tree of random splits with the training rows that came through each node; float32, as the library writes them. */
function tree(id: number, depth: number, columns: number, random: () => number): string {
	const inner = 2 ** depth - 1
	const nodes = 2 * inner + 1
	const isLeaf = (node: number) => node >= inner
	const cover = new Float64Array(nodes).fill(10_000)
	for (let node = 1; node < nodes; node += 2) {
		const above = cover[(node - 1) / 2] as number
		cover[node] = above * (0.1 + 0.8 * random())
		cover[node + 1] = above - (cover[node] as number)
	}
	const by = (of: (node: number) => number) => list(Array.from({ length: nodes }, (_, node) => of(node)))
	const byReal = (of: (node: number) => number) =>
		`[${Array.from({ length: nodes }, (_, node) => real(Math.fround(of(node)))).join(',')}]`
	const zeros = by(() => 0)
	const noReals = byReal(() => 0)
	const member: Record<string, string> = {
		base_weights: noReals,
		categories: '[]',
		categories_nodes: '[]',
		categories_segments: '[]',
		categories_sizes: '[]',
		default_left: zeros,
		id: String(id),
		left_children: by((node) => (isLeaf(node) ? -1 : 2 * node + 1)),
		loss_changes: noReals,
		parents: by((node) => (node === 0 ? 2147483647 : (node - 1) >> 1)),
		right_children: by((node) => (isLeaf(node) ? -1 : 2 * node + 2)),
		split_conditions: byReal((node) => (isLeaf(node) ? (random() - 0.5) / 10 : random())),
		split_indices: by((node) => (isLeaf(node) ? 0 : Math.floor(random() * columns))),
		split_type: zeros,
		sum_hessian: byReal((node) => cover[node] as number),
		tree_param: `{"num_deleted":"0","num_feature":"${columns}","num_nodes":"${nodes}","size_leaf_vector":"1"}`,
	}
	return `{${Object.entries(member)
		.map(([name, value]) => `"${name}":${value}`)
		.join(',')}}`
}

/** An XGBoost JSON file of full trees, piece by piece: `bytes` ends it early, once it is that long. */
export function* modelFile(
	trees: number,
	depth: number,
	columns: number,
	bytes = Infinity,
): Generator<string> {
	const random = randomSequence(5)
	const names = JSON.stringify(Array.from({ length: columns }, (_, i) => `feature_${i}`))
	const types = JSON.stringify(Array.from({ length: columns }, () => 'float'))
	yield `{"learner":{"attributes":{},"feature_names":${names},"feature_types":${types},"gradient_booster":{"model":{"trees":[`
	let [written, count] = [0, 0]
	while (count < trees && written < bytes) {
		const text = `${count === 0 ? '' : ','}${tree(count, depth, columns, random)}`
		written += text.length
		count++
		yield text
	}
	const each = (of: (i: number) => number) => list(Array.from({ length: count }, (_, i) => of(i)))
	yield `],"cats":{"enc":[],"feature_segments":[],"sorted_idx":[]},"gbtree_model_param":{"num_parallel_tree":"1","num_trees":"${count}"},"iteration_indptr":${list([0, ...Array.from({ length: count }, (_, i) => i + 1)])},"tree_info":${each(() => 0)}},"name":"gbtree"},"learner_model_param":{"base_score":"5E-1","boost_from_average":"1","num_class":"0","num_feature":"${columns}","num_target":"1"},"objective":{"name":"binary:logistic","reg_loss_param":{"scale_pos_weight":"1"}}},"version":[3,2,0]}`
}

/** The whole file as bytes. */
export function modelBytes(trees: number, depth: number, columns: number, bytes?: number): Uint8Array {
	return Buffer.concat([...modelFile(trees, depth, columns, bytes)].map((text) => Buffer.from(text)))
}

/** Rows in [0, 1), row-major, in the precision of the library. */
export function modelRows(rows: number, columns: number): Float64Array {
	const random = randomSequence(17)
	return Float64Array.from({ length: rows * columns }, () => Math.fround(random()))
}

/** The ensemble of a model that has one. */
export function ensembleOf(structure: { kind: string; ensemble?: TreeEnsemble } | undefined): TreeEnsemble {
	if (!structure?.ensemble) throw new Error('the model has no trees')
	return structure.ensemble
}
