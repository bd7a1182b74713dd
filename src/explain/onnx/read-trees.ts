import { ArtifactError } from '../model.ts'
import { EnsembleBuilder } from '../trees/build-ensemble.ts'
import { missingType, nodeFlag, type TreeEnsemble } from '../trees/ensemble.ts'
import type { OnnxNode } from './read-onnx.ts'

/** The trees of a node, one ensemble tree for each output that its leaves vote for. */
export type OnnxTrees = {
	ensemble: TreeEnsemble
	post: 'NONE' | 'LOGISTIC' | 'SOFTMAX'
}

type Numbers = readonly number[]

/** The largest double below a finite number. */
export function below(t: number): number {
	if (t === 0) return -Number.MIN_VALUE
	const view = new DataView(new ArrayBuffer(8))
	view.setFloat64(0, t)
	view.setBigInt64(0, view.getBigInt64(0) + (t > 0 ? -1n : 1n))
	return view.getFloat64(0)
}

/** A node's lists by name; those of doubles have a suffix. */
function lists(node: OnnxNode) {
	const tensor = (name: string) => node.attributes.get(`${name}_as_tensor`)?.tensor?.values
	const numbers = (name: string): Numbers => tensor(name) ?? node.attributes.get(name)?.numbers ?? []
	const isDouble = ['nodes_values', 'base_values', 'class_weights', 'target_weights'].some(
		(name) => tensor(name) !== undefined,
	)
	return { numbers, isDouble }
}

/**
 * The trees of TreeEnsembleClassifier and TreeEnsembleRegressor (ai.onnx.ml 1 and 3) over their columns. Undefined for
 * what is not plain numeric trees that add up (other branch modes, MIN and MAX, PROBIT). Throws ArtifactError where
 * lists contradict one another or the nodes are no trees.
 */
export function readTrees(node: OnnxNode, columns: number): OnnxTrees | undefined {
	const isClassifier = node.op === 'TreeEnsembleClassifier'
	const { numbers, isDouble } = lists(node)
	const text = (name: string, standard: string) => node.attributes.get(name)?.text ?? standard
	const post = text('post_transform', 'NONE')
	const aggregate = text('aggregate_function', 'SUM')
	const modes = node.attributes.get('nodes_modes')?.texts ?? []
	if (
		(post !== 'NONE' && post !== 'LOGISTIC' && post !== 'SOFTMAX') ||
		(aggregate !== 'SUM' && aggregate !== 'AVERAGE')
	)
		return undefined
	if (modes.some((mode) => !modeNames.has(mode))) return undefined
	const prefix = isClassifier ? 'class' : 'target'
	const votes = readVotes(numbers, prefix)
	const labels = Math.max(
		numbers('classlabels_int64s').length,
		node.attributes.get('classlabels_strings')?.texts.length ?? 0,
	)
	const isComplement = isClassifier && labels === 2 && new Set(votes.ids).size === 1
	const targets = isClassifier ? labels : (node.attributes.get('n_targets')?.number ?? 1)
	if (
		!(targets >= 1 && targets <= 10_000) ||
		(targets === 2 && isClassifier && !isComplement && post === 'SOFTMAX')
	)
		return undefined
	// Of two classes the second is explained; whatever its votes are filed under when there are votes for one only.
	const wanted: (number | 'any')[] = isComplement
		? ['any']
		: isClassifier && targets === 2
			? [1]
			: [...Array(targets).keys()]
	// [-s, s] is what the runtime makes of one class whose votes may be negative: no probability.
	if (isComplement && post !== 'LOGISTIC' && !(post === 'NONE' && votes.weights.every((w) => w >= 0)))
		return undefined
	if (modes.length * wanted.length > mostNodes) return undefined
	const base = numbers('base_values')
	if (base.length !== 0 && base.length !== targets && !(isComplement && base.length === 1))
		throw new ArtifactError(
			'the ONNX trees have base values for another number of outputs; export the model again',
		)
	const builder = new EnsembleBuilder(columns, wanted.length)
	addTrees(builder, { numbers, modes, votes, wanted })
	const ensemble = builder.finish({
		style: 'lightgbm',
		base: Float64Array.from(wanted.map((k) => base[k === 'any' ? base.length - 1 : k] ?? 0)),
		precision: isDouble ? 'float64' : 'float32',
		average: aggregate === 'AVERAGE',
	})
	return { ensemble, post }
}

/** Every output has trees of its own here: beyond this the runtime must do. */
const mostNodes = 50_000_000

const modeNames = new Set(['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'LEAF'])

type Votes = { trees: Numbers; nodes: Numbers; ids: Numbers; weights: Numbers }

function readVotes(numbers: (name: string) => Numbers, prefix: string): Votes {
	const votes = {
		trees: numbers(`${prefix}_treeids`),
		nodes: numbers(`${prefix}_nodeids`),
		ids: numbers(`${prefix}_ids`),
		weights: numbers(`${prefix}_weights`),
	}
	sameLength(Object.values(votes))
	return votes
}

function sameLength(all: readonly Numbers[]): void {
	if (all.some((list) => list.length !== all[0]?.length))
		throw new ArtifactError('the lists of the ONNX trees have different lengths; export the model again')
}

type Source = {
	numbers(name: string): Numbers
	modes: readonly string[]
	votes: Votes
	wanted: readonly (number | 'any')[]
}

function addTrees(builder: EnsembleBuilder, { numbers, modes, votes, wanted }: Source): void {
	const [trees, ids, features, values, trues, falses] = [
		'nodes_treeids',
		'nodes_nodeids',
		'nodes_featureids',
		'nodes_values',
		'nodes_truenodeids',
		'nodes_falsenodeids',
	].map(numbers) as [Numbers, Numbers, Numbers, Numbers, Numbers, Numbers]
	const tracks = numbers('nodes_missing_value_tracks_true')
	sameLength([trees, ids, features, values, trues, falses, { length: modes.length } as Numbers])
	const votesOf = votesByNode(votes)
	const flags = (missingLeft: boolean) =>
		(missingType.nan << nodeFlag.missingShift) | (missingLeft ? nodeFlag.missingLeft : 0)
	for (let first = 0, end = 0; first < trees.length; first = end) {
		while (end < trees.length && trees[end] === trees[first]) end++
		const place = new Map<number, number>()
		for (let i = first; i < end; i++) place.set(ids[i] as number, i - first)
		if (place.size !== end - first)
			throw new ArtifactError(`tree ${trees[first]} of the ONNX file names a node twice`)
		// A true branch is left for <= and <, right for > and >=; what is neither must not be found.
		const child = (list: Numbers, i: number) => place.get(list[first + i] as number) ?? -2
		const isUp = (i: number) => modes[first + i] === 'BRANCH_GTE' || modes[first + i] === 'BRANCH_GT'
		const isStrict = (i: number) => modes[first + i] === 'BRANCH_LT' || modes[first + i] === 'BRANCH_GTE'
		const isLeaf = (i: number) => modes[first + i] === 'LEAF'
		const tree = trees[first] as number
		wanted.forEach((id, output) => {
			builder.add(
				{
					nodes: end - first,
					left: (i) => (isLeaf(i) ? -1 : child(isUp(i) ? falses : trues, i)),
					right: (i) => (isLeaf(i) ? -1 : child(isUp(i) ? trues : falses, i)),
					feature: (i) => features[first + i] as number,
					threshold: (i) =>
						isStrict(i) ? below(values[first + i] as number) : (values[first + i] as number),
					value: (i) => votesOf(tree, ids[first + i] as number, id),
					// The format has none.
					cover: () => 0,
					flags: (i) => flags((tracks[first + i] === 1) !== isUp(i)),
					categories: () => undefined,
				},
				output,
			)
		})
	}
}

/** The sum of a leaf's votes for an output, or for whichever. */
function votesByNode({ trees, nodes, ids, weights }: Votes) {
	const key = (tree: number, node: number) => tree * 2 ** 26 + node
	const found = new Map<number, [number, number][]>()
	trees.forEach((tree, i) => {
		const node = nodes[i] as number
		if (!(tree >= 0 && tree < 2 ** 26 && node >= 0 && node < 2 ** 26))
			throw new ArtifactError('a vote of the ONNX trees is of a node that cannot be; export the model again')
		const at = key(tree, node)
		const list = found.get(at)
		const vote: [number, number] = [ids[i] as number, weights[i] as number]
		if (list) list.push(vote)
		else found.set(at, [vote])
	})
	return (tree: number, node: number, wanted: number | 'any'): number => {
		let sum = 0
		for (const [id, weight] of found.get(key(tree, node)) ?? [])
			if (wanted === 'any' || id === wanted) sum += weight
		return sum
	}
}
