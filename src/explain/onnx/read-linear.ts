import { ArtifactError } from '../model.ts'
import type { OnnxNode } from './read-onnx.ts'

/** Margins are weights times columns, plus an intercept; `weights[output][column]`. */
export type OnnxLinear = {
	weights: Float64Array[]
	intercepts: Float64Array
	post: 'NONE' | 'LOGISTIC' | 'SOFTMAX'
}

/**
 * LinearClassifier and LinearRegressor (ai.onnx.ml 1). A classifier of two classes becomes the margin of its second one:
 * the logit, whether the file has one row of coefficients or two. Undefined for other transforms. Throws ArtifactError
 * where the file's lists contradict one another.
 */
export function readLinear(node: OnnxNode, columns: number): OnnxLinear | undefined {
	const numbers = (name: string) => node.attributes.get(name)?.numbers ?? new Float64Array()
	const post = node.attributes.get('post_transform')?.text ?? 'NONE'
	if (post !== 'NONE' && post !== 'LOGISTIC' && post !== 'SOFTMAX') return undefined
	const coefficients = numbers('coefficients')
	const rows = coefficients.length / columns
	if (!Number.isInteger(rows) || rows < 1)
		throw new ArtifactError(
			`the ONNX file has ${coefficients.length} coefficients for ${columns} columns; export the model again`,
		)
	const weights = Array.from({ length: rows }, (_, k) =>
		Float64Array.from(coefficients.slice(k * columns, (k + 1) * columns)),
	)
	const given = numbers('intercepts')
	if (given.length !== rows && given.length !== 0)
		throw new ArtifactError(
			`the ONNX file has ${given.length} intercepts for ${rows} outputs; export the model again`,
		)
	const intercepts = Float64Array.from({ length: rows }, (_, k) => given[k] ?? 0)
	const linear: OnnxLinear = { weights, intercepts, post }
	const labels = Math.max(
		numbers('classlabels_ints').length,
		node.attributes.get('classlabels_strings')?.texts.length ?? 0,
	)
	if (node.op === 'LinearRegressor') return post === 'NONE' ? linear : undefined
	if (labels === rows && rows > 2) return linear
	return labels === 2 && rows <= 2 ? ofTwo(linear, rows) : undefined
}

function ofTwo({ weights, intercepts, post }: OnnxLinear, rows: number): OnnxLinear | undefined {
	const [w0, w1 = w0] = weights as [Float64Array, Float64Array?]
	const [b0 = 0, b1 = b0] = intercepts
	if (!w0 || !w1 || post === 'NONE') return undefined
	if (rows === 1 || post === 'LOGISTIC')
		return post === 'LOGISTIC' ? { weights: [w1], intercepts: Float64Array.of(b1), post } : undefined
	// Softmax of two is the logistic function of their difference.
	return {
		weights: [w1.map((w, i) => w - (w0[i] as number))],
		intercepts: Float64Array.of(b1 - b0),
		post: 'LOGISTIC',
	}
}
