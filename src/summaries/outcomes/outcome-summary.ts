import { getOrInsert } from '../../core/maps.ts'
import type { ByteReader, ByteWriter } from '../inputs/bytes.ts'
import { textHash } from '../inputs/columns.ts'
import { ExactSum, readCount, readSum, writeCount, writeSum } from '../inputs/exact-sum.ts'

/** The counts of one group, in this order; ten score bins over labelled rows follow, with two counts each. */
export const groupCounts = [
	'n', 'decided', 'selected', 'tp', 'fp', 'tn', 'fn', 'labelled', 'positives', 'scored',
] as const // biome-ignore format: a list to be read at a glance
export const scoreBinCount = 10
const sums = 2 + scoreBinCount
const fields = groupCounts.length + 2 * scoreBinCount

/** The summary of one group of one attribute. Summaries add up exactly, in any order; deltas may be negative. */
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
		const bin = Math.min(scoreBinCount - 1, Math.floor(score * scoreBinCount))
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

/** Rows at one score: all of them, then those with each actual, in the order of `OutcomeSummary.actuals`. */
export type ScoreBin = number[]

/** Bins by score. Rows without a score are at NaN. */
export type ScoreBins = Map<number, ScoreBin>

/**
 * The rows of a window and their outcomes, from which performance and fairness are computed. Summaries add up exactly, in
 * any order, so a late outcome is one more delta and nothing is read again. A corrected outcome is a negative delta of the
 * old one and a positive delta of the new one.
 */
export type OutcomeSummary = {
	predictions: number
	/** Predictions with an outcome, with an outcome that can never be known, and with one that is not a label of the task. */
	labelled: number
	never: number
	unusable: number
	/** The unusable ones by text; only the first texts are kept. */
	unknown: Map<string, number>
	/** Outcomes that replaced an earlier one. */
	corrections: number
	/** Predictions whose class probabilities are not a distribution. */
	improper: number
	/** 0: scores are exact. Each level drops bits of the scores' mantissas, and half of the queries. */
	level: number
	actuals: string[]
	/** By decision; '' where there is none. */
	bins: Map<string, ScoreBins>
	/** Ranking: by query. */
	queries: Map<string, ScoreBins>
	/** Multiclass: by class, bins by its probability: actual 0 is the class, 1 any other, `decidedAs` the decision. */
	classes: Map<string, ScoreBins>
	/** Regression: sums over labelled rows, in the order of `momentNames`; multiclass: in that of `brierNames`. */
	moments: ExactSum[]
	/** By attribute (or `A x B`), by value. */
	groups: Map<string, Map<string, GroupSummary>>
}

/** e = prediction - actual, y = actual; of rows with a score and a numeric outcome. `y2low`: the rounding errors of y2. */
export const momentNames = [
	'n', 'e', 'abs', 'e2', 'e4', 'e2y', 'e2y2', 'y', 'y2', 'y3', 'y4', 'ape', 'ape2', 'zeros', 'y2low', 'outside',
] as const // biome-ignore format: a list to be read at a glance

/** Multiclass: labelled rows with probabilities, the sum of their squared distances (Brier), and of its squares. */
export const brierNames = ['n', 'brier', 'brier2'] as const

/** The index at which a class's bins count the rows whose decision is that class, whatever their outcome. */
export const decidedAs = 2

export const emptyOutcomeSummary = (): OutcomeSummary => ({
	predictions: 0,
	labelled: 0,
	never: 0,
	unusable: 0,
	unknown: new Map(),
	corrections: 0,
	improper: 0,
	level: 0,
	actuals: [],
	bins: new Map(),
	queries: new Map(),
	classes: new Map(),
	moments: [],
	groups: new Map(),
})

export function actualIndex(outcomeSummary: OutcomeSummary, text: string): number {
	const known = outcomeSummary.actuals.indexOf(text)
	return known === -1 ? outcomeSummary.actuals.push(text) - 1 : known
}

/** Adds `times` rows at a score, with `actual` an index of `actuals`, or -1 for rows of any outcome. */
export function addToBins(bins: ScoreBins, score: number, actual: number, times: number): void {
	let bin = bins.get(score)
	if (!bin) {
		bin = [0]
		bins.set(score, bin)
	}
	while (bin.length <= actual + 1) bin.push(0)
	bin[actual + 1] = (bin[actual + 1] as number) + times
}

// Made once: these run for every row.
const newBins = (): ScoreBins => new Map()
const newGroups = () => new Map<string, GroupSummary>()
const newGroup = () => new GroupSummary()

export const binsOf = (map: Map<string, ScoreBins>, key: string): ScoreBins => getOrInsert(map, key, newBins)

export const groupOf = (outcomeSummary: OutcomeSummary, attribute: string, value: string): GroupSummary =>
	getOrInsert(getOrInsert(outcomeSummary.groups, attribute, newGroups), value, newGroup)

export function momentOf(outcomeSummary: OutcomeSummary, at: number): ExactSum {
	let sum = outcomeSummary.moments[at]
	if (!sum) {
		while (outcomeSummary.moments.length <= at) outcomeSummary.moments.push(new ExactSum())
		sum = outcomeSummary.moments[at] as ExactSum
	}
	return sum
}

const maxUnknown = 20

/** Adds rows whose outcome is not a label. */
export function addUnknown({ unknown }: OutcomeSummary, text: string, times: number): void {
	const rows = (unknown.get(text) ?? 0) + times
	if (rows === 0) unknown.delete(text)
	else if (unknown.has(text) || unknown.size < maxUnknown) unknown.set(text, rows)
}

/** A summary with at most this many distinct scores (for ranking, query-score pairs) is exact. */
export const maxBins = 65_536
const bitsDropped = [0, 28, 32, 36, 38, 40, 42, 44, 46]
const lastLevel = bitsDropped.length - 1

const double = new Float64Array(1)
const bits = new BigUint64Array(double.buffer)

/** The score that represents all with the same mantissa bits at a level: the middle of their range. */
export function scoreAt(level: number, score: number): number {
	const drop = bitsDropped[level] as number
	if (drop === 0 || !Number.isFinite(score) || score === 0) return score
	double[0] = score
	const shift = BigInt(drop)
	bits[0] = (((bits[0] as bigint) >> shift) << shift) | (1n << (shift - 1n))
	return double[0] as number
}

/** Significant decimal digits of a score at a level. */
export const keptDigits = (level: number): number =>
	Math.floor((53 - (bitsDropped[level] as number)) * Math.log10(2))

const sizeOf = (maps: Iterable<ScoreBins>): number => {
	let size = 0
	for (const bins of maps) size += bins.size
	return size
}

/** Whether a query is in the sample of a level: half of the previous level's, and the same in every summary. */
export const isSampled = (level: number, query: string): boolean =>
	level === 0 || textHash(query) % 2 ** level === 0

/** Raises a summary to a level: scores that become equal are merged, and queries outside the sample are dropped. */
export function raiseTo(outcomeSummary: OutcomeSummary, level: number): void {
	if (level <= outcomeSummary.level) return
	outcomeSummary.level = level
	for (const query of outcomeSummary.queries.keys())
		if (!isSampled(level, query)) outcomeSummary.queries.delete(query)
	for (const map of [outcomeSummary.bins, outcomeSummary.classes])
		for (const [key, bins] of map) {
			const merged: ScoreBins = new Map()
			for (const [score, bin] of bins)
				for (let i = 0; i < bin.length; i++) addToBins(merged, scoreAt(level, score), i - 1, bin[i] as number)
			map.set(key, merged)
		}
}

/**
 * Merges scores until there are at most `maxBins`. Levels are nested, and a sum has at least as many bins as its parts, so
 * the result does not depend on the order of adding and merging.
 */
export function bound(outcomeSummary: OutcomeSummary): void {
	while (
		outcomeSummary.level < lastLevel &&
		(sizeOf(outcomeSummary.bins.values()) > maxBins ||
			sizeOf(outcomeSummary.queries.values()) > maxBins ||
			[...outcomeSummary.classes.values()].some((c) => c.size > maxBins))
	)
		raiseTo(outcomeSummary, outcomeSummary.level + 1)
}
