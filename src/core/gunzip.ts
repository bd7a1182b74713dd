import { AppError } from './errors.ts'

/** How a member of a gzip file begins (RFC 1952 2.3), as far as it is checked, and the size of its trailer. */
const headerBytes = 10
const trailerBytes = 8
/** How long to wait for the current member to end before bytes that look like a header count as its content. */
const settleMs = 500
const lookMs = 25
/** Limits against hostile input: members beyond one per kilobyte, and headers that turned out to be content. */
const maxMembers = 1000
const maxMistaken = 16

/**
 * Unpacks a gzip stream of one or several members (RFC 1952 2.2). The platform's decompressor reads a single member, so this
 * finds where members end. Throws `malformed` for damaged or truncated data.
 */
export function gunzip(packed: AsyncIterable<Uint8Array>, isTrusted = true): ReadableStream<Uint8Array> {
	const pieces = piecesOf(packed, isTrusted ? Number.POSITIVE_INFINITY : maxMembers)
	const looks = { left: isTrusted ? Number.POSITIVE_INFINITY : maxMistaken }
	let member = new Member(pieces, looks)
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				for (;;) {
					const bytes = await member.read()
					if (bytes) return controller.enqueue(bytes)
					if (!(await member.fed)) return controller.close()
					member = new Member(pieces, looks)
				}
			},
			// The decompressor is not cancelled: Node's then throws outside of any promise.
			cancel() {
				void pieces.return(undefined).catch(() => {})
			},
		},
		{ highWaterMark: 0 },
	)
}

/** Bytes to unpack. `size` is given when they end like a member of that size (modulo 2^32), before another one. */
type Piece = { bytes: Uint8Array<ArrayBuffer>; size?: number }

class Member {
	/** True when another member follows. */
	readonly fed: Promise<boolean>
	private readonly failed: Promise<never>
	private readonly reader: ReadableStreamDefaultReader<Uint8Array>
	private size = 0
	private isRead = false
	private onSize = () => {}
	private readonly looks: { left: number }

	constructor(pieces: AsyncGenerator<Piece, undefined>, looks: { left: number }) {
		this.looks = looks
		const { readable, writable } = new DecompressionStream('gzip')
		this.reader = readable.getReader()
		this.fed = this.feed(pieces, writable.getWriter())
		this.failed = new Promise((_resolve, reject) => {
			this.fed.catch(reject)
		})
		this.failed.catch(() => {})
	}

	async read(): Promise<Uint8Array | undefined> {
		try {
			this.isRead = true
			const { done, value } = await Promise.race([this.reader.read(), this.failed])
			this.isRead = false
			if (done) return undefined
			this.size += value.byteLength
			this.onSize()
			return value
		} catch (error) {
			throw damaged(error)
		}
	}

	private async feed(
		pieces: AsyncGenerator<Piece, undefined>,
		writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
	): Promise<boolean> {
		try {
			for (;;) {
				const { done, value } = await pieces.next()
				if (!done) await writer.write(value.bytes)
				const isEnd = !done && value.size !== undefined && (await this.reaches(value.size))
				if (!done && !isEnd) continue
				await writer.close()
				return isEnd
			}
		} catch (error) {
			throw damaged(error)
		}
	}

	/** Whether everything written unpacks to this many bytes. Time counts only while the output is read. */
	private async reaches(size: number): Promise<boolean> {
		for (let idleMs = 0; idleMs < settleMs; ) {
			if (this.size % 2 ** 32 === size) return true
			const isIdle = await new Promise<boolean>((resolve) => {
				const timer = setTimeout(() => resolve(true), lookMs)
				this.onSize = () => {
					clearTimeout(timer)
					resolve(false)
				}
			})
			idleMs = isIdle && this.isRead ? idleMs + lookMs : 0
		}
		if (this.looks.left-- <= 0) throw manyMembers()
		return false
	}
}

/** The bytes as they arrive, split where a member seems to begin. */
async function* piecesOf(
	packed: AsyncIterable<Uint8Array>,
	maxMembers: number,
): AsyncGenerator<Piece, undefined> {
	let left = maxMembers
	let held: Uint8Array<ArrayBuffer> = new Uint8Array(0)
	/** The last bytes of the current member that were passed on. */
	let last: Uint8Array<ArrayBuffer> = new Uint8Array(0)
	for await (const chunk of packed) {
		left += chunk.length / 1024
		const bytes = joined(held, chunk)
		let from = 0
		let at = headerAt(bytes, last.length === 0 ? 1 : 0)
		for (; at >= 0 && at + headerBytes <= bytes.length; at = headerAt(bytes, at + 1)) {
			const before = tail(last, bytes.subarray(from, at))
			if (before.length < trailerBytes) continue
			if (left-- <= 0) throw manyMembers()
			yield { bytes: bytes.subarray(from, at), size: sizeIn(before) }
			from = at
			last = before
		}
		const to = at < 0 ? bytes.length : at
		held = bytes.subarray(to)
		if (to === from) continue
		last = tail(last, bytes.subarray(from, to))
		yield { bytes: bytes.subarray(from, to) }
	}
	if (held.length > 0 && last.length === trailerBytes) yield { bytes: new Uint8Array(0), size: sizeIn(last) }
	if (held.length > 0) yield { bytes: held }
	return undefined
}

const manyMembers = () =>
	new AppError('too-large', 'The gzip data has too many small members. Pack it as one, or send it unpacked.')

/** The unpacked size of a member, modulo 2^32, from its trailer. */
const sizeIn = (trailer: Uint8Array<ArrayBuffer>) =>
	new DataView(trailer.buffer, trailer.byteOffset).getUint32(4, true)

/** Where a member's header, or the beginning of one, is found from `from` on; -1 if nowhere. */
function headerAt(bytes: Uint8Array, from: number): number {
	for (let at = bytes.indexOf(0x1f, from); at >= 0; at = bytes.indexOf(0x1f, at + 1)) {
		// Bytes that have not arrived yet may match.
		if ((bytes[at + 1] ?? 0x8b) === 0x8b && (bytes[at + 2] ?? 8) === 8 && (bytes[at + 3] ?? 0) < 32) return at
	}
	return -1
}

/** The last eight bytes of both together. */
function tail(before: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
	return joined(before, bytes.subarray(-trailerBytes)).slice(-trailerBytes)
}

/** Concatenates both, without a copy when the first is empty. */
function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
	if (a.length === 0) return new Uint8Array(b.buffer as ArrayBuffer, b.byteOffset, b.byteLength)
	const both = new Uint8Array(a.length + b.length)
	both.set(a)
	both.set(b, a.length)
	return both
}

function damaged(error: unknown): unknown {
	if (error instanceof AppError) return error
	const text = `${(error as Error).message} ${String((error as { cause?: unknown }).cause ?? '')}`
	if (/aborted|ECONNRESET|terminated|premature/i.test(text)) return error
	const what = /unexpected end|incomplete/i.test(text)
		? 'is cut off: copy or send it again'
		: /junk|trailing/i.test(text)
			? 'is followed by bytes that are not gzip'
			: 'is damaged'
	return new AppError('malformed', `The gzip data cannot be read: it ${what}.`, { cause: error })
}

/** The AppError of a body whose bytes could not be read or unpacked; other errors as they are. */
export function bodyError(error: unknown): unknown {
	if (error instanceof AppError) return error
	const text = String((error as { cause?: unknown }).cause ?? error)
	if (/gzip|header|zlib|Z_|unexpected end|incorrect|trailing|decompress|corrupt|invalid/i.test(text))
		return new AppError(
			'malformed',
			`The gzip body cannot be unpacked: ${text}. Nothing after the damage was read.`,
			{ cause: error },
		)
	if (/aborted|ECONNRESET|terminated|premature/i.test(text))
		return new AppError('malformed', 'The body ended early.', { cause: error })
	return error
}
