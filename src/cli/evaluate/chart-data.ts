import { roundTicks } from '../../charts/scale.ts'
import type { ScoreCounts } from '../../stats/score-counts.ts'
import { firstLabel, type Rows } from './rows.ts'

/**
 * Counts at no more than `most` scores: neighbours are joined at the lowest of their scores. A curve over them has its
 * points on the whole curve, only fewer.
 */
export function thinned(counts: ScoreCounts, most: number): ScoreCounts {
	const { scores, positives, negatives } = counts
	if (scores.length <= most) return counts
	const rows = sum(positives) + sum(negatives)
	const kept: [score: number, p: number, n: number][] = []
	let [before, last] = [0, -1]
	for (let i = 0; i < scores.length; i++) {
		const [p, n] = [positives[i] as number, negatives[i] as number]
		const slot = Math.floor((before / rows) * most)
		if (slot !== last) kept.push([scores[i] as number, 0, 0])
		const cell = kept.at(-1) as (typeof kept)[0]
		cell[1] += p
		cell[2] += n
		last = slot
		before += p + n
	}
	const column = (at: 0 | 1 | 2) => Float64Array.from(kept, (cell) => cell[at])
	return { scores: column(0), positives: column(1), negatives: column(2) }
}

export const sum = (values: ArrayLike<number>): number => {
	let total = 0
	for (let i = 0; i < values.length; i++) total += values[i] as number
	return total
}

/** The cell between edges that a value is in; the last one is closed. */
export function cellOf(edges: readonly number[], x: number): number {
	const [low, high] = [edges[0] as number, edges.at(-1) as number]
	const cells = edges.length - 1
	const share = (x / 2 - low / 2) / (high / 2 - low / 2)
	return Math.min(cells - 1, Math.max(0, Math.floor(share * cells + 1e-9)))
}

/** Shares of positives and of negatives by score. */
export function scoreHistogram({ scores, positives, negatives }: ScoreCounts, cells = 25) {
	const [low, high] = [scores[0] ?? 0, scores.at(-1) ?? 1]
	const edges = low >= 0 && high <= 1 ? roundTicks(0, 1, cells) : roundTicks(low, high, cells)
	const [p, n] = [new Float64Array(edges.length - 1), new Float64Array(edges.length - 1)]
	for (let i = 0; i < scores.length; i++) {
		const cell = cellOf(edges, scores[i] as number)
		p[cell] = (p[cell] as number) + (positives[i] as number)
		n[cell] = (n[cell] as number) + (negatives[i] as number)
	}
	return { edges, positives: p, negatives: n }
}

export type Decile = { n: number; predicted: number; actual: number }

/** A regression's labelled rows, by prediction, in ten parts: mean prediction and mean outcome of each. */
export function deciles({ scores, values, labels }: Rows): Decile[] {
	const used = Uint32Array.from(scores.keys()).filter(
		(row) => labels[row] === firstLabel && !Number.isNaN(scores[row]),
	)
	used.sort((a, b) => (scores[a] as number) - (scores[b] as number))
	return Array.from({ length: 10 }, (_, i) => {
		const part = used.subarray((used.length * i) / 10, (used.length * (i + 1)) / 10)
		const mean = (column: Float64Array) =>
			sum(Float64Array.from(part, (row) => (column[row] as number) / part.length))
		return { n: part.length, predicted: mean(scores), actual: mean(values) }
	}).filter((d) => d.n > 0)
}

/** Prediction less outcome, in cells over all but the outermost hundredths; those are in the end cells. */
export function residuals({ scores, values, labels }: Rows, cells = 25) {
	const errors = scores
		.map((score, row) => (labels[row] === firstLabel ? score - (values[row] as number) : Number.NaN))
		.map((e) => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, e)))
		.filter((e) => !Number.isNaN(e))
		.sort()
	const quantile = (q: number) => errors[Math.min(errors.length - 1, Math.floor(q * errors.length))] as number
	if (errors.length === 0) return { edges: [0, 1], counts: new Float64Array(1) }
	const edges = roundTicks(quantile(0.005), quantile(0.995), cells)
	const counts = new Float64Array(edges.length - 1)
	for (const e of errors) {
		const cell = cellOf(edges, e)
		counts[cell] = (counts[cell] as number) + 1
	}
	return { edges, counts }
}
