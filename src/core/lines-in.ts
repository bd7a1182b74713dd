import type { ByteHold } from './byte-budget.ts'
import { asUtf8, decodeUtf8, isUtf8 } from './utf8.ts'

const lineFeed = 10
const defaultMaxBytes = 16 * 2 ** 20
/** The buffer of an unfinished line doubles, within these bounds. */
const minRoom = 1024
const maxRoom = 64 * 1024

/** A line that cannot be read as text, and why. */
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
 * Splits a text that arrives in chunks into lines, those of a chunk together. A line that is not UTF-8, or longer than
 * `maxBytes`, becomes a `BadLine`. An empty last line is left out. The memory of an unfinished line is counted in `hold`.
 */
export async function* linesIn(
	chunks: AsyncIterable<Uint8Array>,
	maxBytes = defaultMaxBytes,
	hold?: ByteHold,
): AsyncGenerator<(string | BadLine)[]> {
	const tooLong = new BadLine('too-large', `a line is at most ${maxBytes} bytes`)
	const open = new OpenLine(hold)
	let isSkipped = false
	for await (const chunk of asUtf8(chunks)) {
		const last = chunk.lastIndexOf(lineFeed)
		if (last >= 0) {
			const lines = linesOf(open.end(chunk.subarray(0, last)), maxBytes, tooLong)
			// The rest of a line that was already reported as too long.
			if (isSkipped) lines.shift()
			yield lines
			isSkipped = false
		}
		if (isSkipped) continue
		await open.add(chunk.subarray(last + 1))
		if (open.length <= maxBytes) continue
		yield [tooLong]
		open.end()
		isSkipped = true
	}
	if (open.length > 0) yield linesOf(open.end(), maxBytes, tooLong)
}

/** The beginning of an unfinished line, in pieces of any size. Small pieces are joined. */
class OpenLine {
	length = 0
	private readonly parts: Uint8Array[] = []
	/** The last piece, and how much of it is filled. */
	private room = new Uint8Array(0)
	private filled = 0
	private held = 0
	private readonly hold: ByteHold | undefined

	constructor(hold: ByteHold | undefined) {
		this.hold = hold
	}

	async add(more: Uint8Array): Promise<void> {
		if (this.filled + more.length > this.room.length) {
			const size = Math.max(more.length, minRoom, Math.min(this.length, maxRoom))
			await this.hold?.take(size)
			this.held += size
			this.parts.push(this.room.subarray(0, this.filled))
			this.room = new Uint8Array(size)
			this.filled = 0
		}
		this.room.set(more, this.filled)
		this.filled += more.length
		this.length += more.length
	}

	/** The whole line, with its last part. */
	end(last: Uint8Array = new Uint8Array(0)): Uint8Array {
		const whole = this.length === 0 ? last : this.joined(last)
		this.hold?.give(this.held)
		this.parts.length = 0
		this.room = new Uint8Array(0)
		this.filled = this.held = this.length = 0
		return whole
	}

	private joined(last: Uint8Array): Uint8Array {
		const all = new Uint8Array(this.length + last.length)
		let at = 0
		for (const part of [...this.parts, this.room.subarray(0, this.filled), last]) {
			all.set(part, at)
			at += part.length
		}
		return all
	}
}

function linesOf(bytes: Uint8Array, maxBytes: number, tooLong: BadLine): (string | BadLine)[] {
	const text = decodeUtf8(bytes)
	if (text !== undefined && bytes.length <= maxBytes) return text.split('\n')
	if (text !== undefined) return text.split('\n').map((line) => (isLonger(line, maxBytes) ? tooLong : line))
	const lines: (string | BadLine)[] = []
	for (let from = 0; from <= bytes.length; ) {
		const end = bytes.indexOf(lineFeed, from)
		const to = end < 0 ? bytes.length : end
		const line = bytes.subarray(from, to)
		if (line.length > maxBytes) lines.push(tooLong)
		else lines.push(isUtf8(line) ? (decodeUtf8(line) as string) : notUtf8)
		from = to + 1
	}
	return lines
}

/** The limit is in bytes: only a line near it has to be encoded to be measured. */
const isLonger = (line: string, maxBytes: number) =>
	line.length * 3 > maxBytes && new TextEncoder().encode(line).length > maxBytes
