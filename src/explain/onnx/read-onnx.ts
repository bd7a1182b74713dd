import { ArtifactError } from '../model.ts'
import { NumberList } from '../number-list.ts'
import { addFloats, addInts, eachField, eachInside, type Field, TextList, textOf } from './protobuf.ts'

/** Element types of tensors that we read (TensorProto.DataType). */
export const elementTypes = {
	1: 'float',
	6: 'int32',
	7: 'int64',
	8: 'string',
	9: 'bool',
	11: 'double',
} as const satisfies Record<number, string>
export type ElementType = (typeof elementTypes)[keyof typeof elementTypes]

export type OnnxTensor = {
	name: string
	type: ElementType | undefined
	dims: number[]
	/** Undefined for types that we do not read. */
	values: Float64Array | undefined
}
export type OnnxAttribute = {
	name: string
	number: number | undefined
	text: string | undefined
	numbers: Float64Array
	texts: readonly string[]
	tensor: OnnxTensor | undefined
}
export type OnnxNode = {
	op: string
	inputs: string[]
	outputs: string[]
	attributes: Map<string, OnnxAttribute>
}
/** An input or output of the graph. A dimension that the file leaves open is undefined, and so are all of a sequence. */
export type OnnxValue = { name: string; type: ElementType | undefined; dims: (number | undefined)[] }
export type OnnxGraph = {
	nodes: OnnxNode[]
	/** What a caller has to give: without those that the file has a value for. */
	inputs: OnnxValue[]
	outputs: OnnxValue[]
	constants: Map<string, OnnxTensor>
}

const known = new Set(['', 'ai.onnx', 'ai.onnx.ml'])
const nothing = new Float64Array()

/**
 * The graph of an ONNX model (onnx.proto: ModelProto). Weights that lie in other files and operators of other libraries
 * are refused. Throws ArtifactError for what is not such a file, is cut off, or claims more than it holds.
 */
export function readOnnx(bytes: Uint8Array): OnnxGraph {
	let graph: OnnxGraph | undefined
	let version = 0
	eachField(bytes, 0, bytes.length, (field) => {
		if (field.number === 1) version = field.value
		if (field.number === 7) {
			if (graph) throw new ArtifactError('not an ONNX file: it has two graphs')
			graph = readGraph(bytes, field, 1)
		}
		if (field.number === 25)
			throw new ArtifactError('the ONNX file defines functions of its own; export it with them inlined')
	})
	if (!graph || version < 1)
		throw new ArtifactError('not an ONNX file: it has no graph; upload the model.onnx itself, not an archive')
	return graph
}

function readGraph(bytes: Uint8Array, outer: Field, depth: number): OnnxGraph {
	const graph: OnnxGraph = { nodes: [], inputs: [], outputs: [], constants: new Map() }
	eachInside(bytes, outer, depth, (field) => {
		if (field.number === 1) graph.nodes.push(readNode(bytes, { ...field }, depth + 1))
		else if (field.number === 5) {
			const tensor = readTensor(bytes, field, depth + 1)
			graph.constants.set(tensor.name, tensor)
		} else if (field.number === 11) graph.inputs.push(readValue(bytes, field, depth + 1))
		else if (field.number === 12) graph.outputs.push(readValue(bytes, field, depth + 1))
		else if (field.number === 15)
			throw new ArtifactError('the ONNX file has sparse weights; export them dense')
	})
	graph.inputs = graph.inputs.filter(({ name }) => !graph.constants.has(name))
	return graph
}

function readNode(bytes: Uint8Array, outer: Field, depth: number): OnnxNode {
	const node: OnnxNode = { op: '', inputs: [], outputs: [], attributes: new Map() }
	let domain = ''
	eachInside(bytes, outer, depth, (field) => {
		if (field.number === 1) node.inputs.push(textOf(bytes, field))
		else if (field.number === 2) node.outputs.push(textOf(bytes, field))
		else if (field.number === 4) node.op = textOf(bytes, field)
		else if (field.number === 5) {
			const attribute = readAttribute(bytes, field, depth + 1)
			node.attributes.set(attribute.name, attribute)
		} else if (field.number === 7) domain = textOf(bytes, field)
	})
	if (!known.has(domain))
		throw new ArtifactError(
			`the operator ${JSON.stringify(node.op)} is from ${JSON.stringify(domain)}; only ONNX's own (ai.onnx, ai.onnx.ml) are run`,
		)
	if (node.op === 'Loop' && domain !== 'ai.onnx.ml')
		throw new ArtifactError('the ONNX file has a Loop, which may never end; export the model without one')
	return node
}

/** As long as the others, and nothing of it is needed. */
const unread = new Set(['nodes_hitrates'])

function readAttribute(bytes: Uint8Array, outer: Field, depth: number): OnnxAttribute {
	const numbers = new NumberList()
	const list = new TextList()
	const { texts } = list
	const made: OnnxAttribute = {
		name: '',
		number: undefined,
		text: undefined,
		numbers: nothing,
		texts,
		tensor: undefined,
	}
	// A text attribute may hold any bytes; those that are no UTF-8 we have no use for.
	let text: Field | undefined
	eachInside(bytes, outer, depth, (field) => {
		if (field.number === 1) made.name = textOf(bytes, field)
		else if (field.number === 2) made.number = readFloat(bytes, field)
		else if (field.number === 3) made.number = field.value
		else if (field.number === 4) text = { ...field }
		else if (field.number === 5) made.tensor = readTensor(bytes, field, depth + 1)
		else if (field.number === 6 || field.number === 11) readGraph(bytes, { ...field }, depth + 1)
		else if (unread.has(made.name)) return
		else if (field.number === 7) addFloats(bytes, field, numbers)
		else if (field.number === 8) addInts(bytes, field, numbers)
		else if (field.number === 9) list.push(bytes, field)
		else if (field.number === 10) readTensor(bytes, field, depth + 1)
		else if (field.number === 22 || field.number === 23)
			throw new ArtifactError('the ONNX file has sparse weights; export them dense')
	})
	if (text) made.text = textOf(bytes, text)
	made.numbers = numbers.copy()
	return made
}

function readFloat(bytes: Uint8Array, field: Field): number | undefined {
	const values = new NumberList()
	addFloats(bytes, field, values)
	return values.copy()[0]
}

function readTensor(bytes: Uint8Array, outer: Field, depth: number): OnnxTensor {
	const tensor: OnnxTensor = { name: '', type: undefined, dims: [], values: undefined }
	const values = new NumberList()
	let raw: Field | undefined
	eachInside(bytes, outer, depth, (field) => {
		if (field.number === 1) addInts(bytes, field, tensor.dims)
		else if (field.number === 2) tensor.type = elementTypes[field.value as keyof typeof elementTypes]
		else if (field.number === 4) addFloats(bytes, field, values)
		else if (field.number === 5 || field.number === 7) addInts(bytes, field, values)
		else if (field.number === 8) tensor.name = textOf(bytes, field)
		else if (field.number === 9) raw = { ...field }
		else if (field.number === 10) addFloats(bytes, field, values, 8)
		else if (field.number === 13 || (field.number === 14 && field.value !== 0))
			throw new ArtifactError(
				'weights of the ONNX file lie in another file; save it as one file (save_as_external_data=False)',
			)
	})
	tensor.values = raw ? rawValues(bytes, raw, tensor.type) : values.copy()
	const cells = tensor.dims.reduce((product, d) => product * d, 1)
	// Strings and types that we do not read are the runtime's to judge.
	if (tensor.type !== undefined && tensor.type !== 'string' && tensor.values?.length !== cells)
		throw new ArtifactError(
			`the ONNX file's tensor ${JSON.stringify(tensor.name)} has not the values of its shape`,
		)
	return tensor
}

function rawValues(bytes: Uint8Array, raw: Field, type: ElementType | undefined): Float64Array | undefined {
	const values = new NumberList()
	const view = new DataView(bytes.buffer, bytes.byteOffset + raw.from, raw.to - raw.from)
	if (type === 'float') addFloats(bytes, raw, values)
	else if (type === 'double') addFloats(bytes, raw, values, 8)
	else if (type === 'int32')
		for (let at = 0; at + 4 <= view.byteLength; at += 4) values.push(view.getInt32(at, true))
	else if (type === 'int64')
		for (let at = 0; at + 8 <= view.byteLength; at += 8) values.push(Number(view.getBigInt64(at, true)))
	else if (type === 'bool') for (let at = 0; at < view.byteLength; at++) values.push(view.getUint8(at))
	else return undefined
	return values.copy()
}

/** ValueInfoProto: name, and the tensor's element type and shape. */
function readValue(bytes: Uint8Array, outer: Field, depth: number): OnnxValue {
	const value: OnnxValue = { name: '', type: undefined, dims: [] }
	const inside = (field: Field, wanted: number, visit: (f: Field, d: number) => void, at: number) => {
		if (field.number === wanted) eachInside(bytes, { ...field }, at, (f) => visit(f, at + 1))
	}
	const dimension = (field: Field, at: number) => {
		if (field.number !== 1) return
		let size: number | undefined
		eachInside(bytes, field, at, (f) => {
			if (f.number === 1) size = f.value
		})
		value.dims.push(size)
	}
	const tensor = (field: Field, at: number) => {
		if (field.number === 1) value.type = elementTypes[field.value as keyof typeof elementTypes]
		inside(field, 2, dimension, at)
	}
	eachInside(bytes, outer, depth, (field) => {
		if (field.number === 1) value.name = textOf(bytes, field)
		inside(field, 2, (type, at) => inside(type, 1, tensor, at), depth + 1)
	})
	return value
}
