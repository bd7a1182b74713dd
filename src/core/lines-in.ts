import { asUtf8, decodeUtf8 } from './utf8.ts'

const lineFeed = 10
const defaultMost = 16 * 2 ** 20

/** A line that is no text, and why. */
export class BadLine {
	readonly code: 'malformed' | 'too-large'
	readonly message: string

	constructor(code: BadLine['code'], message: string) {
		this.code = code
		this.message = message
	}
}

const notUtf8 = new BadLine('malformed', 'the line is not UTF-8')

/**
 * The lines of a text that comes in chunks, those of a chunk together. A line that is not UTF-8, or longer than
 * `mostBytes`, comes as a `BadLine` in its place. A last line that is empty is none.
 */
export async function* linesIn(
	chunks: AsyncIterable<Uint8Array>,
	mostBytes = defaultMost,
): AsyncGenerator<(string | BadLine)[]> {
	const tooLong = new BadLine('too-large', `a line is at most ${mostBytes} bytes`)
	let parts: Uint8Array[] = []
	let held = 0
	let isSkipped = false
	for await (const chunk of asUtf8(chunks)) {
		const last = chunk.lastIndexOf(lineFeed)
		if (last >= 0) {
			const lines = linesOf(joined(parts, chunk.subarray(0, last)), mostBytes, tooLong)
			// The rest of a line that was too long has been said.
			if (isSkipped) lines.shift()
			yield lines
			parts = []
			held = 0
			isSkipped = false
		}
		if (isSkipped) continue
		const rest = chunk.subarray(last + 1)
		if (rest.length > 0) parts.push(new Uint8Array(rest))
		held += rest.length
		if (held <= mostBytes) continue
		yield [tooLong]
		parts = []
		held = 0
		isSkipped = true
	}
	if (parts.length > 0) yield linesOf(joined(parts, new Uint8Array(0)), mostBytes, tooLong)
}

function linesOf(bytes: Uint8Array, mostBytes: number, tooLong: BadLine): (string | BadLine)[] {
	const text = decodeUtf8(bytes)
	if (text !== undefined && bytes.length <= mostBytes) return text.split('\n')
	if (text !== undefined) return text.split('\n').map((line) => (isLonger(line, mostBytes) ? tooLong : line))
	const lines: (string | BadLine)[] = []
	for (let from = 0; from <= bytes.length; ) {
		const end = bytes.indexOf(lineFeed, from)
		const to = end < 0 ? bytes.length : end
		lines.push(to - from > mostBytes ? tooLong : (decodeUtf8(bytes.subarray(from, to)) ?? notUtf8))
		from = to + 1
	}
	return lines
}

/** The limit is in bytes; only a line near it is worth measuring. */
const isLonger = (line: string, mostBytes: number) =>
	line.length * 3 > mostBytes && new TextEncoder().encode(line).length > mostBytes

function joined(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
	if (parts.length === 0) return last
	const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, last.length))
	let at = 0
	for (const part of [...parts, last]) {
		all.set(part, at)
		at += part.length
	}
	return all
}
