const encoder = new TextEncoder()
const decoder = new TextDecoder()
/** A text up to this long has a length of one byte. */
const shortText = 0x7f

/** The buffer of the last writer, reused because clearing a new one takes longer than most writes. */
let spare: Uint8Array<ArrayBuffer> | undefined
const largestSpare = 2 ** 20

/** A buffer that grows as it is written. Integers are little-endian base-128 varints up to 2^53. */
export class ByteWriter {
	private buffer: Uint8Array<ArrayBuffer>
	private view: DataView
	private length = 0

	constructor() {
		this.buffer = spare ?? new Uint8Array(4096)
		spare = undefined
		this.view = new DataView(this.buffer.buffer)
	}

	private reserve(count: number): void {
		if (this.length + count <= this.buffer.length) return
		const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count))
		grown.set(this.buffer.subarray(0, this.length))
		this.buffer = grown
		this.view = new DataView(grown.buffer)
	}

	byte(value: number): void {
		this.reserve(1)
		this.buffer[this.length++] = value
	}

	varint(value: number): void {
		this.reserve(8)
		let rest = value
		while (rest >= 0x80) {
			// Shifts work on 32 bits only.
			this.buffer[this.length++] = (rest % 0x80) | 0x80
			rest = rest > 0x7fffffff ? Math.floor(rest / 0x80) : rest >>> 7
		}
		this.buffer[this.length++] = rest
	}

	double(value: number): void {
		this.reserve(8)
		this.view.setFloat64(this.length, value, true)
		this.length += 8
	}

	raw(bytes: Uint8Array): void {
		this.reserve(bytes.length)
		this.buffer.set(bytes, this.length)
		this.length += bytes.length
	}

	text(value: string): void {
		if (this.ascii(value)) return
		const bytes = encoder.encode(value)
		this.varint(bytes.length)
		this.raw(bytes)
	}

	/** Writes a short ASCII text, as nearly all are; writes nothing and returns false for any other. */
	private ascii(value: string): boolean {
		const { length } = value
		if (length > shortText) return false
		this.reserve(1 + length)
		let at = this.length
		this.buffer[at++] = length
		for (let i = 0; i < length; i++) {
			const code = value.charCodeAt(i)
			if (code >= 0x80) return false
			this.buffer[at++] = code
		}
		this.length = at
		return true
	}

	/** The bytes written. The writer must not be used afterwards. */
	bytes(): Uint8Array<ArrayBuffer> {
		const written = this.buffer.slice(0, this.length)
		if (this.buffer.length <= largestSpare) spare = this.buffer
		this.buffer = new Uint8Array()
		return written
	}
}

/** Reads what ByteWriter wrote. Throws RangeError at the end of the bytes. */
export class ByteReader {
	private at = 0
	private readonly buffer: Uint8Array
	private readonly view: DataView

	constructor(bytes: Uint8Array) {
		this.buffer = bytes
		this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
	}

	byte(): number {
		const value = this.buffer[this.at++]
		if (value === undefined) throw new RangeError('unexpected end of bytes')
		return value
	}

	varint(): number {
		let value = 0
		let scale = 1
		for (;;) {
			const byte = this.byte()
			value += (byte & 0x7f) * scale
			if (byte < 0x80) return value
			scale *= 0x80
		}
	}

	double(): number {
		const value = this.view.getFloat64(this.at, true)
		this.at += 8
		return value
	}

	raw(count: number): Uint8Array {
		if (this.at + count > this.buffer.length) throw new RangeError('unexpected end of bytes')
		this.at += count
		return this.buffer.subarray(this.at - count, this.at)
	}

	/** All bytes that are left. */
	rest(): Uint8Array {
		return this.raw(this.buffer.length - this.at)
	}

	text(): string {
		const bytes = this.raw(this.varint())
		return asciiOf(bytes) ?? decoder.decode(bytes)
	}
}

/** A short ASCII text; undefined for any other. */
function asciiOf(bytes: Uint8Array): string | undefined {
	if (bytes.length > shortText) return undefined
	for (const byte of bytes) if (byte >= 0x80) return undefined
	return String.fromCharCode(...bytes)
}
