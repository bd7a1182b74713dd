import type { ByteReader, ByteWriter } from '../../summaries/inputs/bytes.ts'

// The encodings of a column of doubles. All are lossless; the shortest that fits is used.
const encoding = { constant: 0, decimal: 1, deltas: 2, shuffled: 3 } as const
const maxPower = 9
const powers = Array.from({ length: maxPower + 1 }, (_, k) => 10 ** k)

// Keeps the difference of any two scaled values below 2^47, so that its zigzag encoding fits six bytes.
const maxScaled = 7e13

/** The smallest k for which every value is an integer over 10^k and no integer exceeds `maxScaled`; or -1. */
function decimalPower(values: Float64Array, largest: number): number {
	let k = 0
	for (let i = 0; i < values.length; i++) {
		const value = values[i] as number
		while (Math.round(value * (powers[k] as number)) / (powers[k] as number) !== value)
			if (++k > maxPower) return -1
	}
	return largest * (powers[k] as number) < maxScaled ? k : -1
}

function range(values: Float64Array): [number, number] {
	let min = values[0] as number
	let max = min
	for (let i = 1; i < values.length; i++) {
		const v = values[i] as number
		if (v < min) min = v
		else if (v > max) max = v
	}
	return [min, max]
}

/** Byte planes of non-negative integers below 2^48, lowest bytes first: compression works better on similar bytes in a row. */
function planes(values: Float64Array, width: number): Uint8Array {
	const n = values.length
	const out = new Uint8Array(n * width)
	for (let i = 0; i < n; i++) {
		const v = values[i] as number
		const low = v >>> 0
		out[i] = low
		if (width > 1) out[n + i] = low >>> 8
		if (width > 2) out[2 * n + i] = low >>> 16
		if (width > 3) out[3 * n + i] = low >>> 24
		if (width > 4) {
			const high = Math.floor(v / 2 ** 32)
			out[4 * n + i] = high
			if (width > 5) out[5 * n + i] = high >>> 8
		}
	}
	return out
}

function unplane(bytes: Uint8Array, n: number, width: number, only?: number): Float64Array {
	const [from, until] = only === undefined ? [0, n] : [only, only + 1]
	const values = new Float64Array(until - from)
	for (let p = width - 1; p >= 0; p--)
		for (let i = from; i < until; i++)
			values[i - from] = (values[i - from] as number) * 256 + (bytes[p * n + i] as number)
	return values
}

const widthOf = (max: number): number => (max < 1 ? 1 : Math.floor(Math.log2(max) / 8) + 1)

/** Writes `values`: no NaN unless all are NaN; infinities are allowed. `ordered`: neighbours are similar, as times are. */
export function writeNumbers(out: ByteWriter, values: Float64Array, ordered = false): void {
	const [min, max] = values.length === 0 ? [0, 0] : range(values)
	if (min === max) {
		out.byte(encoding.constant)
		out.double(min)
		return
	}
	const k = decimalPower(values, Math.max(-min, max))
	if (k < 0) {
		out.byte(encoding.shuffled)
		out.raw(shuffle(values))
		return
	}
	const power = powers[k] as number
	const integers = new Float64Array(values.length)
	for (let i = 0; i < values.length; i++) integers[i] = Math.round((values[i] as number) * power)
	if (ordered) {
		writeDeltas(out, integers, k)
		return
	}
	const base = Math.round(min * power)
	for (let i = 0; i < values.length; i++) integers[i] = (integers[i] as number) - base
	writeIntegers(out, encoding.decimal, k, base, integers, Math.round(max * power) - base)
}

function writeIntegers(
	out: ByteWriter,
	kind: number,
	k: number,
	base: number,
	integers: Float64Array,
	max: number,
): void {
	const width = widthOf(max)
	out.byte(kind)
	out.byte(k)
	out.double(base)
	out.byte(width)
	out.raw(planes(integers, width))
}

function writeDeltas(out: ByteWriter, integers: Float64Array, k: number): void {
	const first = integers[0] as number
	let max = 0
	for (let i = integers.length - 1; i > 0; i--) {
		const delta = (integers[i] as number) - (integers[i - 1] as number)
		const zigzag = delta < 0 ? -delta * 2 - 1 : delta * 2
		integers[i] = zigzag
		if (zigzag > max) max = zigzag
	}
	integers[0] = 0
	writeIntegers(out, encoding.deltas, k, first, integers, max)
}

function shuffle(values: Float64Array): Uint8Array {
	const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
	const n = values.length
	const out = new Uint8Array(bytes.length)
	for (let i = 0; i < n; i++) for (let p = 0; p < 8; p++) out[p * n + i] = bytes[i * 8 + p] as number
	return out
}

/** The `n` doubles that were shuffled, or only the one at `only`. */
function unshuffle(bytes: Uint8Array, n: number, only?: number): Float64Array {
	const [from, until] = only === undefined ? [0, n] : [only, only + 1]
	const out = new Uint8Array((until - from) * 8)
	for (let i = from; i < until; i++)
		for (let p = 0; p < 8; p++) out[(i - from) * 8 + p] = bytes[p * n + i] as number
	return new Float64Array(out.buffer)
}

/** Reads `n` numbers, or only the one at `only`. */
export function readNumbers(input: ByteReader, n: number, only?: number): Float64Array {
	const kind = input.byte()
	if (kind === encoding.constant) return new Float64Array(only === undefined ? n : 1).fill(input.double())
	if (kind === encoding.shuffled) return unshuffle(input.raw(n * 8), n, only)
	const power = powers[input.byte()] as number
	const base = input.double()
	const width = input.byte()
	const bytes = input.raw(n * width)
	if (kind === encoding.decimal) return unplane(bytes, n, width, only).map((v) => (v + base) / power)
	const values = unplane(bytes, n, width)
	let at = base
	for (let i = 0; i < n; i++) {
		const zigzag = values[i] as number
		at += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2
		values[i] = at / power
	}
	return only === undefined ? values : values.subarray(only, only + 1)
}
