import type { TreeEnsemble } from '../trees/ensemble.ts'
import { linkPaths, outputScale, type Paths } from './paths.ts'
import { gaussLegendre, type Rule } from './quadrature-trees.ts'

const maxPoints = 24

/** Interactions of 5,000 columns take 200 MB, and this many pairs on the paths to all leaves take some seconds. */
const maxCells = 25_000_000
const maxPairs = 500_000_000

/**
 * SHAP interaction values of each output, columns x columns, row-major: those of `shap_interaction_values` and of
 * xgboost's `pred_interactions`, path-dependent. Each of a pair has half of the interaction; the diagonal is the rest of the
 * column's contribution, so that a row sums to it. Undefined when they would take too much memory or time.
 *
 * With the factors f of `addIntegrated`, a leaf gives the pair i, j
 * v/2 (o_i - z_i) (o_j - z_j) * integral of the product over the others of f: the weights
 * |S|! (k - |S| - 2)! / (k - 1)! are Beta integrals too.
 */
export function shapInteractions(e: TreeEnsemble, decisions: Uint8Array): Float64Array[] | undefined {
	if (e.columns ** 2 * e.outputs > maxCells) return undefined
	const paths = linkPaths(e)
	const pairsAt = (node: number) =>
		(e.feature[node] as number) < 0 ? (paths.unique[node] as number) ** 2 : 0
	if (e.feature.reduce((sum, _, node) => sum + pairsAt(node), 0) > maxPairs) return undefined
	const scale = outputScale(e)
	const out = Array.from({ length: e.outputs }, () => new Float64Array(e.columns ** 2))
	const leaf = leafRoom(paths)
	for (let tree = 0; tree < e.trees; tree++) {
		const output = e.treeOutput[tree] as number
		for (let node = e.roots[tree] as number; node < (e.roots[tree + 1] as number); node++) {
			if ((e.feature[node] as number) >= 0) continue
			const v = (e.value[node] as number) * (scale[output] as number)
			readLeaf(e, paths, decisions, node, leaf)
			if (v !== 0) addPairs(e.columns, leaf, v, out[output] as Float64Array)
		}
	}
	return out
}

/** The path of a leaf: its distinct columns, the covered share of each, and whether the row satisfies it. */
type Leaf = {
	length: number
	column: Int32Array
	z: Float64Array
	o: Uint8Array
	place: Map<number, number>
	/** By point: v times the weight and all factors; and the quotient that removes a column's own factor (by column). */
	product: Float64Array
	divided: Float64Array
	rules: Map<number, Rule>
}

function leafRoom(paths: Paths): Leaf {
	const maxPath = paths.unique.reduce((a, b) => Math.max(a, b), 1)
	return {
		length: 0,
		column: new Int32Array(maxPath),
		z: new Float64Array(maxPath),
		o: new Uint8Array(maxPath),
		place: new Map(),
		product: new Float64Array(maxPoints),
		divided: new Float64Array(maxPath * maxPoints),
		rules: new Map(),
	}
}

function readLeaf(e: TreeEnsemble, paths: Paths, decisions: Uint8Array, node: number, leaf: Leaf): void {
	leaf.length = 0
	leaf.place.clear()
	for (let at = node; (paths.parent[at] as number) >= 0; at = paths.parent[at] as number) {
		const above = paths.parent[at] as number
		const column = e.feature[above] as number
		const taken = ((e.left[above] as number) === at) === (decisions[above] === 1)
		const place = leaf.place.get(column)
		if (place === undefined) {
			leaf.place.set(column, leaf.length)
			leaf.column[leaf.length] = column
			leaf.z[leaf.length] = paths.fraction[at] as number
			leaf.o[leaf.length++] = taken ? 1 : 0
		} else if (!taken) leaf.o[place] = 0
	}
}

function ruleFor(leaf: Leaf): Rule {
	const n = Math.min(maxPoints, Math.max(1, Math.ceil(leaf.length / 2)))
	const rule = leaf.rules.get(n) ?? gaussLegendre(n)
	leaf.rules.set(n, rule)
	return rule
}

function addPairs(columns: number, leaf: Leaf, v: number, out: Float64Array): void {
	const { column, z, o, product, divided, length } = leaf
	const { points, weights } = ruleFor(leaf)
	const n = points.length
	for (let q = 0; q < n; q++) {
		const t = points[q] as number
		let all = v * (weights[q] as number)
		for (let i = 0; i < length; i++) {
			const share = z[i] as number
			const factor = o[i] === 1 ? share + t * (1 - share) : share * (1 - t)
			all *= factor
			divided[i * n + q] = o[i] === 1 ? (1 - share) / factor : -1 / (1 - t)
		}
		product[q] = all
	}
	for (let i = 0; i < length; i++) {
		const row = (column[i] as number) * columns
		let own = 0
		for (let q = 0; q < n; q++) own += (product[q] as number) * (divided[i * n + q] as number)
		add(out, row + (column[i] as number), own)
		for (let j = 0; j < i; j++) {
			let half = 0
			for (let q = 0; q < n; q++)
				half += (product[q] as number) * (divided[i * n + q] as number) * (divided[j * n + q] as number)
			half /= 2
			const other = (column[j] as number) * columns
			add(out, row + (column[j] as number), half)
			add(out, other + (column[i] as number), half)
			add(out, row + (column[i] as number), -half)
			add(out, other + (column[j] as number), -half)
		}
	}
}

function add(out: Float64Array, at: number, value: number): void {
	out[at] = (out[at] as number) + value
}
