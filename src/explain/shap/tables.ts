import type { TreeEnsemble } from '../trees/ensemble.ts'
import { type LeafPath, type Paths, pathTo } from './paths.ts'

/**
 * Fills a leaf's contributions for every pattern of satisfied columns: `into[pattern * k + slot]`, k columns in the order
 * of the path. `into` may be longer, and is not cleared.
 */
export type FillLeaf = (tree: number, leaf: number, path: LeafPath, into: Float64Array) => void

/**
 * Contributions from tables (the idea of Fast TreeSHAP v2, arXiv 2109.09847): a row satisfies each column of a path or not, so
 * a leaf has only 2^k results. Small subtrees share one table.
 */
type Tables = {
	/** 1 for trees with tables. */
	has: Uint8Array
	/** Where the splits above the groups of each tree begin in `upper`, and its groups in `groups`. */
	upperStart: Int32Array
	groupStart: Int32Array
	/**
	 * Five numbers a split: node, position of its pattern, slot of its column (complemented if it occurred before), and the
	 * positions of its children's patterns.
	 */
	upper: Int32Array
	/** Five numbers a group: start and end in `nodes`, number of path bits, start and end in `columns`. */
	groups: Int32Array
	/** The start of each group's table. */
	tableStart: Float64Array
	nodes: Int32Array
	columns: Int32Array
	cells: Float64Array
	patterns: Int32Array
}

/** The maximum number of cells (8 bytes each) of one tree, and of one model. */
const cellsOfTree = 64 * 1024
const cellsOfModel = 8 * 1024 * 1024
export const maxTableBytes = 8 * cellsOfModel

export function planTables(e: TreeEnsemble, paths: Paths, fill: FillLeaf): Tables {
	const plans: (readonly Group[] | undefined)[] = []
	let cells = 0
	for (let tree = 0; tree < e.trees; tree++) {
		const groups = planGroups(e, paths, tree, Math.min(cellsOfTree, cellsOfModel - cells))
		plans.push(groups)
		for (const group of groups ?? []) cells += group.cells
	}
	const table = new Float64Array(cells)
	const lists: Lists = { upper: [], groups: [], tableStart: [], nodes: [], columns: [], end: 0 }
	const upperStart = new Int32Array(e.trees + 1)
	const groupStart = new Int32Array(e.trees + 1)
	let patterns = 0
	const longest = maxTabledPath(paths)
	const room = new Float64Array(2 ** longest * longest)
	plans.forEach((groups, tree) => {
		if (groups) {
			patterns = Math.max(patterns, addUpper(e, paths, groups, lists))
			const fillOf: FillOne = (leaf, path, into) => fill(tree, leaf, path, into)
			for (const group of groups) addGroup(e, paths, group, fillOf, room, table, lists)
		}
		upperStart[tree + 1] = lists.upper.length
		groupStart[tree + 1] = lists.groups.length
	})
	return {
		has: Uint8Array.from(plans, (groups) => (groups ? 1 : 0)),
		upperStart,
		groupStart,
		upper: Int32Array.from(lists.upper),
		groups: Int32Array.from(lists.groups),
		tableStart: Float64Array.from(lists.tableStart),
		nodes: Int32Array.from(lists.nodes),
		columns: Int32Array.from(lists.columns),
		cells: table,
		patterns: new Int32Array(patterns),
	}
}

type FillOne = (leaf: number, path: LeafPath, into: Float64Array) => void

type Lists = {
	upper: number[]
	groups: number[]
	tableStart: number[]
	nodes: number[]
	columns: number[]
	end: number
}

/** Adds the splits above the groups, parents first. Returns the number of patterns of the tree. */
function addUpper(e: TreeEnsemble, paths: Paths, groups: readonly Group[], lists: Lists): number {
	const place = new Map(groups.map((g, i) => [g.root, i]))
	const above = new Set<number>()
	for (const g of groups)
		for (let at = paths.parent[g.root] as number; at >= 0 && !above.has(at); at = paths.parent[at] as number)
			above.add(at)
	const ordered = [...above].sort((a, b) => a - b)
	ordered.forEach((node, i) => {
		// The root's pattern is empty; it is at 0 when the root is a group.
		place.set(node, groups.length + i)
	})
	for (const node of ordered) {
		const [left, right] = [e.left[node] as number, e.right[node] as number]
		const { columns } = pathTo(e, paths, left)
		const slot = columns.indexOf(e.feature[node] as number)
		const isNew = (paths.previous[left] as number) < 0
		lists.upper.push(
			node,
			place.get(node) as number,
			isNew ? slot : ~slot,
			place.get(left) as number,
			place.get(right) as number,
		)
	}
	return groups.length + ordered.length
}

function addGroup(
	e: TreeEnsemble,
	paths: Paths,
	group: Group,
	fill: FillOne,
	room: Float64Array,
	table: Float64Array,
	lists: Lists,
): void {
	const prefix = pathTo(e, paths, group.root).columns
	const columns = [...new Set([...prefix, ...group.inner.map((node) => e.feature[node] as number)])]
	lists.tableStart.push(lists.end)
	lists.groups.push(lists.nodes.length, lists.nodes.length + group.inner.length, prefix.length)
	lists.groups.push(lists.columns.length, lists.columns.length + columns.length)
	lists.nodes.push(...group.inner)
	lists.columns.push(...columns)
	const leaves = [
		group.root,
		...group.inner.flatMap((node) => [e.left[node] as number, e.right[node] as number]),
	]
	for (const leaf of leaves)
		if ((e.feature[leaf] as number) < 0)
			addLeaf(e, paths, group, leaf, { prefix: prefix.length, columns, fill, room, table, start: lists.end })
	lists.end += 2 ** group.bits * columns.length
}

type Target = {
	prefix: number
	columns: readonly number[]
	fill: FillOne
	room: Float64Array
	table: Float64Array
	start: number
}

/** Adds a leaf's contributions to every pattern of its group. */
function addLeaf(e: TreeEnsemble, paths: Paths, group: Group, leaf: number, to: Target): void {
	const path = pathTo(e, paths, leaf)
	const k = path.columns.length
	to.fill(leaf, path, to.room)
	const place = Int32Array.from(path.columns, (column) => to.columns.indexOf(column))
	const keeps = keptSlots(e, paths, group, leaf, path, to.prefix)
	const { prefix, room, table } = to
	const width = to.columns.length
	const prefixBits = 2 ** prefix - 1
	const fresh = (2 ** k - 1) & ~prefixBits
	for (let pattern = 0; pattern < 2 ** group.bits; pattern++) {
		const own = ((pattern & prefixBits) | fresh) & (keeps[pattern >>> prefix] as number)
		const at = to.start + pattern * width
		for (let i = 0; i < k; i++) {
			const cell = at + (place[i] as number)
			table[cell] = (table[cell] as number) + (room[own * k + i] as number)
		}
	}
}

/** For every combination of decisions in a group: the slots of a leaf's path that remain satisfied. */
function keptSlots(
	e: TreeEnsemble,
	paths: Paths,
	group: Group,
	leaf: number,
	path: LeafPath,
	prefix: number,
): Int32Array {
	const keeps = new Int32Array(2 ** (group.bits - prefix)).fill(-1)
	for (let at = leaf; at !== group.root; at = paths.parent[at] as number) {
		const above = paths.parent[at] as number
		const clears = ~(1 << path.columns.indexOf(e.feature[above] as number))
		const goes = (e.left[above] as number) === at ? 1 : 0
		const bit = group.inner.indexOf(above)
		for (let inner = 0; inner < keeps.length; inner++)
			if (((inner >>> bit) & 1) !== goes) keeps[inner] = (keeps[inner] as number) & clears
	}
	return keeps
}

/** Adds the contributions of a tree with tables to `out` (by column, from `offset`). */
export function addTabled(
	tables: Tables,
	tree: number,
	decisions: Uint8Array,
	out: Float64Array,
	offset: number,
): void {
	const { upper, groups, nodes, columns, cells, patterns } = tables
	const [first, end] = [tables.upperStart[tree] as number, tables.upperStart[tree + 1] as number]
	if (first < end) patterns[upper[first + 1] as number] = 0
	else patterns[0] = 0
	for (let i = first; i < end; i += 5) {
		const goes = decisions[upper[i] as number] as number
		const pattern = patterns[upper[i + 1] as number] as number
		const slot = upper[i + 2] as number
		const [left, right] = [upper[i + 3] as number, upper[i + 4] as number]
		if (slot >= 0) {
			patterns[left] = pattern | (goes << slot)
			patterns[right] = pattern | ((1 - goes) << slot)
		} else {
			patterns[left] = pattern & ~((1 - goes) << ~slot)
			patterns[right] = pattern & ~(goes << ~slot)
		}
	}
	const [from, to] = [tables.groupStart[tree] as number, tables.groupStart[tree + 1] as number]
	for (let g = from; g < to; g += 5) {
		let pattern = patterns[(g - from) / 5] as number
		let bit = groups[g + 2] as number
		for (let i = groups[g] as number; i < (groups[g + 1] as number); i++)
			pattern |= (decisions[nodes[i] as number] as number) << bit++
		const start = groups[g + 3] as number
		const width = (groups[g + 4] as number) - start
		const at = (tables.tableStart[g / 5] as number) + pattern * width
		for (let i = 0; i < width; i++) {
			const column = offset + (columns[start + i] as number)
			out[column] = (out[column] as number) + (cells[at + i] as number)
		}
	}
}

/**
 * A subtree with one table. Its contributions depend on which columns on the path to its root the row satisfies, and on the
 * decisions inside it: one bit each.
 */
type Group = { root: number; inner: readonly number[]; bits: number; cells: number }

/** The maximum number of bits of a pattern. */
const maxBits = 12

/** Deeper trees get no tables: planning walks the path from every node. */
const maxLevels = 64

/** The maximum number of distinct columns on a path with tables. */
export const maxTabledPath = ({ unique }: Paths): number =>
	Math.min(
		maxBits,
		unique.reduce((a, b) => Math.max(a, b), 0),
	)

/** The distinct columns on the path to a node and inside its subtree. */
function columnsOf(e: TreeEnsemble, paths: Paths, root: number, inner: readonly number[]): Set<number> {
	const columns = new Set(inner.map((node) => e.feature[node] as number))
	for (let at = paths.parent[root] as number; at >= 0; at = paths.parent[at] as number)
		columns.add(e.feature[at] as number)
	return columns
}

function groupOf(e: TreeEnsemble, paths: Paths, root: number, inner: readonly number[]): Group {
	const bits = (paths.unique[root] as number) + inner.length
	return { root, inner, bits, cells: 2 ** bits * columnsOf(e, paths, root, inner).size }
}

const cellsOf = (groups: readonly Group[]) => groups.reduce((sum, g) => sum + g.cells, 0)

/** A lower bound of the cells of a tree's tables; Infinity for a tree that is too deep. */
function minCells(e: TreeEnsemble, paths: Paths, from: number, to: number): number {
	let cells = 0
	const depth = new Int32Array(to - from)
	for (let node = from; node < to; node++) {
		const k = paths.unique[node] as number
		if (node > from) depth[node - from] = (depth[(paths.parent[node] as number) - from] as number) + 1
		if (k > maxBits || (depth[node - from] as number) > maxLevels) return Number.POSITIVE_INFINITY
		if ((e.feature[node] as number) < 0) cells += (2 ** k * k) / 4
	}
	return cells
}

/**
 * Plans the groups of a tree: two subtrees become one group if that takes about as much memory. Undefined when they would
 * take more than `maxCells` cells, or the tree is too deep.
 */
function planGroups(e: TreeEnsemble, paths: Paths, tree: number, maxCells: number): Group[] | undefined {
	const from = e.roots[tree] as number
	const to = e.roots[tree + 1] as number
	if (minCells(e, paths, from, to) > maxCells) return undefined
	const of: Group[][] = Array.from({ length: to - from })
	for (let node = to - 1; node >= from; node--) {
		if ((e.feature[node] as number) < 0) {
			of[node - from] = [groupOf(e, paths, node, [])]
			continue
		}
		const apart = [e.left[node], e.right[node]].flatMap((child) => of[(child as number) - from] as Group[])
		const cells = cellsOf(apart)
		if (cells > maxCells) return undefined
		of[node - from] = apart
		const [one, other] = apart
		if (apart.length > 2 || !one || !other) continue
		const together = groupOf(e, paths, node, [node, ...one.inner, ...other.inner])
		if (together.bits <= maxBits && together.cells <= 1.25 * cells) of[node - from] = [together]
	}
	return of[0]
}
