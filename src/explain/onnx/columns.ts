import type { ElementType, OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './read-onnx.ts'

/** An operation on a value before it reaches the model. `fround`: the result is a float32. */
type Step =
	| { kind: 'multiply' | 'add' | 'subtract' | 'divide'; by: number; fround: boolean }
	| { kind: 'round' }
	| { kind: 'replace'; value: number; by: number }
	| { kind: 'equals'; value: number }
	| { kind: 'map'; to: ReadonlyMap<number, number>; otherwise: number }

/** A column of a tensor in the graph: one input column after some steps. */
export type Column = { input: number; steps: readonly Step[] }
type Matrix = { type: ElementType; columns: readonly Column[] }

/** The texts of a graph and of rows; a text column holds the code of its text. */
export type Texts = { code(text: string): number; text(code: number): string; known: ReadonlySet<string> }

export type Walk = {
	matrices: Map<string, Matrix>
	constants: Map<string, OnnxTensor>
	texts: Texts
	/** The remaining budget of columns and steps: a small file can define very many. */
	left: number
}

export function applySteps(steps: readonly Step[], value: number): number {
	let v = value
	for (const step of steps) {
		if (step.kind === 'round') v = Math.fround(v)
		else if (step.kind === 'replace') v = Object.is(v, step.value) || v === step.value ? step.by : v
		else if (step.kind === 'equals') v = v === step.value ? 1 : 0
		else if (step.kind === 'map') v = step.to.get(v) ?? step.otherwise
		else {
			if (step.kind === 'multiply') v *= step.by
			else if (step.kind === 'add') v += step.by
			else if (step.kind === 'subtract') v -= step.by
			else v /= step.by
			if (step.fround) v = Math.fround(v)
		}
	}
	return v
}

/** An input that the steps turn into about this value, for probes; undefined when steps cannot be inverted. */
export function undoSteps(steps: readonly Step[], value: number): number | undefined {
	let v = value
	for (const step of [...steps].reverse()) {
		if (step.kind === 'multiply') v /= step.by
		else if (step.kind === 'add') v -= step.by
		else if (step.kind === 'subtract') v += step.by
		else if (step.kind === 'divide') v *= step.by
		else if (step.kind === 'equals') return step.value
		else if (step.kind === 'map') return [...step.to].find(([, to]) => to === v)?.[0]
	}
	return Number.isFinite(v) ? v : undefined
}

/** The graph's inputs as matrices; `widths` in their order. */
export function inputMatrices(inputs: readonly OnnxValue[], widths: readonly number[]): Map<string, Matrix> {
	let next = 0
	return new Map(
		inputs.map(({ name, type }, i) => {
			const columns = Array.from({ length: widths[i] ?? 0 }, () => ({ input: next++, steps: [] }))
			return [name, { type: type ?? 'float', columns }]
		}),
	)
}

const attribute = (node: OnnxNode, name: string): Partial<OnnxAttribute> => node.attributes.get(name) ?? {}

const append = (column: Column, ...steps: Step[]): Column => ({
	input: column.input,
	steps: [...column.steps, ...steps],
})

const arithmetic = { Mul: 'multiply', Add: 'add', Sub: 'subtract', Div: 'divide' } as const

/** The maximum number of columns and steps of a graph. */
export const maxColumns = 2_000_000

/** Follows a node that computes columns from columns; the outputs of other nodes are unknown. */
export function follow(node: OnnxNode, walk: Walk): void {
	const output = node.outputs[0]
	const made = walk.left > 0 && output !== undefined ? make(node, walk) : undefined
	if (!made || output === undefined) return
	for (const { steps } of made.columns) walk.left -= 1 + steps.length
	if (walk.left > 0) walk.matrices.set(output, made)
}

function make(node: OnnxNode, { matrices, constants, texts, left }: Walk): Matrix | undefined {
	const first = matrices.get(node.inputs[0] ?? '')
	const second = constants.get(node.inputs[1] ?? '')
	if (node.op === 'Concat') return concatenated(node, matrices, left)
	if (!first) return undefined
	if (node.op === 'Identity') return first
	if (node.op === 'Cast') return cast(first, attribute(node, 'to').number)
	if (node.op === 'Scaler')
		return scaled(first, attribute(node, 'offset').numbers, attribute(node, 'scale').numbers)
	if (node.op === 'Imputer') return imputed(first, node)
	if (node.op === 'OneHotEncoder') return oneHot(first, node, texts, left)
	if (node.op === 'LabelEncoder') return labelled(first, node, texts)
	if (node.op in arithmetic) return computed(first, arithmetic[node.op as keyof typeof arithmetic], second)
	if (node.op === 'Reshape' || node.op === 'Flatten')
		return reshaped(first, node.op === 'Flatten' ? undefined : second)
	if (node.op === 'ArrayFeatureExtractor' || (node.op === 'Gather' && attribute(node, 'axis').number === 1))
		return picked(first, second)
	return undefined
}

function concatenated(node: OnnxNode, matrices: Map<string, Matrix>, left: number): Matrix | undefined {
	const axis = attribute(node, 'axis').number
	const parts = node.inputs.map((name) => matrices.get(name))
	const type = parts[0]?.type
	if ((axis !== 1 && axis !== -1) || !type || parts.some((p) => p?.type !== type)) return undefined
	if (parts.reduce((sum, p) => sum + (p?.columns.length ?? 0), 0) > left) return undefined
	return { type, columns: parts.flatMap((p) => p?.columns ?? []) }
}

function cast(first: Matrix, to: number | undefined): Matrix | undefined {
	if (first.type === 'string') return undefined
	if (to === 1) return { type: 'float', columns: first.columns.map((c) => append(c, { kind: 'round' })) }
	if (to === 11) return { ...first, type: 'double' }
	return undefined
}

/** One number a column; a single number applies to all. */
const spread = (values: ArrayLike<number> | undefined, width: number): ArrayLike<number> | undefined =>
	values?.length === width
		? values
		: values?.length === 1
			? new Float64Array(width).fill(values[0] as number)
			: undefined

function scaled(first: Matrix, offset?: ArrayLike<number>, scale?: ArrayLike<number>): Matrix | undefined {
	const width = first.columns.length
	const [offsets, scales] = [spread(offset, width), spread(scale, width)]
	if (!offsets || !scales || first.type === 'string') return undefined
	const fround = first.type !== 'double'
	const columns = first.columns.map((c, i) =>
		append(
			c,
			{ kind: 'subtract', by: offsets[i] as number, fround },
			{ kind: 'multiply', by: scales[i] as number, fround },
			{ kind: 'round' },
		),
	)
	return { type: 'float', columns }
}

function computed(first: Matrix, kind: 'multiply' | 'add' | 'subtract' | 'divide', second?: OnnxTensor) {
	const by = spread(second?.values, first.columns.length)
	const isPlain = first.type === 'float' || first.type === 'double'
	if (!by || !isPlain || second?.type !== first.type) return undefined
	const fround = first.type === 'float'
	const columns = first.columns.map((c, i) => append(c, { kind, by: by[i] as number, fround }))
	return { type: first.type, columns }
}

function imputed(first: Matrix, node: OnnxNode): Matrix | undefined {
	const by = spread(attribute(node, 'imputed_value_floats').numbers, first.columns.length)
	const value = attribute(node, 'replaced_value_float').number
	if (!by || value === undefined || first.type !== 'float') return undefined
	return {
		type: 'float',
		columns: first.columns.map((c, i) => append(c, { kind: 'replace', value, by: by[i] as number })),
	}
}

function oneHot(first: Matrix, node: OnnxNode, texts: Texts, left: number): Matrix | undefined {
	const { texts: strings = [] } = attribute(node, 'cats_strings')
	const { numbers = [] } = attribute(node, 'cats_int64s')
	if (attribute(node, 'zeros').number === 0 || (first.type === 'string') !== strings.length > 0)
		return undefined
	const values = first.type === 'string' ? strings.map((s) => texts.code(s)) : Array.from(numbers)
	// Numbers are truncated to integers before the look-up, so floats cannot be followed.
	if (values.length * first.columns.length > left) return undefined
	if (values.length === 0 || first.type === 'float' || first.type === 'double') return undefined
	return {
		type: 'float',
		columns: first.columns.flatMap((c) => values.map((value) => append(c, { kind: 'equals', value }))),
	}
}

function labelled(first: Matrix, node: OnnxNode, texts: Texts): Matrix | undefined {
	const strings = attribute(node, 'keys_strings').texts ?? []
	const keys =
		first.type === 'string'
			? strings.map((s) => texts.code(s))
			: Array.from(attribute(node, 'keys_int64s').numbers ?? [])
	const whole = attribute(node, 'values_int64s').numbers?.length
		? attribute(node, 'values_int64s').numbers
		: undefined
	const values = whole ?? attribute(node, 'values_floats').numbers
	if (keys.length === 0 || !values || keys.length !== values.length) return undefined
	if (first.type !== 'string' && first.type !== 'int64') return undefined
	const otherwise = attribute(node, whole ? 'default_int64' : 'default_float').number ?? (whole ? -1 : -0)
	const to = new Map(keys.map((key, i) => [key, values[i] as number]))
	return {
		type: whole ? 'int64' : 'float',
		columns: first.columns.map((c) => append(c, { kind: 'map', to, otherwise })),
	}
}

/** Only shapes that keep rows: [-1, width], or [-1] and [-1, 1] for a single column. */
function reshaped(first: Matrix, shape?: OnnxTensor): Matrix | undefined {
	const width = first.columns.length
	if (!shape) return first
	const [rows, columns = 1, more] = shape.values ?? []
	return rows === -1 && more === undefined && columns === width ? first : undefined
}

function picked(first: Matrix, second?: OnnxTensor): Matrix | undefined {
	const columns = Array.from(second?.values ?? [], (i) => first.columns[i < 0 ? i + first.columns.length : i])
	if (columns.length === 0 || columns.some((c) => c === undefined)) return undefined
	return { type: first.type, columns: columns as Column[] }
}

/** The maximum number of texts from rows that are remembered. */
const maxTexts = 100_000

/**
 * Codes for texts, so that encoded rows are numbers only. When there are very many texts from rows, the oldest are forgotten;
 * a code is never reused, so decoding a row that is too old is an error.
 */
export function openTexts(graph: OnnxGraph): Texts {
	const codes = new Map<string, number>()
	const texts = new Map<number, string>()
	let next = 0
	const add = (text: string): number => {
		codes.set(text, next)
		texts.set(next, text)
		return next++
	}
	for (const { op, attributes } of graph.nodes)
		if (op === 'OneHotEncoder' || op === 'LabelEncoder')
			for (const name of ['cats_strings', 'keys_strings'])
				for (const text of attributes.get(name)?.texts ?? []) if (!codes.has(text)) add(text)
	const known = new Set(codes.keys())
	let oldest = next
	return {
		known,
		code(text) {
			const code = codes.get(text) ?? add(text)
			if (next - oldest > maxTexts) {
				codes.delete(texts.get(oldest) as string)
				texts.delete(oldest++)
			}
			return code
		},
		text(code) {
			const text = texts.get(code)
			if (text === undefined) throw new RangeError('the row was encoded too long ago: encode it again')
			return text
		},
	}
}
