import type { ByteReader, ByteWriter } from '../inputs/bytes.ts'
import { ExactSum } from '../inputs/exact-sum.ts'
import { readCount, readSum, writeCount, writeSum } from './numbers.ts'

/** Whole counts of one group, in this order; then ten score bins over labelled rows, two counts each. */
export const groupCounts = [
	'n', 'decided', 'selected', 'tp', 'fp', 'tn', 'fn', 'labelled', 'positives', 'scored',
] as const // biome-ignore format: a list to be read at a glance
export const binCount = 10
const sums = 2 + binCount
const fields = groupCounts.length + 2 * binCount

/** What is known of one group of one attribute. All of it adds, exactly and in any order; deltas may be negative. */
export class GroupSummary {
	readonly counts = new Float64Array(fields)
	/** Sum of scores, of their squares, and of the scores of labelled rows by bin. */
	readonly sums: (ExactSum | undefined)[] = []

	add(field: (typeof groupCounts)[number], times: number): void {
		const at = groupCounts.indexOf(field)
		this.counts[at] = (this.counts[at] as number) + times
	}

	get(field: (typeof groupCounts)[number]): number {
		return this.counts[groupCounts.indexOf(field)] as number
	}

	addScore(score: number, times: number): void {
		this.add('scored', times)
		this.addTo(0, score * times)
		this.addTo(1, score * score * times)
	}

	/** A labelled row with a score in [0, 1]. */
	addToBin(score: number, isPositive: boolean, times: number): void {
		const bin = Math.min(binCount - 1, Math.floor(score * binCount))
		const at = groupCounts.length + 2 * bin
		this.counts[at] = (this.counts[at] as number) + times
		if (isPositive) this.counts[at + 1] = (this.counts[at + 1] as number) + times
		this.addTo(2 + bin, score * times)
	}

	bin(bin: number): { n: number; positives: number; scoreSum: number } {
		const at = groupCounts.length + 2 * bin
		return {
			n: this.counts[at] as number,
			positives: this.counts[at + 1] as number,
			scoreSum: this.sums[2 + bin]?.value() ?? 0,
		}
	}

	sum(at: 0 | 1): number {
		return this.sums[at]?.value() ?? 0
	}

	private addTo(at: number, value: number): void {
		let sum = this.sums[at]
		if (!sum) {
			sum = new ExactSum()
			this.sums[at] = sum
		}
		sum.add(value)
	}

	merge(other: GroupSummary): void {
		for (let i = 0; i < fields; i++) this.counts[i] = (this.counts[i] as number) + (other.counts[i] as number)
		for (let i = 0; i < sums; i++) {
			const part = other.sums[i]
			if (!part) continue
			const own = this.sums[i]
			if (own) own.merge(part)
			else {
				const sum = new ExactSum()
				sum.merge(part)
				this.sums[i] = sum
			}
		}
	}

	write(out: ByteWriter): void {
		let mask = 0
		this.counts.forEach((c, i) => {
			if (c !== 0) mask += 2 ** i
		})
		out.varint(mask)
		for (const c of this.counts) if (c !== 0) writeCount(out, c)
		const used = Array.from({ length: sums }, (_, i) => i).filter((i) => this.sums[i]?.parts().limbs.length)
		out.byte(used.length)
		for (const i of used) {
			out.byte(i)
			writeSum(out, this.sums[i] as ExactSum)
		}
	}

	/** Adds what `write` wrote. */
	read(input: ByteReader): void {
		let mask = input.varint()
		for (let i = 0; mask > 0; i++, mask = Math.floor(mask / 2))
			if (mask % 2 === 1) this.counts[i] = (this.counts[i] as number) + readCount(input)
		for (let left = input.byte(); left > 0; left--) {
			const i = input.byte()
			let sum = this.sums[i]
			if (!sum) {
				sum = new ExactSum()
				this.sums[i] = sum
			}
			readSum(input, sum)
		}
	}
}
