import { ArtifactError } from '../model.ts'
import { NumberScanner } from './number-scanner.ts'

const utf8 = new TextDecoder()
const lineFeed = 10

/** A line of the file: its name up to `=`, and where its value stands. A line without `=` has no value. */
export type Line = { name: string; from: number; to: number; tagged: boolean }

/** Reads the lines of a LightGBM file in place: a file of 200 MB never becomes one string. */
export class LineReader {
	readonly bytes: Uint8Array
	readonly #scanner: NumberScanner
	at = 0

	constructor(bytes: Uint8Array) {
		this.bytes = bytes
		this.#scanner = new NumberScanner(bytes)
	}

	/** The next line, or undefined at the end of the file. */
	next(): Line | undefined {
		if (this.at >= this.bytes.length) return undefined
		const from = this.at
		const feed = this.bytes.indexOf(lineFeed, from)
		const end = feed < 0 ? this.bytes.length : feed
		this.at = end + 1
		const to = end > from && this.bytes[end - 1] === 13 ? end - 1 : end
		// Names are short; only the first bytes are looked through for the sign.
		const sign = this.bytes.subarray(from, Math.min(to, from + 100)).indexOf(61)
		const name = utf8.decode(this.bytes.subarray(from, sign < 0 ? Math.min(to, from + 100) : from + sign))
		return { name, from: sign < 0 ? from : from + sign + 1, to, tagged: sign >= 0 }
	}

	text(line: Line): string {
		return utf8.decode(this.bytes.subarray(line.from, line.to))
	}

	/** The numbers of a line, which has to have `count` of them. */
	numbers(line: Line, count: number): Float64Array {
		const fail = (what: string): never => {
			throw new ArtifactError(`The line ${line.name} ${what}: the file is damaged or cut off.`)
		}
		// A number and a space take two bytes: the count is only a claim until the bytes are there.
		if (count > line.to - line.from + 1) fail(`is too short for ${count} numbers`)
		const numbers = new Float64Array(count)
		const scanner = this.#scanner
		scanner.at = line.from
		for (let i = 0; i < count; i++) {
			while (this.bytes[scanner.at] === 32) scanner.at++
			const value = scanner.at < line.to ? scanner.number() : undefined
			if (value === undefined || scanner.at > line.to) fail(`has no ${i + 1}th number of ${count}`)
			numbers[i] = value as number
		}
		while (this.bytes[scanner.at] === 32) scanner.at++
		if (scanner.at !== line.to) fail(`has more than ${count} numbers`)
		return numbers
	}
}
