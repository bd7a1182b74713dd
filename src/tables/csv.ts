import type { ByteHold } from '../core/byte-budget.ts'
import { AppError } from '../core/errors.ts'
import { asUtf8, NotUtf8, textOf } from '../core/utf8.ts'
import { doubled } from './memory.ts'

const [quote, comma, lineFeed, carriageReturn] = [34, 44, 10, 13]
/** Bytes that are read to find the line ending of a file. */
const lookahead = 65_536
const maxCells = 100_000

/** Receives text cells as bytes. */
export type TakesBytes = { addBytes(bytes: Uint8Array, from: number, to: number): void }

/** The current record; valid until the next one is read. */
export type CsvRecord = {
	/** The line of the file where it begins, from 1. */
	readonly line: number
	readonly cells: number
	/** Throws `NotUtf8`. */
	text(cell: number): string
	give(cell: number, taker: TakesBytes): void
}

/** What is wrong with a record. */
export class CsvFault extends Error {
	readonly line: number

	constructor(line: number, message: string) {
		super(message)
		this.line = line
	}
}

/** A record over the limit, most likely because a quote is not closed. */
export class CsvTooLong extends CsvFault {}

/**
 * Reads the records of a CSV table (RFC 4180: comma, double quotes; lines end with LF, CRLF or CR), the header first.
 * Empty lines are skipped. A chunk is not used after the next one is requested. Throws `CsvFault`.
 */
export async function readRecords(
	chunks: AsyncIterable<Uint8Array>,
	maxBytes: number,
	take: (record: CsvRecord) => void,
): Promise<void> {
	const scanner = new Scanner(maxBytes, take)
	for await (const chunk of asUtf8(chunks)) scanner.add(chunk)
	scanner.end()
}

/** The records as texts, those of a chunk together. A record that is not UTF-8 is a `CsvFault` in its place. */
export async function* textRecords(
	chunks: AsyncIterable<Uint8Array>,
	maxBytes: number,
	hold?: ByteHold,
): AsyncGenerator<(string[] | CsvFault)[]> {
	let found: (string[] | CsvFault)[] = []
	let header: string[] | undefined
	const scanner = new Scanner(maxBytes, (record) => {
		if (record.cells > maxCells)
			throw new AppError('too-large', `Line ${record.line} has ${record.cells} cells; at most ${maxCells}.`)
		const cells = textsOf(record)
		if (header === undefined && cells instanceof CsvFault) throw cells
		header ??= cells as string[]
		if (record.cells !== header.length) {
			// A table with semicolons and decimal commas looks like records of different lengths.
			requireCommas(header)
			throw wrongLength(record, header.length)
		}
		found.push(cells)
	})
	for await (const chunk of asUtf8(chunks)) {
		const { length } = scanner.buffer
		scanner.add(chunk)
		if (scanner.buffer.length > length) await hold?.take(scanner.buffer.length - length)
		yield found
		found = []
	}
	scanner.end()
	yield found
}

function textsOf(record: CsvRecord): string[] | CsvFault {
	try {
		return Array.from({ length: record.cells }, (_, i) => record.text(i))
	} catch (error) {
		if (error instanceof NotUtf8) return new CsvFault(record.line, error.message)
		throw error
	}
}

export const wrongLength = ({ line, cells }: CsvRecord, columns: number): CsvFault =>
	new CsvFault(line, `it has ${cells} cells, and the header has ${columns}`)

const separators: Record<string, string> = { ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

/** Throws when the header uses another separator. */
export function requireCommas(names: readonly string[]): void {
	const found = names.length === 1 ? /[;\t|]/.exec(names[0] as string)?.[0] : undefined
	if (found !== undefined) throw otherSeparator(found)
}

const otherSeparator = (found: string) =>
	new AppError(
		'malformed',
		`The columns of the table are not separated by commas but by ${separators[found]}: write it with commas, and numbers with a point.`,
	)

class Scanner implements CsvRecord {
	line = 1
	cells = 0
	buffer = new Uint8Array(64 * 1024)
	private length = 0
	/** The length of the unfinished record; it is scanned again when it has grown by a quarter. */
	private unended = 0
	private isFirst = true
	private lineEnd = lineFeed
	/** Where the cells of the current record begin and end in the buffer. */
	private starts = new Int32Array(64)
	private ends = new Int32Array(64)
	private linesInRecord = 0
	/** Cells with doubled quotes, unescaped. */
	private unquoted: (Uint8Array | undefined)[] = []
	private hasQuotes = false
	private readonly maxBytes: number
	private readonly onRecord: (record: CsvRecord) => void

	constructor(maxBytes: number, onRecord: (record: CsvRecord) => void) {
		this.maxBytes = maxBytes
		this.onRecord = onRecord
	}

	text(cell: number): string {
		const bytes = this.unquotedAt(cell) ?? this.buffer.subarray(this.starts[cell], this.ends[cell])
		return textOf(bytes)
	}

	give(cell: number, taker: TakesBytes): void {
		const bytes = this.unquotedAt(cell)
		if (bytes) taker.addBytes(bytes, 0, bytes.length)
		else taker.addBytes(this.buffer, this.starts[cell] as number, this.ends[cell] as number)
	}

	add(chunk: Uint8Array): void {
		if (this.length + chunk.length > this.buffer.length)
			this.buffer = doubled(this.buffer, this.length + chunk.length)
		this.buffer.set(chunk, this.length)
		this.length += chunk.length
		this.take(false)
	}

	end(): void {
		this.take(true)
	}

	/** Takes all whole records of the buffer; the rest moves to its beginning. */
	private take(isLast: boolean): void {
		if (this.isFirst && !this.findEnd(isLast)) return
		// Each scan begins at the record's start: scanning after every chunk would be quadratic in its length.
		if (!isLast && this.length < this.unended * 1.25) return
		let at = 0
		while (at < this.length) {
			// Skip empty lines.
			for (; this.buffer[at] === this.lineEnd && at < this.length; at++) this.line++
			if (at === this.length) break
			const next = this.scan(at, isLast)
			if (next < 0) break
			if (next - at > this.maxBytes) this.failTooLong()
			this.takeRecord()
			at = next
		}
		this.buffer.copyWithin(0, at, this.length)
		this.length -= at
		this.unended = this.length
		if (this.length > this.maxBytes) this.failTooLong()
	}

	/** Finds the line ending: a carriage return in files without line feeds. False while there are too few bytes to know. */
	private findEnd(isLast: boolean): boolean {
		const head = this.buffer.subarray(0, this.length)
		if (!head.includes(lineFeed)) {
			if (!isLast && this.length < lookahead) return false
			if (head.includes(carriageReturn)) this.lineEnd = carriageReturn
		}
		this.isFirst = false
		return true
	}

	/** Finds the cells of the record at `at`. Returns where the next begins, or -1 when its end has not arrived. */
	private scan(at: number, isLast: boolean): number {
		const { buffer, length, lineEnd } = this
		this.cells = 0
		this.linesInRecord = 1
		this.hasQuotes = false
		let from = at
		for (;;) {
			let to = from
			let start = from
			if (buffer[from] === quote && from < length) {
				to = this.closing(from + 1)
				if (to < 0 && isLast && length - at > this.maxBytes) this.failTooLong()
				if (to < 0) return isLast ? this.fail('a quote is not closed') : -1
				start = from + 1
				this.addQuoted(start, to)
				to++
				if (to < length && buffer[to] === carriageReturn && lineEnd === lineFeed) to++
				if (to < length && buffer[to] !== comma && buffer[to] !== lineEnd) this.failAfterQuote(to)
			} else {
				let byte = 0
				while (to < length) {
					byte = buffer[to] as number
					if (byte === comma || byte === lineEnd) break
					to++
				}
				if (to < length || isLast) {
					const isEnd = (byte === lineEnd || to === length) && to > from && buffer[to - 1] === carriageReturn
					this.addCell(start, isEnd ? to - 1 : to)
				}
			}
			if (to >= length) return isLast ? length : -1
			if (buffer[to] === lineEnd) return to + 1
			from = to + 1
		}
	}

	/** The position of a cell's closing quote, searched from `at`; -1 when it has not arrived. */
	private closing(at: number): number {
		const { buffer, length, lineEnd } = this
		for (let i = at; i < length; i++) {
			if (buffer[i] === lineEnd) this.linesInRecord++
			if (buffer[i] !== quote) continue
			// The next byte shows whether a quote is doubled; it may not have arrived.
			if (buffer[i + 1] === quote && i + 1 < length) i++
			else return i
		}
		return -1
	}

	private addCell(from: number, to: number): void {
		if (this.cells === this.starts.length) {
			this.starts = doubled(this.starts)
			this.ends = doubled(this.ends)
		}
		this.starts[this.cells] = from
		this.ends[this.cells] = to
		this.cells++
	}

	private addQuoted(from: number, to: number): void {
		this.addCell(from, to)
		if (!this.hasQuotes) this.unquoted = []
		this.hasQuotes = true
		const text = this.buffer.subarray(from, to)
		if (!text.includes(quote)) return
		this.unquoted[this.cells - 1] = text.filter((byte, i) => byte !== quote || !isSecond(text, i))
	}

	private unquotedAt(cell: number): Uint8Array | undefined {
		return this.hasQuotes ? this.unquoted[cell] : undefined
	}

	private takeRecord(): void {
		const isEmpty = this.cells === 1 && this.starts[0] === this.ends[0] && !this.hasQuotes
		if (!isEmpty) this.handOn()
		this.line += this.linesInRecord
	}

	private handOn(): void {
		try {
			this.onRecord(this)
		} catch (error) {
			throw error instanceof NotUtf8 ? new CsvFault(this.line, error.message) : error
		}
	}

	/** In the header, this byte is most likely another separator. */
	private failAfterQuote(at: number): never {
		const found = String.fromCharCode(this.buffer[at] as number)
		if (this.line === 1 && found in separators) throw otherSeparator(found)
		return this.fail('there is text after a closing quote')
	}

	private fail(what: string): never {
		throw new CsvFault(this.line, what)
	}

	private failTooLong(): never {
		throw new CsvTooLong(
			this.line,
			`a record of over ${this.maxBytes} bytes begins here: is a quote left open?`,
		)
	}
}

/** Whether the quote at `at` is the second of a doubled one. */
function isSecond(text: Uint8Array, at: number): boolean {
	let before = 0
	for (let i = at - 1; i >= 0 && text[i] === quote; i--) before++
	return before % 2 === 1
}
