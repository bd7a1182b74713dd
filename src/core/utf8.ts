import { AppError } from './errors.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lineFeed = 10

/** Decodes UTF-8; undefined for other bytes. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
	try {
		return strict.decode(bytes)
	} catch {
		return undefined
	}
}

/** Checks UTF-8 without decoding: for many short texts a decoder that throws costs more. */
export function isUtf8(bytes: Uint8Array): boolean {
	for (let i = 0; i < bytes.length; ) {
		const byte = bytes[i++] as number
		if (byte < 0x80) continue
		const more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1
		if (byte < 0xc2 || byte > 0xf4) return false
		for (let k = 0; k < more; k++) {
			const next = bytes[i++] as number
			const min = k > 0 ? 0x80 : byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80
			const max = k > 0 ? 0xbf : byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf
			if (!(next >= min && next <= max)) return false
		}
	}
	return true
}

/** Thrown for bytes that are not UTF-8. */
export class NotUtf8 extends Error {}

/** Decodes UTF-8. Throws `NotUtf8`. */
export function textOf(bytes: Uint8Array): string {
	const text = decodeUtf8(bytes)
	if (text === undefined) throw new NotUtf8('it is not UTF-8: save the file as UTF-8')
	return text
}

/** The line, from 0, with the first byte that is not UTF-8. */
export function lineOfFault(bytes: Uint8Array): number {
	let line = 0
	for (let from = 0; from < bytes.length; line++) {
		const end = bytes.indexOf(lineFeed, from)
		const to = end < 0 ? bytes.length : end
		if (!isUtf8(bytes.subarray(from, to))) return line
		from = to + 1
	}
	return line
}

/** Decodes a whole text. Throws `malformed` with the line that is not UTF-8. */
export async function readUtf8(chunks: AsyncIterable<Uint8Array>): Promise<string> {
	const parts: Uint8Array<ArrayBuffer>[] = []
	for await (const part of asUtf8(chunks)) parts.push(part as Uint8Array<ArrayBuffer>)
	const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
	const text = decodeUtf8(bytes)
	if (text === undefined)
		throw new AppError('malformed', `Line ${lineOfFault(bytes) + 1} is not UTF-8: save the text as UTF-8.`)
	return text
}

/** The first bytes of other kinds of files. */
const others: readonly { magic: readonly number[]; what: string }[] = [
	{ magic: [0x1f, 0x8b], what: 'gzip: say so with Content-Encoding: gzip, or unpack it' },
	{ magic: [0x50, 0x4b, 3, 4], what: 'a zip archive or an Excel workbook: save it as CSV' },
	{ magic: [0x50, 0x41, 0x52, 0x31], what: 'Parquet: name it .parquet, or send it as application/vnd.apache.parquet' },
	{ magic: [0xff, 0xfe, 0, 0], what: 'UTF-32: save it as UTF-8' },
	{ magic: [0, 0, 0xfe, 0xff], what: 'UTF-32: save it as UTF-8' },
] // biome-ignore format: a table

/** The bytes of a text as UTF-8 without a byte order mark; UTF-16 is transcoded. Throws `malformed` for other files. */
export async function* asUtf8(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	let head: Uint8Array = new Uint8Array(0)
	let decode: ((bytes: Uint8Array) => Uint8Array) | undefined
	for await (const chunk of chunks) {
		if (decode) {
			yield decode(chunk)
			continue
		}
		head = joined(head, chunk)
		if (head.length < 4) {
			// The source may reuse the memory of a chunk for the next one.
			head = new Uint8Array(head)
			continue
		}
		const { skip, transcode } = encodingOf(head)
		decode = transcode
		yield decode(head.subarray(skip))
	}
	if (decode || head.length === 0) return
	const { skip, transcode } = encodingOf(head)
	yield transcode(head.subarray(skip))
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
	if (a.length === 0) return b
	const both = new Uint8Array(a.length + b.length)
	both.set(a)
	both.set(b, a.length)
	return both
}

function encodingOf(head: Uint8Array): { skip: number; transcode: (bytes: Uint8Array) => Uint8Array } {
	const other = others.find(({ magic }) => magic.every((byte, i) => head[i] === byte))
	if (other) throw new AppError('malformed', `This is not text but ${other.what}.`)
	const [a, b, c, d] = head
	if (a === 0xef && b === 0xbb && c === 0xbf) return { skip: 3, transcode: (bytes) => bytes }
	if (a === 0xff && b === 0xfe) return { skip: 2, transcode: fromUtf16(true) }
	if (a === 0xfe && b === 0xff) return { skip: 2, transcode: fromUtf16(false) }
	// The text begins with ASCII: the name of a column, a brace or a quote.
	if (a && b === 0 && c && d === 0) return { skip: 0, transcode: fromUtf16(true) }
	if (a === 0 && b && c === 0 && d) return { skip: 0, transcode: fromUtf16(false) }
	return { skip: 0, transcode: (bytes) => bytes }
}

function fromUtf16(isLittle: boolean): (bytes: Uint8Array) => Uint8Array {
	const decoder = new TextDecoder('utf-16le')
	const encoder = new TextEncoder()
	let odd: number | undefined
	return (bytes) => {
		const all = odd === undefined ? new Uint8Array(bytes) : joined(Uint8Array.of(odd), bytes)
		odd = all.length % 2 === 1 ? all.at(-1) : undefined
		const even = all.subarray(0, all.length - (all.length % 2))
		if (!isLittle)
			for (let i = 0; i < even.length; i += 2)
				[even[i], even[i + 1]] = [even[i + 1] as number, even[i] as number]
		return encoder.encode(decoder.decode(even, { stream: true }))
	}
}
