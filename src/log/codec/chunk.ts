import { ByteReader, ByteWriter } from '../../summaries/inputs/bytes.ts'
import { type Column, cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import { readNumbers, writeNumbers } from './encode-numbers.ts'

const formatVersion = 1
/** With the keys and the encrypted values of the rows at the end. */
const encryptedVersion = 2
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const hexValue = (code: number): number => (code < 58 ? code - 48 : code - 87)

const idTag = { list: 0, uuids: 1, none: 2 } as const

/** Whether no row of a chunk has an id in the open: they are encrypted, or erased. */
export const hasNoIds = (bytes: Uint8Array): boolean => bytes[0] === idTag.none

/** Ids as bytes: lower-case UUIDs take 16 bytes each, anything else is a JSON list. */
export function encodeIds(ids: readonly string[]): Uint8Array {
	const out = new ByteWriter()
	if (ids.every((id) => id === '')) {
		out.byte(idTag.none)
		out.varint(ids.length)
		return out.bytes()
	}
	if (!ids.every((id) => id.length === 36 && uuid.test(id))) {
		out.byte(idTag.list)
		out.raw(new TextEncoder().encode(JSON.stringify(ids)))
		return out.bytes()
	}
	const bytes = new Uint8Array(ids.length * 16)
	let at = 0
	for (const id of ids) {
		for (let i = 0; i < 36; i += 2) {
			if (id.charCodeAt(i) === 45) i++
			bytes[at++] = (hexValue(id.charCodeAt(i)) << 4) | hexValue(id.charCodeAt(i + 1))
		}
	}
	out.byte(idTag.uuids)
	out.raw(bytes)
	return out.bytes()
}

const hex = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, '0'))

/** The ids of a chunk, or only the one at `only`. */
export function decodeIds(bytes: Uint8Array, only?: number): string[] {
	if (hasNoIds(bytes)) {
		const rows = only === undefined ? new ByteReader(bytes.subarray(1)).varint() : 1
		return new Array(rows).fill('')
	}
	if (bytes[0] === idTag.list) {
		const ids: string[] = JSON.parse(new TextDecoder().decode(bytes.subarray(1)))
		return only === undefined ? ids : ids.slice(only, only + 1)
	}
	const [from, rows] = only === undefined ? [0, (bytes.length - 1) / 16] : [only, 1]
	return Array.from({ length: rows }, (_, k) => {
		let id = ''
		for (let i = 0; i < 16; i++) {
			id += hex[bytes[1 + (from + k) * 16 + i] as number]
			if (i === 3 || i === 5 || i === 7 || i === 9) id += '-'
		}
		return id
	})
}

/** The texts that one chunk uses, in order of first use: a batch may have texts for several chunks. */
class Texts {
	readonly list: string[] = []
	private readonly map: Int32Array
	private readonly from: readonly string[]

	constructor(from: readonly string[]) {
		this.from = from
		this.map = new Int32Array(from.length).fill(-1)
	}

	index(i: number): number {
		if (i === -1) return -1
		if (this.map[i] === -1) this.map[i] = this.list.push(this.from[i] as string) - 1
		return this.map[i] as number
	}
}

function writeIndexes(out: ByteWriter, indexes: Int32Array, texts: Texts): void {
	writeNumbers(
		out,
		Float64Array.from(indexes, (i) => texts.index(i)),
	)
}

/** Optional numbers: a flag byte, then a bitmap when only some are present. */
function writeOptional(out: ByteWriter, values: Float64Array): void {
	let present = 0
	for (const v of values) if (!Number.isNaN(v)) present++
	out.byte(present === 0 ? 0 : present === values.length ? 1 : 2)
	if (present === 0) return
	if (present < values.length) {
		const bitmap = new Uint8Array((values.length + 7) >> 3)
		values.forEach((v, i) => {
			if (!Number.isNaN(v)) bitmap[i >> 3] = (bitmap[i >> 3] as number) | (1 << (i & 7))
		})
		out.raw(bitmap)
	}
	writeNumbers(out, present === values.length ? values : values.filter((v) => !Number.isNaN(v)))
}

function readOptional(input: ByteReader, n: number, only?: number): Float64Array {
	const flag = input.byte()
	if (flag === 0) return new Float64Array(only === undefined ? n : 1).fill(Number.NaN)
	if (flag === 1) return readNumbers(input, n, only)
	const bitmap = input.raw((n + 7) >> 3)
	const has = (i: number) => ((bitmap[i >> 3] as number) >> (i & 7)) & 1
	let present = 0
	for (let i = 0; i < n; i++) present += has(i)
	const values = readNumbers(input, present)
	let at = 0
	const all = Float64Array.from({ length: n }, (_, i) => (has(i) ? (values[at++] as number) : Number.NaN))
	return only === undefined ? all : all.subarray(only, only + 1)
}

function writeColumn(out: ByteWriter, column: Column, texts: Texts): void {
	const { kinds } = column
	const first = kinds[0] as number
	const uniform = kinds.every((k) => k === first)
	out.byte(uniform ? first : 255)
	if (!uniform) out.raw(kinds)
	let hasText = false
	for (const k of kinds) if (k === cellKind.string || k === cellKind.json) hasText = true
	if (!hasText) {
		writeNumbers(out, column.nums)
		return
	}
	const nums = column.nums.map((v, i) =>
		kinds[i] === cellKind.string || kinds[i] === cellKind.json ? texts.index(v) : v,
	)
	writeNumbers(out, nums)
}

function readColumn(input: ByteReader, n: number, only?: number): Column {
	const flag = input.byte()
	const own = flag === 255 ? input.raw(n) : undefined
	const kinds =
		only === undefined
			? (own?.slice() ?? new Uint8Array(n).fill(flag))
			: Uint8Array.of(own ? (own[only] as number) : flag)
	return { kinds, nums: readNumbers(input, n, only) }
}

function writeColumns(out: ByteWriter, columns: Map<string, Column>, texts: Texts): void {
	out.varint(columns.size)
	for (const [name, column] of columns) {
		out.text(name)
		writeColumn(out, column, texts)
	}
}

const readColumns = (input: ByteReader, n: number, only?: number): Map<string, Column> =>
	new Map(Array.from({ length: input.varint() }, () => [input.text(), readColumn(input, n, only)] as const))

function writeKeys(out: ByteWriter, keys: readonly string[], sealed: readonly Uint8Array[]): void {
	out.text(JSON.stringify(keys))
	keys.forEach((_, row) => {
		const bytes = sealed[row] ?? new Uint8Array()
		out.varint(bytes.length)
		out.raw(bytes)
	})
}

function readKeys(input: ByteReader, rows: number, only = -1): { keys: string[]; sealed: Uint8Array[] } {
	const keys = JSON.parse(input.text()) as string[]
	const sealed = Array.from({ length: rows }, () => input.raw(input.varint()))
	if (only === -1) return { keys, sealed }
	return { keys: keys.slice(only, only + 1), sealed: sealed.slice(only, only + 1) }
}

/** Everything except the ids, as bytes to be compressed. */
export function encodeBody(batch: RowBatch): Uint8Array<ArrayBuffer> {
	const texts = new Texts(batch.strings)
	const out = new ByteWriter()
	writeNumbers(out, batch.timestamps, true)
	for (const m of ['versions', 'environments', 'subjects', 'extras'] as const)
		writeIndexes(out, batch[m], texts)
	writeOptional(out, batch.scores)
	writeOptional(out, batch.latencies)
	writeNumbers(out, Float64Array.from(batch.hasFeatures))
	writeColumn(out, batch.labels, texts)
	writeColumns(out, batch.features, texts)
	writeColumns(out, batch.segments, texts)
	if (batch.keys) writeKeys(out, batch.keys, batch.sealed ?? [])
	// The texts come first, but are known only now.
	const head = new ByteWriter()
	head.byte(batch.keys ? encryptedVersion : formatVersion)
	head.varint(batch.rows)
	head.text(JSON.stringify(texts.list))
	head.raw(out.bytes())
	return head.bytes()
}

/** The texts of a chunk as one JSON list, without decoding its rows. */
export function textsOf(body: Uint8Array): string {
	const input = new ByteReader(body)
	input.byte()
	input.varint()
	return input.text()
}

/** The rows of a chunk, or only the one at `only`. Throws RangeError when the bytes are not a chunk. */
export function decodeChunk(ids: Uint8Array, body: Uint8Array, only?: number): RowBatch {
	const input = new ByteReader(body)
	const version = input.byte()
	if (version !== formatVersion && version !== encryptedVersion)
		throw new RangeError(`chunk format ${version} is unknown`)
	const rows = input.varint()
	const strings = JSON.parse(input.text()) as string[]
	const numbers = () => readNumbers(input, rows, only)
	return {
		rows: only === undefined ? rows : 1,
		ids: decodeIds(ids, only),
		strings,
		timestamps: numbers(),
		versions: Int32Array.from(numbers()),
		environments: Int32Array.from(numbers()),
		subjects: Int32Array.from(numbers()),
		extras: Int32Array.from(numbers()),
		scores: readOptional(input, rows, only),
		latencies: readOptional(input, rows, only),
		hasFeatures: Uint8Array.from(numbers()),
		labels: readColumn(input, rows, only),
		features: readColumns(input, rows, only),
		segments: readColumns(input, rows, only),
		...(version === encryptedVersion ? readKeys(input, rows, only) : {}),
	}
}
