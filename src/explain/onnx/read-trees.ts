import { nextDouble } from '../floats.ts'
import { ArtifactError } from '../model.ts'
import { EnsembleBuilder } from '../trees/build-ensemble.ts'
import { missingType, nodeFlag, type TreeEnsemble } from '../trees/ensemble.ts'
import type { OnnxNode } from './read-onnx.ts'

/** The trees of a node, one ensemble tree for each output of its leaves. */
export type OnnxTrees = {
	ensemble: TreeEnsemble
	post: 'NONE' | 'LOGISTIC' | 'SOFTMAX'
}

type Numbers = ArrayLike<number>

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
 * The trees of TreeEnsembleClassifier and TreeEnsembleRegressor (ai.onnx.ml 1 and 3) over their columns. Undefined unless
 * they are plain numeric trees that add up (no other branch modes, MIN, MAX or PROBIT). Throws ArtifactError when lists
 * contradict each other or the nodes are not trees.
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
	const isComplement = isClassifier && labels === 2 && hasOne(votes.ids)
	const targets = isClassifier ? labels : (node.attributes.get('n_targets')?.number ?? 1)
	if (
		!(targets >= 1 && targets <= 10_000) ||
		(targets === 2 && isClassifier && !isComplement && post === 'SOFTMAX')
	)
		return undefined
	// With two classes, the second one is explained; if there are votes for one class only, they are its votes.
	const wanted: (number | 'any')[] = isComplement
		? ['any']
		: isClassifier && targets === 2
			? [1]
			: [...Array(targets).keys()]
	// With negative votes for one class, the runtime returns [-s, s], which are not probabilities.
	if (isComplement && post !== 'LOGISTIC' && !(post === 'NONE' && isPositive(votes.weights))) return undefined
	if (modes.length * wanted.length > maxNodes) return undefined
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

/** Every output has its own trees here, of about 50 bytes a node. Larger models are left to the runtime. */
const maxNodes = 10_000_000

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

function hasOne(list: Numbers): boolean {
	for (let i = 1; i < list.length; i++) if (list[i] !== list[0]) return false
	return list.length > 0
}

function isPositive(list: Numbers): boolean {
	for (let i = 0; i < list.length; i++) if (!((list[i] as number) >= 0)) return false
	return true
}

function sameLength(all: readonly { length: number }[]): void {
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
	sameLength([trees, ids, features, values, trues, falses, { length: modes.length }])
	const parts = splitTrees(trees, ids)
	const sumOf = votesByNode(votes, parts, trees.length)
	const flags = (missingLeft: boolean) =>
		(missingType.nan << nodeFlag.missingShift) | (missingLeft ? nodeFlag.missingLeft : 0)
	const isUp = (mode: string | undefined) => mode === 'BRANCH_GTE' || mode === 'BRANCH_GT'
	const isStrict = (mode: string | undefined) => mode === 'BRANCH_LT' || mode === 'BRANCH_GTE'
	for (const { first, nodes, place } of parts.values()) {
		const isLeaf = (i: number) => modes[first + i] === 'LEAF'
		// A true branch is left for <= and <, right for > and >=.
		const child = (list: Numbers, i: number) => place(list[first + i] as number)
		wanted.forEach((id, output) => {
			builder.add(
				{
					nodes,
					left: (i) => (isLeaf(i) ? -1 : child(isUp(modes[first + i]) ? falses : trues, i)),
					right: (i) => (isLeaf(i) ? -1 : child(isUp(modes[first + i]) ? trues : falses, i)),
					feature: (i) => features[first + i] as number,
					threshold: (i) => {
						const value = values[first + i] as number
						return isStrict(modes[first + i]) ? nextDouble(value, false) : value
					},
					value: (i) => sumOf(first + i, id),
					// The format has no cover.
					cover: () => 0,
					flags: (i) => flags((tracks[first + i] === 1) !== isUp(modes[first + i])),
					categories: () => undefined,
				},
				output,
			)
		})
	}
}

/** A tree's nodes in the lists, from `first` on. `place` of an unknown node id is -2. */
type Part = { first: number; nodes: number; place(id: number): number }

/** The trees by their ids, in the order of the lists. */
function splitTrees(trees: Numbers, ids: Numbers): Map<number, Part> {
	const parts = new Map<number, Part>()
	for (let first = 0, end = 0; first < trees.length; first = end) {
		const tree = trees[first] as number
		let isCounted = true
		for (; end < trees.length && trees[end] === tree; end++) isCounted &&= ids[end] === end - first
		if (parts.has(tree))
			throw new ArtifactError(`tree ${tree} of the ONNX file is split in two parts; export the model again`)
		const nodes = end - first
		const start = first
		const byId = isCounted
			? undefined
			: new Map(Array.from({ length: nodes }, (_, i) => [ids[start + i] as number, i]))
		if (byId && byId.size !== nodes)
			throw new ArtifactError(`tree ${tree} of the ONNX file names a node twice`)
		const place = (id: number) =>
			byId ? (byId.get(id) ?? -2) : Number.isInteger(id) && id < nodes && id >= 0 ? id : -2
		parts.set(tree, { first, nodes, place })
	}
	return parts
}

/** The sum of a node's votes for an output, or for any, by its position in the lists. */
function votesByNode({ trees, nodes, ids, weights }: Votes, parts: Map<number, Part>, count: number) {
	// The votes of a node are a linked list, in the order of the file.
	const head = new Int32Array(count).fill(-1)
	const next = new Int32Array(trees.length)
	for (let vote = trees.length - 1; vote >= 0; vote--) {
		const part = parts.get(trees[vote] as number)
		const place = part?.place(nodes[vote] as number) ?? -2
		if (!part || place < 0)
			throw new ArtifactError('a vote of the ONNX trees is for an unknown node; export the model again')
		next[vote] = head[part.first + place] as number
		head[part.first + place] = vote
	}
	return (place: number, wanted: number | 'any'): number => {
		let sum = 0
		for (let vote = head[place] as number; vote >= 0; vote = next[vote] as number)
			if (wanted === 'any' || ids[vote] === wanted) sum += weights[vote] as number
		return sum
	}
}
