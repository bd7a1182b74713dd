/** A Thrift struct by field number, as far as page headers need it. */
export type Struct = { [field: number]: number | boolean | Struct }

type Cursor = { bytes: Uint8Array; at: number }

/** A struct in Thrift's compact protocol, and where it ends. */
export function readStruct(bytes: Uint8Array, from: number): { struct: Struct; end: number } {
	const cursor = { bytes, at: from }
	const struct = structAt(cursor)
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

function structAt(cursor: Cursor): Struct {
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
	if (type === 12) return structAt(cursor)
	if (type === 7) cursor.at += 8
	else if (type === 8) {
		const length = varint(cursor)
		cursor.at += length
	} else if (type === 9 || type === 10) {
		const head = byte(cursor)
		const count = head >> 4 === 15 ? varint(cursor) : head >> 4
		// In a list a boolean is a byte: with none, a list could claim any length.
		const type = (head & 15) <= 2 ? 3 : head & 15
		for (let i = 0; i < count; i++) valueAt(cursor, type)
	} else throw new Error(`a page header has a field of type ${type}`)
	return undefined
}

/** Parquet's runs and bit-packed groups of small whole numbers, into `out` until it is full. */
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

/** `count` values side by side, the lowest bits first; answers how many there are in `out`. */
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
		// Up to 39 bits are held: a double keeps them exactly, where shifts would not.
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
