import { missingType, nodeFlag, type TreeEnsemble } from '../../src/explain/trees/ensemble.ts'

export type RandomTrees = {
	trees: number
	/** Levels of splits at most. */
	depth: number
	columns: number
	outputs?: number
	style?: 'xgboost' | 'lightgbm'
	average?: boolean
	/** The share of splits on categories (whole numbers from 0 to 9). */
	categorical?: number
	/** The chance that a node above the deepest level is a leaf. */
	leaf?: number
	/** The chance that no training row went to a child, or that a tree has no covers at all. */
	empty?: number
}

type Node = {
	left: number
	right: number
	feature: number
	threshold: number
	value: number
	cover: number
	flags: number
	set: number
}

function grow(nodes: Node[], random: () => number, o: RandomTrees, level: number, cover: number): number {
	const at = nodes.length
	const node: Node = { left: -1, right: -1, feature: -1, threshold: 0, value: 0, cover, flags: 0, set: 0 }
	nodes.push(node)
	if (level >= o.depth || random() < (o.leaf ?? 0)) {
		node.value = random() * 2 - 1
		return at
	}
	node.feature = Math.floor(random() * o.columns)
	node.threshold = random()
	if (random() < 0.5) node.flags |= nodeFlag.missingLeft
	if (random() < (o.categorical ?? 0)) {
		node.flags |= nodeFlag.categorical
		node.set = Math.floor(random() * 1024)
	}
	const missing = o.style === 'lightgbm' ? Math.floor(random() * 3) : missingType.nan
	node.flags |= missing << nodeFlag.missingShift
	const share = random() < (o.empty ?? 0) ? Math.round(random()) : 0.05 + 0.9 * random()
	node.left = grow(nodes, random, o, level + 1, cover * share)
	node.right = grow(nodes, random, o, level + 1, cover * (1 - share))
	return at
}

/** Trees of all shapes; thresholds and values in [0, 1) and [-1, 1). */
export function randomTrees(random: () => number, o: RandomTrees): TreeEnsemble {
	const nodes: Node[] = []
	const roots: number[] = []
	for (let tree = 0; tree < o.trees; tree++)
		roots.push(grow(nodes, random, o, 0, random() < (o.empty ?? 0) / 2 ? 0 : 1 + 1000 * random()))
	const ints = (of: (n: Node) => number) => Int32Array.from(nodes, of)
	const floats = (of: (n: Node) => number) => Float64Array.from(nodes, of)
	const outputs = o.outputs ?? 1
	return {
		trees: o.trees,
		columns: o.columns,
		outputs,
		roots: Int32Array.from([...roots, nodes.length]),
		treeOutput: Int32Array.from(roots, (_, t) => t % outputs),
		left: ints((n) => n.left),
		right: ints((n) => n.right),
		feature: ints((n) => n.feature),
		threshold: floats((n) => n.threshold),
		value: floats((n) => n.value),
		cover: floats((n) => n.cover),
		flags: Uint8Array.from(nodes, (n) => n.flags),
		categoryStart: Int32Array.from(nodes, (_, i) => i),
		categoryWords: ints((n) => (n.flags & nodeFlag.categorical ? 1 : 0)),
		categoryBits: Uint32Array.from(nodes, (n) => n.set),
		style: o.style ?? 'xgboost',
		base: Float64Array.from({ length: outputs }, () => random()),
		precision: 'float64',
		average: o.average ?? false,
	}
}

/** A row for them: a fraction, a category, 0 or missing. */
export function randomRow(random: () => number, columns: number): Float64Array {
	return Float64Array.from({ length: columns }, () => {
		const kind = random()
		if (kind < 0.15) return Number.NaN
		if (kind < 0.25) return 0
		return kind < 0.5 ? Math.floor(random() * 10) : random()
	})
}

/** One path of `depth` splits that goes on to the right or the left, a leaf beside each split; columns in turn. */
export function chainTree(random: () => number, depth: number, columns: number): TreeEnsemble {
	const e = randomTrees(random, { trees: 1, depth: 0, columns })
	const nodes = 2 * depth + 1
	const ints = () => new Int32Array(nodes).fill(-1)
	const [left, right, feature] = [ints(), ints(), ints()]
	const [threshold, value, cover] = [
		new Float64Array(nodes),
		new Float64Array(nodes),
		new Float64Array(nodes),
	]
	const flags = new Uint8Array(nodes)
	let all = 1e6
	for (let level = 0; level < depth; level++) {
		const node = 2 * level
		const [on, off] = random() < 0.5 ? [left, right] : [right, left]
		// The split after this one stands two places on, its leaf between them.
		on[node] = node + 2
		off[node] = node + 1
		feature[node] = level % columns
		threshold[node] = random()
		value[node + 1] = random() * 2 - 1
		cover[node] = all
		cover[node + 1] = all * random() * 0.5
		all -= cover[node + 1] as number
	}
	value[nodes - 1] = 1
	cover[nodes - 1] = all
	flags.fill(missingType.nan << nodeFlag.missingShift)
	const empty = new Int32Array(nodes)
	return {
		...e,
		roots: Int32Array.from([0, nodes]),
		left,
		right,
		feature,
		threshold,
		value,
		cover,
		flags,
		categoryStart: empty,
		categoryWords: empty,
		categoryBits: new Uint32Array(0),
	}
}

/** Both ensembles as one; the base of the first. */
export function concatTrees(one: TreeEnsemble, other: TreeEnsemble): TreeEnsemble {
	const shift = one.feature.length
	const ints = (a: Int32Array, b: Int32Array, by = 0) =>
		Int32Array.from([...a, ...b.map((v) => (v < 0 ? v : v + by))])
	const floats = (a: Float64Array, b: Float64Array) => Float64Array.from([...a, ...b])
	return {
		...one,
		trees: one.trees + other.trees,
		roots: Int32Array.from([...one.roots.slice(0, -1), ...other.roots.map((r) => r + shift)]),
		treeOutput: ints(one.treeOutput, other.treeOutput),
		left: ints(one.left, other.left, shift),
		right: ints(one.right, other.right, shift),
		feature: ints(one.feature, other.feature),
		threshold: floats(one.threshold, other.threshold),
		value: floats(one.value, other.value),
		cover: floats(one.cover, other.cover),
		flags: Uint8Array.from([...one.flags, ...other.flags]),
		categoryStart: ints(one.categoryStart, other.categoryStart, one.categoryBits.length),
		categoryWords: ints(one.categoryWords, other.categoryWords),
		categoryBits: Uint32Array.from([...one.categoryBits, ...other.categoryBits]),
	}
}
