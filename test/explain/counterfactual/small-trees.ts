import fc from 'fast-check'
import type { Model } from '../../../src/explain/model.ts'
import { ensembleMargin, type TreeEnsemble } from '../../../src/explain/trees/ensemble.ts'

/** A leaf's value, or a split. */
export type TreeShape = number | { column: number; threshold: number; left: TreeShape; right: TreeShape }

const leaf = fc.integer({ min: -8, max: 8 }).map((n) => n / 8)
/** Trees of depth 3 over four columns, with thresholds on and between whole numbers. */
export const treeShape: fc.Arbitrary<TreeShape> = fc.letrec<{ tree: TreeShape }>((tie) => ({
	tree: fc.oneof(
		{ maxDepth: 3 },
		leaf,
		fc.record({
			column: fc.integer({ min: 0, max: 3 }),
			threshold: fc.integer({ min: 0, max: 12 }).map((n) => n / 2),
			left: tie('tree'),
			right: tie('tree'),
		}),
	),
})).tree

/** A model of a few trees over f0 to f3, whose score is its margin. */
export function smallTrees(shapes: readonly TreeShape[], style: TreeEnsemble['style']): Model {
	const nodes: { left: number; right: number; feature: number; threshold: number; value: number }[] = []
	const add = (shape: TreeShape): number => {
		const at = nodes.length
		const node = { left: -1, right: -1, feature: -1, threshold: 0, value: 0 }
		nodes.push(node)
		if (typeof shape === 'number') node.value = shape
		else {
			node.feature = shape.column
			node.threshold = shape.threshold
			node.left = add(shape.left)
			node.right = add(shape.right)
		}
		return at
	}
	const roots = [...shapes.map(add), nodes.length]
	const ensemble: TreeEnsemble = {
		trees: shapes.length,
		columns: 4,
		outputs: 1,
		roots: Int32Array.from(roots),
		treeOutput: new Int32Array(shapes.length),
		left: Int32Array.from(nodes, (n) => n.left),
		right: Int32Array.from(nodes, (n) => n.right),
		feature: Int32Array.from(nodes, (n) => n.feature),
		threshold: Float64Array.from(nodes, (n) => n.threshold),
		value: Float64Array.from(nodes, (n) => n.value),
		cover: new Float64Array(nodes.length).fill(1),
		flags: new Uint8Array(nodes.length),
		categoryStart: new Int32Array(nodes.length),
		categoryWords: new Int32Array(nodes.length),
		categoryBits: new Uint32Array(0),
		style,
		base: new Float64Array(1),
		precision: style === 'xgboost' ? 'float32' : 'float64',
		average: false,
	}
	const features = ['f0', 'f1', 'f2', 'f3']
	const unused = (): never => {
		throw new Error('not needed here')
	}
	return {
		format: style === 'xgboost' ? 'xgboost-json' : 'lightgbm-text',
		features,
		outputs: 1,
		classes: undefined,
		space: 'value',
		tolerance: style === 'xgboost' ? 1e-5 : 1e-9,
		bytes: 0,
		encode: (row) => ({ x: Float64Array.from(features, (f) => row[f] as number), notes: [] }),
		margin: (x) => ensembleMargin(ensemble, x),
		score: (margin) => margin,
		explain: unused,
		background: unused,
		structure: { kind: 'trees', ensemble, sources: features.map((_, i) => ({ columns: [i] })) },
	}
}
