import { AppError } from '../core/errors.ts'
import type { Column } from './columns.ts'
import { doubled } from './memory.ts'
import { attach, type Table, type Wanted } from './read-table.ts'

const [quote, comma, lineFeed, carriageReturn] = [34, 44, 10, 13]
/** A record over this has most likely a quote that is left open. */
const mostBytes = 16 * 2 ** 20
const decoder = new TextDecoder()

/**
 * Reads a CSV table (RFC 4180: comma, double quotes, a header line) into columns. Only the cells that somebody takes
 * become more than bytes. Throws `malformed` with the line. A chunk is not looked at after the next was asked for.
 */
export async function readCsv(chunks: AsyncIterable<Uint8Array>, wanted: readonly Wanted[]): Promise<Table> {
	const reader = new CsvReader(wanted)
	for await (const chunk of chunks) reader.add(chunk)
	return reader.end()
}

class CsvReader {
	private buffer = new Uint8Array(512 * 1024)
	private length = 0
	private line = 1
	private rows = 0
	private columns: (readonly Column[])[] | undefined
	/** Of the record at hand: where its cells begin and end, in the buffer or, behind it, among the unquoted ones. */
	private starts = new Int32Array(64)
	private ends = new Int32Array(64)
	private cells = 0
	private linesInRecord = 0
	private unquoted: (Uint8Array | undefined)[] = []
	private hasQuotes = false
	private names: string[] = []
	private readonly wanted: readonly Wanted[]

	constructor(wanted: readonly Wanted[]) {
		this.wanted = wanted
	}

	add(chunk: Uint8Array): void {
		if (this.length + chunk.length > this.buffer.length)
			this.buffer = doubled(this.buffer, this.length + chunk.length)
		this.buffer.set(chunk, this.length)
		this.length += chunk.length
		this.take(false)
	}

	end(): Table {
		this.take(true)
		if (this.columns === undefined)
			throw new AppError('malformed', 'The file is empty: it has no header line.')
		return { rows: this.rows, names: this.names }
	}

	/** All whole records of the buffer; what is left of the next goes to its beginning. */
	private take(isLast: boolean): void {
		let at = this.rows === 0 && this.columns === undefined ? this.skipMark(isLast) : 0
		while (at >= 0 && at < this.length) {
			const next = this.scan(at, isLast)
			if (next < 0) break
			this.takeRecord()
			at = next
		}
		if (at < 0) return
		this.buffer.copyWithin(0, at, this.length)
		this.length -= at
		if (this.length > mostBytes)
			throw new AppError(
				'malformed',
				`Line ${this.line} of the file begins a record of over ${mostBytes} bytes: is a quote left open?`,
			)
	}

	/** Behind a byte order mark; -1 while too little is there to tell. */
	private skipMark(isLast: boolean): number {
		if (this.length < 3 && !isLast) return -1
		const [a, b, c] = this.buffer
		return this.length >= 3 && a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0
	}

	/** Finds the cells of the record at `at`; answers where the next begins, or -1 when its end is not here yet. */
	private scan(at: number, isLast: boolean): number {
		const { buffer, length } = this
		this.cells = 0
		this.linesInRecord = 1
		this.hasQuotes = false
		let from = at
		for (;;) {
			let to = from
			let start = from
			if (buffer[from] === quote && from < length) {
				to = this.closing(from + 1)
				if (to < 0) return isLast ? this.fail('a quote is not closed') : -1
				start = from + 1
				this.addQuoted(start, to)
				to++
				if (to < length && buffer[to] === carriageReturn) to++
				if (to < length && buffer[to] !== comma && buffer[to] !== lineFeed)
					this.fail('text stands behind a closing quote')
			} else {
				let byte = 0
				while (to < length) {
					byte = buffer[to] as number
					if (byte === comma || byte === lineFeed) break
					to++
				}
				if (to < length || isLast) {
					const isEnd = (byte === lineFeed || to === length) && to > from && buffer[to - 1] === carriageReturn
					this.addCell(start, isEnd ? to - 1 : to)
				}
			}
			if (to >= length) return isLast ? length : -1
			if (buffer[to] === lineFeed) return to + 1
			from = to + 1
		}
	}

	/** The closing quote of a cell whose text begins at `at`; -1 when it is not here. */
	private closing(at: number): number {
		const { buffer, length } = this
		for (let i = at; i < length; i++) {
			if (buffer[i] === lineFeed) this.linesInRecord++
			if (buffer[i] !== quote) continue
			// Whether a quote is doubled shows in the byte behind it, which may not be here yet.
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

	private takeRecord(): void {
		const isEmpty = this.cells === 1 && this.starts[0] === this.ends[0] && !this.hasQuotes
		const { columns } = this
		if (!isEmpty) {
			if (columns === undefined) this.takeHeader()
			else if (this.cells !== columns.length)
				this.fail(`it has ${this.cells} cells, and the header ${columns.length}`)
			else {
				for (let i = 0; i < columns.length; i++) {
					const takers = columns[i] as readonly Column[]
					if (takers.length > 0) this.give(takers, i)
				}
				this.rows++
			}
		}
		this.line += this.linesInRecord
	}

	private give(takers: readonly Column[], cell: number): void {
		const text = this.hasQuotes ? this.unquoted[cell] : undefined
		for (const taker of takers)
			if (text) taker.addBytes(text, 0, text.length)
			else taker.addBytes(this.buffer, this.starts[cell] as number, this.ends[cell] as number)
	}

	private takeHeader(): void {
		this.names = Array.from({ length: this.cells }, (_, i) => {
			const bytes = this.unquoted[i] ?? this.buffer.subarray(this.starts[i], this.ends[i])
			return decoder.decode(bytes).trim()
		})
		this.columns = attach(this.wanted, this.names)
	}

	private fail(what: string): never {
		throw new AppError('malformed', `Line ${this.line} of the file is not CSV: ${what}.`)
	}
}

/** Whether the quote at `at` is the second of a doubled one. */
function isSecond(text: Uint8Array, at: number): boolean {
	let before = 0
	for (let i = at - 1; i >= 0 && text[i] === quote; i--) before++
	return before % 2 === 1
}
