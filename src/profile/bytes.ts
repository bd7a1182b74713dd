const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Grows as it is written. Integers are little-endian base-128 varints up to 2^53. */
export class ByteWriter {
	private buffer = new Uint8Array(1024)
	private view = new DataView(this.buffer.buffer)
	private length = 0

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
			// Above 2^31 shifts would lose bits.
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
		const bytes = encoder.encode(value)
		this.varint(bytes.length)
		this.raw(bytes)
	}

	bytes(): Uint8Array<ArrayBuffer> {
		return this.buffer.slice(0, this.length)
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
		if (value === undefined) throw new RangeError('the bytes end too early')
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
		if (this.at + count > this.buffer.length) throw new RangeError('the bytes end too early')
		this.at += count
		return this.buffer.subarray(this.at - count, this.at)
	}

	text(): string {
		return decoder.decode(this.raw(this.varint()))
	}
}
