import type { ColumnMetaData, Compressors, SchemaElement } from 'hyparquet'
import { release } from './memory.ts'
import { decodeHybrid, readStruct, type Struct } from './parquet-encoding.ts'
import type { Raw } from './parquet-values.ts'

const types = ['BOOLEAN', 'INT32', 'INT64', 'INT96', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY']
const encodings = ['PLAIN', 'RLE', 'PLAIN_DICTIONARY', 'RLE_DICTIONARY', 'BIT_PACKED']
const [dataPage, dictionaryPage, dataPageV2] = [0, 2, 3]
const [plain, plainDictionary, dictionaryIndexes] = [0, 2, 8]

/** Whether a column is flat and in plain pages: anything else is for the general reader. */
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
 * Gives the cells of one column of one row group to a taker, page by page. The general reader makes an array of all of
 * them, which at a million rows is most of the memory that a whole evaluation takes. False when a page turns out not to
 * be plain, before any cell was given.
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

/** `own` is the page's memory, `values` where the values begin in it; `defined` says which cells are there. */
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
			if (index >= dictionary.length) throw new Error('a page names a value that its dictionary has not')
			give(dictionary[index])
		}
	}
	for (; row < count; row++) take(null)
}

/** Past this, the high half of a whole number makes it larger than a double holds exactly. */
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
