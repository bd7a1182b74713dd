import { getOrInsert } from '../../core/maps.ts'
import { ByteReader, ByteWriter } from '../inputs/bytes.ts'
import { addEncodedOutcomes, decodeOutcomeSummary, encodeOutcomeSummary } from './encoding.ts'
import { emptyOutcomeSummary, type OutcomeSummary } from './outcome-summary.ts'

const maxPairs = 20_000
const formatVersion = 1

/** Rows with known outcomes, such as those of a baseline: their outcome summaries by month and, for regression, a sample. */
export class LabelledRows {
	/** By month, counted from year 0; rows without a time are in month 0. */
	readonly periods = new Map<number, OutcomeSummary>()
	/** Predicted and actual, an even sample. */
	pairs: [number, number][] = []
	private stride = 1
	private seen = 0

	periodOf(atMs: number): OutcomeSummary {
		const at = new Date(atMs)
		const month = Number.isNaN(atMs) ? 0 : at.getUTCFullYear() * 12 + at.getUTCMonth()
		return getOrInsert(this.periods, month, emptyOutcomeSummary)
	}

	/** Keeps every second, fourth, ... pair as the number grows. */
	addPair(predicted: number, actual: number): void {
		if (this.seen++ % this.stride !== 0) return
		this.pairs.push([predicted, actual])
		if (this.pairs.length <= 2 * maxPairs) return
		this.pairs = this.pairs.filter((_, i) => i % 2 === 0)
		this.stride *= 2
	}

	get labelled(): number {
		return [...this.periods.values()].reduce((sum, outcomeSummary) => sum + outcomeSummary.labelled, 0)
	}

	/** All months together. */
	whole(): OutcomeSummary {
		const total = emptyOutcomeSummary()
		for (const outcomeSummary of this.periods.values())
			addEncodedOutcomes(total, encodeOutcomeSummary(outcomeSummary))
		return total
	}

	encode(): Uint8Array<ArrayBuffer> {
		const out = new ByteWriter()
		out.byte(formatVersion)
		out.varint(this.periods.size)
		for (const [month, outcomeSummary] of [...this.periods].sort((a, b) => a[0] - b[0])) {
			const bytes = encodeOutcomeSummary(outcomeSummary)
			out.varint(month)
			out.varint(bytes.length)
			out.raw(bytes)
		}
		out.varint(this.pairs.length)
		for (const [predicted, actual] of this.pairs) {
			out.double(predicted)
			out.double(actual)
		}
		return out.bytes()
	}

	static decode(bytes: Uint8Array): LabelledRows {
		const input = new ByteReader(bytes)
		const version = input.byte()
		if (version !== formatVersion) throw new RangeError(`unknown labelled rows format ${version}`)
		const rows = new LabelledRows()
		for (let left = input.varint(); left > 0; left--)
			rows.periods.set(input.varint(), decodeOutcomeSummary(input.raw(input.varint())))
		for (let left = input.varint(); left > 0; left--) rows.pairs.push([input.double(), input.double()])
		return rows
	}
}
