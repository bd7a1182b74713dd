import { ArtifactError } from '../model.ts'
import { type Column, follow, inputMatrices, maxColumns, type Texts, type Walk } from './columns.ts'
import type { OnnxGraph, OnnxNode, OnnxValue } from './read-onnx.ts'
import { type OnnxTrees, readTrees } from './read-trees.ts'

/** The tensor with the scores of a graph, and how to get it from the runtime. */
export type Scores = {
	tensor: string
	/** Whether the tensor is an output of the graph. */
	isOutput: boolean
	/** Of classifiers, the names of the classes. */
	classes: string[] | undefined
	elementType: 1 | 11
}

/** A graph of columns, then trees or a linear model, then operations that keep or normalise the scores. */
export type ReadModel = {
	columns: readonly Column[]
	trees: OnnxTrees | undefined
	linear: OnnxLinear | undefined
	isClassifier: boolean
	/** Scores are divided by their sum. */
	normalised: boolean
}

/** The tensor of the scores: the probabilities of a classifier, else the last float output. Throws ArtifactError. */
export function findScores(graph: OnnxGraph): Scores {
	const zip = graph.nodes.find((n) => n.op === 'ZipMap')
	const classes = classesOf(graph)
	if (zip?.inputs[0] !== undefined) return { tensor: zip.inputs[0], isOutput: false, classes, elementType: 1 }
	const last = graph.outputs.findLast((o) => o.type === 'float' || o.type === 'double')
	if (!last)
		throw new ArtifactError(
			'the ONNX file has no scores, only labels; export it with probabilities (skl2onnx: predict_proba)',
		)
	return { tensor: last.name, isOutput: true, classes, elementType: last.type === 'double' ? 11 : 1 }
}

function classesOf(graph: OnnxGraph): string[] | undefined {
	for (const node of graph.nodes)
		for (const name of ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints']) {
			const { texts = [], numbers = new Float64Array() } = node.attributes.get(name) ?? {}
			if (texts.length > 1) return [...texts]
			if (numbers.length > 1) return Array.from(numbers, String)
		}
	const isLabelled = graph.outputs.some((o) => o.type === 'int64' || o.type === 'string')
	const constant = graph.constants.get('classes')
	return isLabelled && constant?.values && constant.values.length > 1
		? Array.from(constant.values, String)
		: undefined
}

const heads = new Set([
	'TreeEnsembleClassifier',
	'TreeEnsembleRegressor',
	'LinearClassifier',
	'LinearRegressor',
])

/** The model in the graph, if it is trees or a linear model; else undefined. Throws ArtifactError. */
export function readGraphModel(graph: OnnxGraph, widths: readonly number[], scores: Scores, texts: Texts) {
	const head = graph.nodes.filter((n) => heads.has(n.op))
	const [node] = head
	if (!node || head.length !== 1) return undefined
	const isClassifier = node.op.endsWith('Classifier')
	const tail = tailOf(graph, node.outputs[isClassifier ? 1 : 0], scores.tensor)
	if (!tail) return undefined
	const walk: Walk = {
		matrices: inputMatrices(graph.inputs, widths),
		constants: graph.constants,
		texts,
		left: maxColumns,
	}
	for (const n of graph.nodes) {
		if (n === node) break
		follow(n, walk)
	}
	const matrix = walk.matrices.get(node.inputs[0] ?? '')
	if (!matrix || matrix.type === 'string') return undefined
	const width = matrix.columns.length
	const trees = node.op.startsWith('Tree') ? readTrees(node, width) : undefined
	const linear = node.op.startsWith('Linear') ? readLinear(node, width) : undefined
	if (!trees && !linear) return undefined
	const read: ReadModel = {
		columns: matrix.columns,
		trees,
		linear,
		isClassifier,
		normalised: tail.normalised,
	}
	return read
}

/** Follows the scores back to the model, through operations that keep them or divide them by their sum. */
function tailOf(graph: OnnxGraph, from: string | undefined, to: string): { normalised: boolean } | undefined {
	const makers = new Map<string, OnnxNode>()
	for (const node of graph.nodes) for (const output of node.outputs) makers.set(output, node)
	let normalised = false
	let tensor = to
	for (let steps = 0; tensor !== from; steps++) {
		const node = makers.get(tensor)
		if (!node || steps > graph.nodes.length) return undefined
		const isOne = (name: string | undefined) =>
			graph.constants.get(name ?? '')?.values?.every((v) => v === 1) === true
		if (node.op === 'Normalizer' && node.attributes.get('norm')?.text === 'L1') normalised = true
		else if (node.op !== 'Identity' && !(node.op === 'Mul' && isOne(node.inputs[1]))) return undefined
		tensor = node.inputs[0] ?? ''
	}
	return { normalised }
}

/** The width of each input. One open width is the number of named features minus the other widths. */
export function inputWidths(graph: OnnxGraph, named: number | undefined): number[] {
	const widths = graph.inputs.map(widthOf)
	const open = widths.filter((w) => w === undefined).length
	const sum = widths.reduce<number>((total, w) => total + (w ?? 0), 0)
	if (open > 1 || (open === 1 && named === undefined))
		throw new ArtifactError(
			"the ONNX file does not say how many columns it takes; name them in the manifest's `features`, in the model's order",
		)
	const all = widths.map((w) => w ?? (named ?? 0) - sum)
	const total = all.reduce((a, b) => a + b, 0)
	if (all.length === 0 || all.some((w) => !(w >= 1)) || total > 100_000)
		throw new ArtifactError(`the ONNX file takes ${total} columns; between 1 and 100,000 are supported`)
	return all
}

function widthOf({ name, type, dims }: OnnxValue): number | undefined {
	if (type === undefined || dims.length > 2)
		throw new ArtifactError(
			`the input ${JSON.stringify(name)} of the ONNX file is not a table of numbers or texts; export the model of one row of features`,
		)
	return dims.length === 2 ? dims[1] : 1
}

/** Margins are weights times columns, plus an intercept; `weights[output][column]`. */
type OnnxLinear = {
	weights: Float64Array[]
	intercepts: Float64Array
	post: 'NONE' | 'LOGISTIC' | 'SOFTMAX'
}

/**
 * LinearClassifier and LinearRegressor (ai.onnx.ml 1). A classifier of two classes becomes the margin of the second one, the
 * logit, whether the file has one row of coefficients or two. Undefined for other transforms. Throws ArtifactError when the
 * lists in the file contradict each other.
 */
function readLinear(node: OnnxNode, columns: number): OnnxLinear | undefined {
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
	// The softmax of two is the logistic function of their difference.
	return {
		weights: [w1.map((w, i) => w - (w0[i] as number))],
		intercepts: Float64Array.of(b1 - b0),
		post: 'LOGISTIC',
	}
}
