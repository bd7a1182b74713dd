import { NumberList } from '../formats/numbers.ts'
import { ArtifactError } from '../model.ts'

/** A field: a number (varint; int64 as a double), or the bytes from `from` to `to` (fixed and length-delimited). */
type Field = { number: number; wire: number; value: number; from: number; to: number }

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const
const maxDepth = 32

const broken = (what: string, at: number): ArtifactError =>
	new ArtifactError(`not an ONNX file: ${what} at byte ${at}; export the model again and upload it whole`)

/**
 * A strict reader of the protobuf wire format (protobuf.dev/programming-guides/encoding): every length is checked against
 * the remaining bytes; groups and unknown wire types are refused. The field object is reused: do not keep it.
 */
function eachField(bytes: Uint8Array, from: number, to: number, visit: (field: Field) => void): void {
	const cursor = { at: from }
	const field: Field = { number: 0, wire: 0, value: 0, from: 0, to: 0 }
	while (cursor.at < to) {
		const start = cursor.at
		const tag = varint(bytes, cursor, to)
		field.number = Math.floor(tag / 8)
		field.wire = tag - field.number * 8
		if (!(field.number >= 1 && field.number < 2 ** 29)) throw broken('a field without a number', start)
		field.value = 0
		if (field.wire === wire.varint) field.value = varint(bytes, cursor, to)
		else {
			const length = lengthOf(field.wire, bytes, cursor, to)
			if (!(length >= 0 && length <= to - cursor.at)) throw broken('a length beyond the end', start)
			field.from = cursor.at
			cursor.at += length
			field.to = cursor.at
		}
		visit(field)
	}
}

function lengthOf(kind: number, bytes: Uint8Array, cursor: { at: number }, to: number): number {
	if (kind === wire.fixed32) return 4
	if (kind === wire.fixed64) return 8
	if (kind === wire.bytes) return varint(bytes, cursor, to)
	throw broken(`wire type ${kind}`, cursor.at)
}

/** Reads at most ten bytes as a signed 64-bit number, rounded beyond 2^53. */
function varint(bytes: Uint8Array, cursor: { at: number }, to: number): number {
	const start = cursor.at
	// Fast path: nearly all numbers have at most four bytes.
	let [short, shift] = [0, 0]
	for (let at = start; at < to && shift < 28; at++, shift += 7) {
		const byte = bytes[at] as number
		short |= (byte & 127) << shift
		if (byte < 128) {
			cursor.at = at + 1
			return short
		}
	}
	let [low, high] = [0, 0]
	for (let i = 0; i < 10; i++) {
		if (cursor.at >= to) throw broken('a truncated number', start)
		const byte = bytes[cursor.at++] as number
		if (i < 4) low += (byte & 127) * 2 ** (7 * i)
		else high += (byte & 127) * 2 ** (7 * (i - 4))
		if (byte < 128) {
			const unsigned = low + (high % 2 ** 36) * 2 ** 28
			return high % 2 ** 36 < 2 ** 35 ? unsigned : -((2 ** 36 - (high % 2 ** 36)) * 2 ** 28 - low)
		}
	}
	throw broken('a number of more than ten bytes', start)
}

const texts = new TextDecoder('utf-8', { fatal: true })

/** The text of a field. Throws ArtifactError when it is not UTF-8. */
function textOf(bytes: Uint8Array, { from, to, wire: kind }: Field): string {
	if (kind !== wire.bytes) throw broken('a number where a text should be', from)
	try {
		return texts.decode(bytes.subarray(from, to))
	} catch (cause) {
		throw new ArtifactError(`not an ONNX file: a text at byte ${from} is not UTF-8`, { cause })
	}
}

/** Visits the message in a field, at most 32 deep. */
function eachInside(bytes: Uint8Array, outer: Field, depth: number, visit: (f: Field) => void): void {
	if (outer.wire !== wire.bytes) throw broken('a number where a message should be', outer.from)
	if (depth > maxDepth) throw broken(`messages more than ${maxDepth} deep`, outer.from)
	eachField(bytes, outer.from, outer.to, visit)
}

/** Decodes repeated texts once: the modes of tree nodes are millions of texts with few distinct words. */
class TextList {
	readonly texts: string[] = []
	#last: { text: string; from: number; to: number }[] = []

	push(bytes: Uint8Array, field: Field): void {
		const known = this.#last.find(({ from, to }) => sameText(bytes, from, to, field))
		const text = known?.text ?? textOf(bytes, field)
		if (!known) this.#last = [{ text, from: field.from, to: field.to }, ...this.#last].slice(0, 8)
		this.texts.push(text)
	}
}

function sameText(bytes: Uint8Array, from: number, to: number, field: Field): boolean {
	if (field.wire !== wire.bytes || to - from !== field.to - field.from) return false
	for (let i = 0; from + i < to; i++) if (bytes[from + i] !== bytes[field.from + i]) return false
	return true
}

/** Adds the field's numbers: packed or one by one. */
function addInts(bytes: Uint8Array, field: Field, into: { push(value: number): unknown }): void {
	if (field.wire === wire.varint) into.push(field.value)
	else if (field.wire === wire.bytes) {
		const cursor = { at: field.from }
		while (cursor.at < field.to) into.push(varint(bytes, cursor, field.to))
	} else throw broken('a number of another type', field.from)
}

const scratch = new DataView(new ArrayBuffer(8))

function addFloats(bytes: Uint8Array, field: Field, into: NumberList, size: 4 | 8 = 4): void {
	const isOne = field.wire === (size === 4 ? wire.fixed32 : wire.fixed64)
	if ((!isOne && field.wire !== wire.bytes) || (field.to - field.from) % size !== 0)
		throw broken('a number of another type', field.from)
	for (let at = field.from; at < field.to; at += size) {
		for (let i = 0; i < size; i++) scratch.setUint8(i, bytes[at + i] as number)
		into.push(size === 4 ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true))
	}
}

/** The supported element types of tensors (TensorProto.DataType). */
const elementTypes = {
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
	/** Undefined for unsupported types. */
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
/** An input or output of the graph. Open dimensions are undefined, as are all of a sequence. */
export type OnnxValue = { name: string; type: ElementType | undefined; dims: (number | undefined)[] }
export type OnnxGraph = {
	nodes: OnnxNode[]
	/** The inputs that a caller must give: without those that have a value in the file. */
	inputs: OnnxValue[]
	outputs: OnnxValue[]
	constants: Map<string, OnnxTensor>
}

const known = new Set(['', 'ai.onnx', 'ai.onnx.ml'])
const nothing = new Float64Array()

/**
 * The graph of an ONNX model (onnx.proto: ModelProto). Weights in other files and operators of other libraries are refused.
 * Throws ArtifactError for a file that is not ONNX, is truncated, or claims more than it contains.
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

/** Attributes as long as the others that are not needed. */
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
	// A text attribute may hold any bytes, and its name may come after it.
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
				'weights of the ONNX file are in another file; save it as one file (save_as_external_data=False)',
			)
	})
	tensor.values = raw ? rawValues(bytes, raw, tensor.type) : values.copy()
	const cells = tensor.dims.reduce((product, d) => product * d, 1)
	// Strings and unsupported types are checked by the runtime.
	if (tensor.type !== undefined && tensor.type !== 'string' && tensor.values?.length !== cells)
		throw new ArtifactError(
			`the ONNX file's tensor ${JSON.stringify(tensor.name)} does not have the values of its shape`,
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
