import type { ColumnMetaData, Compressors, SchemaElement } from 'hyparquet'
import { release } from './memory.ts'
import type { Raw } from './parquet-values.ts'

const types = ['BOOLEAN', 'INT32', 'INT64', 'INT96', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY']
const encodings = ['PLAIN', 'RLE', 'PLAIN_DICTIONARY', 'RLE_DICTIONARY', 'BIT_PACKED']
const [dataPage, dictionaryPage, dataPageV2] = [0, 2, 3]
const [plain, plainDictionary, dictionaryIndexes] = [0, 2, 8]

/** Whether a column is flat and in plain pages; the general reader reads everything else. */
export function isPlainColumn(element: SchemaElement, meta: ColumnMetaData): boolean {
	return (
		element.num_children === undefined &&
		element.repetition_type !== 'REPEATED' &&
		types.includes(element.type ?? '') &&
		meta.encodings.every((e) => encodings.includes(e)) &&
		meta.path_in_schema.length === 1
	)
}

type Chunk = {
	meta: ColumnMetaData
	element: SchemaElement
	compressors: Compressors
	convert: (raw: Raw) => unknown
}

/**
 * Passes the cells of one column of one row group to `take`, page by page. The general reader returns an array of all cells,
 * which for a million rows is most of the memory of an evaluation. False when the first page is not plain: no cell was
 * passed.
 */
export function readPages(bytes: Uint8Array, chunk: Chunk, take: (value: unknown) => void): boolean {
	let dictionary: unknown[] = []
	let given = 0
	for (let at = 0; at < bytes.length && given < Number(chunk.meta.num_values); ) {
		const { struct, end } = readStruct(bytes, at)
		const [type, unpacked, packed] = [numberAt(struct, 1), numberAt(struct, 2), numberAt(struct, 3)]
		if (packed < 0 || unpacked < 0 || end + packed > bytes.length) throw new Error('a page has a wrong size')
		const body = bytes.subarray(end, end + packed)
		at = end + packed
		if (type === dictionaryPage) {
			const page = unpack(body, unpacked, chunk)
			dictionary = []
			const count = numberAt(structAt(struct, 7), 1)
			plainValues(page, chunk.element, count, (raw) => dictionary.push(chunk.convert(raw)))
		} else if (type === dataPage || type === dataPageV2) {
			const page =
				type === dataPage ? pageOf(struct, body, unpacked, chunk) : pageOfV2(struct, body, unpacked, chunk)
			const isKnown = [plain, plainDictionary, dictionaryIndexes].includes(page.encoding)
			if (!isKnown && given === 0) return false
			if (!isKnown) throw new Error(`a page has the encoding ${page.encoding}`)
			if (given + page.count > Number(chunk.meta.num_values)) throw new Error('a page has too many values')
			giveValues(page, dictionary, chunk, take)
			given += page.count
			if (page.own.buffer !== bytes.buffer) release(page.own)
		}
	}
	return true
}

/** `own` is the page's memory, `values` the part of it with the values; `defined` says which cells are not null. */
type Page = {
	count: number
	encoding: number
	values: Uint8Array
	defined: Uint8Array | undefined
	own: Uint8Array
}

const numberAt = (struct: Struct, field: number): number => {
	const value = struct[field]
	return typeof value === 'number' ? value : 0
}
const structAt = (struct: Struct, field: number): Struct => {
	const value = struct[field]
	return typeof value === 'object' ? value : {}
}

function countAt(header: Struct, { meta }: Chunk): number {
	const count = numberAt(header, 1)
	if (count < 0 || count > Number(meta.num_values)) throw new Error('a page has a wrong number of values')
	return count
}

function unpack(body: Uint8Array, length: number, { meta, compressors }: Chunk): Uint8Array {
	if (meta.codec === 'UNCOMPRESSED') return body
	const compressor = compressors[meta.codec]
	if (!compressor) throw new Error(`the compression ${meta.codec} is not known`)
	return compressor(body, length)
}

function pageOf(struct: Struct, body: Uint8Array, length: number, chunk: Chunk): Page {
	const header = structAt(struct, 5)
	const count = countAt(header, chunk)
	const own = unpack(body, length, chunk)
	if (chunk.element.repetition_type !== 'OPTIONAL')
		return { count, encoding: numberAt(header, 2), values: own, defined: undefined, own }
	const size = new DataView(own.buffer, own.byteOffset).getUint32(0, true)
	const defined = new Uint8Array(count)
	decodeHybrid(own.subarray(4, 4 + size), 1, defined)
	return { count, encoding: numberAt(header, 2), values: own.subarray(4 + size), defined, own }
}

function pageOfV2(struct: Struct, body: Uint8Array, length: number, chunk: Chunk): Page {
	const header = structAt(struct, 8)
	const [count, encoding, levels] = [countAt(header, chunk), numberAt(header, 4), numberAt(header, 5)]
	const before = levels + numberAt(header, 6)
	const isPacked = header[7] !== false
	const own = isPacked ? unpack(body.subarray(before), length - before, chunk) : body.subarray(before)
	const defined = levels > 0 ? new Uint8Array(count) : undefined
	if (defined) decodeHybrid(body.subarray(before - levels, before), 1, defined)
	return { count, encoding, values: own, defined, own }
}

function giveValues(
	{ count, encoding, values, defined }: Page,
	dictionary: readonly unknown[],
	{ element, convert }: Chunk,
	take: (value: unknown) => void,
): void {
	let there = count
	if (defined) {
		there = 0
		for (const level of defined) there += level
	}
	let row = 0
	const give = (value: unknown) => {
		while (defined && defined[row] === 0) {
			take(null)
			row++
		}
		take(value)
		row++
	}
	if (encoding === plain) plainValues(values, element, there, (raw) => give(convert(raw)))
	else {
		const indexes = new Uint32Array(there)
		if (there > 0) decodeHybrid(values.subarray(1), values[0] as number, indexes)
		for (const index of indexes) {
			if (index >= dictionary.length)
				throw new Error('a page refers to a value that is not in its dictionary')
			give(dictionary[index])
		}
	}
	for (; row < count; row++) take(null)
}

/** From this high half on, a whole number is too large for a double to hold exactly. */
const maxHigh = 2 ** 21

function int64(view: DataView, at: number): number | bigint {
	const high = view.getInt32(at + 4, true)
	return high >= maxHigh || high < -maxHigh
		? view.getBigInt64(at, true)
		: high * 2 ** 32 + view.getUint32(at, true)
}

function plainValues(
	bytes: Uint8Array,
	{ type, type_length: length = 0 }: SchemaElement,
	count: number,
	give: (raw: Raw) => void,
): void {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
	const width = type === 'INT96' ? 12 : length
	if (type === 'DOUBLE') for (let i = 0; i < count; i++) give(view.getFloat64(i * 8, true))
	else if (type === 'FLOAT') for (let i = 0; i < count; i++) give(view.getFloat32(i * 4, true))
	else if (type === 'INT32') for (let i = 0; i < count; i++) give(view.getInt32(i * 4, true))
	else if (type === 'INT64') for (let i = 0; i < count; i++) give(int64(view, i * 8))
	else if (type === 'BOOLEAN')
		for (let i = 0; i < count; i++) give((view.getUint8(i >> 3) >> (i & 7)) % 2 === 1)
	else if (type === 'BYTE_ARRAY')
		for (let i = 0, at = 0; i < count; i++) {
			const end = at + 4 + view.getUint32(at, true)
			if (end > bytes.length) throw new Error('a text is longer than its page')
			give(bytes.subarray(at + 4, end))
			at = end
		}
	else {
		if (width <= 0 || width * count > bytes.length) throw new Error('a page is too short')
		for (let i = 0; i < count; i++) give(bytes.subarray(i * width, (i + 1) * width))
	}
}

/** A Thrift struct by field number, as far as page headers use it. */
type Struct = { [field: number]: number | boolean | Struct }

type Cursor = { bytes: Uint8Array; at: number }

/** A struct in Thrift's compact protocol, and where it ends. */
function readStruct(bytes: Uint8Array, from: number): { struct: Struct; end: number } {
	const cursor = { bytes, at: from }
	const struct = readFields(cursor)
	return { struct, end: cursor.at }
}

function byte(cursor: Cursor): number {
	const value = cursor.bytes[cursor.at++]
	if (value === undefined) throw new Error('a page ends too early')
	return value
}

function varint(cursor: Cursor): number {
	let [value, scale] = [0, 1]
	for (;;) {
		const next = byte(cursor)
		value += (next & 127) * scale
		if (next < 128) return value
		scale *= 128
	}
}

/** Signed whole numbers: 0, -1, 1, -2 … */
function zigzag(cursor: Cursor): number {
	const value = varint(cursor)
	return value % 2 === 1 ? -(value + 1) / 2 : value / 2
}

function readFields(cursor: Cursor): Struct {
	const struct: Struct = {}
	let field = 0
	for (;;) {
		const head = byte(cursor)
		if (head === 0) return struct
		field = head >> 4 === 0 ? zigzag(cursor) : field + (head >> 4)
		const value = valueAt(cursor, head & 15)
		if (value !== undefined) struct[field] = value
	}
}

function valueAt(cursor: Cursor, type: number): number | boolean | Struct | undefined {
	if (type === 1 || type === 2) return type === 1
	if (type === 3) return byte(cursor)
	if (type <= 6) return zigzag(cursor)
	if (type === 12) return readFields(cursor)
	if (type === 7) cursor.at += 8
	else if (type === 8) {
		const length = varint(cursor)
		cursor.at += length
	} else if (type === 9 || type === 10) {
		const head = byte(cursor)
		const count = head >> 4 === 15 ? varint(cursor) : head >> 4
		// A boolean in a list is a byte; without it, a list of any length would take no bytes.
		const type = (head & 15) <= 2 ? 3 : head & 15
		for (let i = 0; i < count; i++) valueAt(cursor, type)
	} else throw new Error(`a page header has a field of type ${type}`)
	return undefined
}

/** Decodes Parquet's run-length and bit-packed groups of small whole numbers into `out` until it is full. */
export function decodeHybrid(bytes: Uint8Array, width: number, out: Uint8Array | Uint32Array): void {
	if (width > 32) throw new Error(`values of ${width} bits are too wide`)
	const cursor = { bytes, at: 0 }
	let n = 0
	while (n < out.length) {
		const head = width === 0 ? out.length * 2 : varint(cursor)
		if (head % 2 === 1) n = unpackBits(cursor, width, out, n, (head - 1) * 4)
		else {
			let value = 0
			for (let shift = 0; shift < width; shift += 8) value += byte(cursor) * 2 ** shift
			const end = Math.min(out.length, n + head / 2)
			out.fill(value, n, end)
			n = end
		}
	}
}

/** Unpacks `count` values, the lowest bits first. Returns how many values `out` has then. */
function unpackBits(
	cursor: Cursor,
	width: number,
	out: Uint8Array | Uint32Array,
	from: number,
	count: number,
): number {
	const end = Math.min(out.length, from + count)
	let [held, bits] = [0, 0]
	const mask = 2 ** width
	for (let n = from; n < end; n++) {
		// Up to 39 bits are held: a double keeps them exactly, shifts would not.
		while (bits < width) {
			held += (cursor.bytes[cursor.at++] ?? 0) * 2 ** bits
			bits += 8
		}
		out[n] = held % mask
		held = Math.floor(held / mask)
		bits -= width
	}
	return end
}
