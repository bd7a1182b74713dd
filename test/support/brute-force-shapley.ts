import { goesLeft, type TreeEnsemble } from '../../src/explain/trees/ensemble.ts'

/** Margins by output of a coalition: bit i of `present` set where column i is known. */
export type Game = (present: number) => Float64Array

function factorial(n: number): number {
	return n <= 1 ? 1 : n * factorial(n - 1)
}

/** Shapley values by their definition: over all coalitions of the other columns. */
export function bruteForceShapley(game: Game, columns: number, outputs: number): Float64Array[] {
	const values = Array.from({ length: 1 << columns }, (_, present) => game(present))
	return Array.from({ length: outputs }, (_, k) =>
		Float64Array.from({ length: columns }, (_, i) => {
			let sum = 0
			values.forEach((without, present) => {
				if (present & (1 << i)) return
				const size = present.toString(2).replaceAll('0', '').length
				const weight = (factorial(size) * factorial(columns - size - 1)) / factorial(columns)
				const gain = ((values[present | (1 << i)] as Float64Array)[k] as number) - (without[k] as number)
				sum += weight * gain
			})
			return sum
		}),
	)
}

/** SHAP interaction values by their definition, row-major. */
export function bruteForceInteractions(game: Game, columns: number, output: number): Float64Array {
	const value = Array.from({ length: 1 << columns }, (_, present) => game(present)[output] as number)
	const out = new Float64Array(columns * columns)
	const own = (bruteForceShapley(game, columns, output + 1)[output] as Float64Array).slice()
	for (let i = 0; i < columns; i++) {
		for (let j = 0; j < columns; j++) {
			if (i === j) continue
			let sum = 0
			value.forEach((none, present) => {
				if (present & ((1 << i) | (1 << j))) return
				const size = present.toString(2).replaceAll('0', '').length
				const weight = (factorial(size) * factorial(columns - size - 2)) / (2 * factorial(columns - 1))
				const both = value[present | (1 << i) | (1 << j)] as number
				const [one, other] = [value[present | (1 << i)] as number, value[present | (1 << j)] as number]
				sum += weight * (both - one - other + none)
			})
			out[i * columns + j] = sum
			own[i] = (own[i] as number) - sum
		}
		out[i * columns + i] = own[i] as number
	}
	return out
}

function perTree(e: TreeEnsemble, of: (root: number) => number): Float64Array {
	const out = Float64Array.from(e.base)
	const count = new Float64Array(e.outputs)
	for (const output of e.treeOutput) count[output] = (count[output] as number) + 1
	for (let tree = 0; tree < e.trees; tree++) {
		const k = e.treeOutput[tree] as number
		out[k] = (out[k] as number) + of(e.roots[tree] as number) / (e.average ? (count[k] as number) : 1)
	}
	return out
}

/** The trees' own margin, in double precision. */
export function marginOf(e: TreeEnsemble, x: Float64Array): Float64Array {
	const go = (node: number): number => {
		if ((e.feature[node] as number) < 0) return e.value[node] as number
		return go((goesLeft(e, node, x) ? e.left[node] : e.right[node]) as number)
	}
	return perTree(e, go)
}

/** Absent columns take both branches by cover (Algorithm 1 of Lundberg et al. 2018). */
export function pathDependentGame(e: TreeEnsemble, x: Float64Array): Game {
	return (present) => {
		const go = (node: number): number => {
			const column = e.feature[node] as number
			if (column < 0) return e.value[node] as number
			const [left, right] = [e.left[node] as number, e.right[node] as number]
			if (present & (1 << column)) return go(goesLeft(e, node, x) ? left : right)
			const cover = e.cover[node] as number
			const share = (child: number) => (cover > 0 ? (e.cover[child] as number) / cover : 0.5)
			return share(left) * go(left) + share(right) * go(right)
		}
		return perTree(e, go)
	}
}

/** Absent columns come from each background row in turn. */
export function interventionalGame(e: TreeEnsemble, x: Float64Array, rows: readonly Float64Array[]): Game {
	return (present) => {
		const mean = new Float64Array(e.outputs)
		for (const row of rows) {
			const mixed = row.map((v, i) => (present & (1 << i) ? (x[i] as number) : v))
			marginOf(e, mixed).forEach((m, k) => {
				mean[k] = (mean[k] as number) + m / rows.length
			})
		}
		return mean
	}
}
