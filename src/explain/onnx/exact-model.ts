import { type Attribution, type Background, checkedAttribution, type Model, type Space } from '../model.ts'
import { shapValues } from '../shap/explain-rows.ts'
import { planBackground } from '../shap/interventional.ts'
import { decideAll, leafOf, type TreeEnsemble } from '../trees/ensemble.ts'
import { applySteps, type Column } from './columns.ts'
import type { Inputs } from './encode-columns.ts'
import type { ReadModel } from './read-graph.ts'

/** The model in the graph, computed by this code. */
type Core = {
	outputs: number
	margin(x: Float64Array): Float64Array
	/** Prepares a background. The result computes base and contributions by feature. */
	against(rows: readonly Float64Array[]): (x: Float64Array) => Pick<Attribution, 'base' | 'contributions'>
	/** The largest term of the margin. */
	summed(x: Float64Array): number
	method: string
	bytes: number
}

const derive = (columns: readonly Column[], x: Float64Array): Float64Array =>
	Float64Array.from(columns, ({ input, steps }) => applySteps(steps, x[input] as number))

/** The margins summed like the runtime does: tree by tree, the base values last. */
function treeMargin(e: TreeEnsemble, x: Float64Array): Float64Array {
	const round = e.precision === 'float32' ? Math.fround : (v: number) => v
	const sums = new Float64Array(e.outputs)
	for (let tree = 0; tree < e.trees; tree++) {
		const output = e.treeOutput[tree] as number
		sums[output] = round((sums[output] as number) + (e.value[leafOf(e, tree, x)] as number))
	}
	const trees = e.trees / e.outputs
	return sums.map((s, k) => round((e.average ? round(s / trees) : s) + (e.base[k] as number)))
}

function treeCore(e: TreeEnsemble, columns: readonly Column[], { features, columns: inputs }: Inputs): Core {
	const decisions = new Uint8Array(e.feature.length)
	// The players are the logged features; the columns of one feature move together.
	const featureOf = columns.map(({ input }) => inputs[input]?.feature ?? 0)
	const players: TreeEnsemble = {
		...e,
		columns: features.length,
		feature: e.feature.map((column) => (column < 0 ? -1 : (featureOf[column] as number))),
	}
	return {
		outputs: e.outputs,
		method: 'tree-shap/interventional',
		bytes: e.feature.length * 70,
		margin: (x) => treeMargin(e, derive(columns, x)),
		summed: () => 1,
		against(rows) {
			const plan = planBackground(players, rows, (row, out) => decideAll(e, derive(columns, row), out))
			return (x) => shapValues(plan, decideAll(e, derive(columns, x), decisions))
		},
	}
}

function linearCore(
	{ weights, intercepts }: NonNullable<ReadModel['linear']>,
	columns: readonly Column[],
	{ features, columns: inputs }: Inputs,
): Core {
	const dot = (row: Float64Array) =>
		intercepts.map((b, k) =>
			(weights[k] as Float64Array).reduce((sum, w, i) => sum + w * (row[i] as number), b),
		)
	// The runtime multiplies and adds in float32 with one rounding, and adds the intercept last.
	const runtimeDot = (row: Float64Array) =>
		intercepts.map((b, k) =>
			Math.fround(
				(weights[k] as Float64Array).reduce((sum, w, i) => Math.fround(sum + w * (row[i] as number)), 0) + b,
			),
		)
	return {
		outputs: weights.length,
		method: 'linear-shap',
		bytes: weights.length * columns.length * 8,
		margin: (x) => runtimeDot(derive(columns, x)),
		// Large terms of unscaled columns, such as a year, cancel in float32, and the result has few digits.
		summed(x) {
			const row = derive(columns, x)
			return weights.reduce(
				(max, w) => w.reduce((m, v, i) => Math.max(m, Math.abs(v * (row[i] as number))), max),
				1,
			)
		},
		against(rows) {
			const mean = new Float64Array(columns.length)
			for (const row of rows)
				derive(columns, row).forEach((v, i) => {
					mean[i] = (mean[i] as number) + v / rows.length
				})
			const base = dot(mean)
			return (x) => {
				const row = derive(columns, x)
				const contributions = weights.map((w) => {
					const byFeature = new Float64Array(features.length)
					columns.forEach(({ input }, i) => {
						const at = inputs[input]?.feature ?? 0
						byFeature[at] =
							(byFeature[at] as number) + (w[i] as number) * ((row[i] as number) - (mean[i] as number))
					})
					return byFeature
				})
				return { base, contributions }
			}
		},
	}
}

/** The scores that the runtime computes from margins, in float32. */
function scorer({ trees, linear, normalised }: ReadModel): Model['score'] {
	const post = (trees ?? linear)?.post
	const f = Math.fround
	const logistic = (m: number): number => {
		const v = f(1 / f(1 + f(Math.exp(-Math.abs(m)))))
		return m < 0 ? f(1 - v) : v
	}
	return (margin) => {
		let scores = margin.map(f)
		if (post === 'LOGISTIC') scores = scores.map(logistic)
		if (post === 'SOFTMAX') {
			const max = scores.reduce((a, b) => Math.max(a, b))
			const powers = scores.map((m) => f(Math.exp(f(m - max))))
			const sum = powers.reduce((a, b) => f(a + b), 0)
			scores = powers.map((p) => f(p / sum))
		}
		if (!normalised || scores.length === 1) return scores
		const sum = scores.reduce((a, b) => f(a + Math.abs(b)), 0)
		return sum === 0 ? scores : scores.map((s) => f(s / sum))
	}
}

function spaceOf({ trees, linear, isClassifier }: ReadModel): Space {
	if (!isClassifier) return 'value'
	return (trees ?? linear)?.post === 'NONE' ? 'probability' : 'log-odds'
}

export type ExactParts = Pick<Model, 'encode' | 'classes'> & {
	read: ReadModel
	inputs: Inputs
	bytes: number
}

/**
 * The model of an ONNX graph of trees or a linear model, computed by this code. The file has no cover, so contributions need
 * a background: `explain` without one throws RangeError.
 */
export function exactModel({ read, inputs, bytes, encode, classes }: ExactParts): Model {
	const core = read.trees
		? treeCore(read.trees.ensemble, read.columns, inputs)
		: linearCore(read.linear as NonNullable<ReadModel['linear']>, read.columns, inputs)
	const plans = new WeakMap<Background, ReturnType<Core['against']>>()
	const tolerance = 1e-5
	const model: Model = {
		format: 'onnx',
		features: inputs.features,
		outputs: core.outputs,
		classes,
		space: spaceOf(read),
		tolerance,
		bytes: bytes + core.bytes,
		encode,
		margin: core.margin,
		score: scorer(read),
		background(rows) {
			if (rows.length === 0) throw new RangeError('a background needs one row or more')
			const background: Background = { rows: rows.length, of: model }
			plans.set(background, core.against(rows))
			return background
		},
		explain(x, background) {
			const against = background && plans.get(background)
			if (!against)
				throw new RangeError(
					'give a background: an ONNX file does not say how many training rows took each branch, so there is nothing else to compare with',
				)
			const parts = { method: core.method, margin: core.margin(x), ...against(x) }
			return checkedAttribution(parts, tolerance, core.summed(x))
		},
	}
	return model
}
