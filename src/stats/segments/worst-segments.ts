import { type Moments, momentsOf, studentUpperQuantile, welchGreater } from '../distributions.ts'
import { wilson } from '../estimate.ts'
import { holm } from '../multiple-tests.ts'
import { type Binned, type BinTest, binColumn, type Column, type Condition, textOf } from './columns.ts'
import { matching, searchSegments } from './search.ts'

export type Segment = {
	conditions: Condition[]
	/** The conditions in words. */
	text: string
	/** Rows of the segment among those it is tested on. */
	n: number
	/** Mean loss in the segment, with its 95% interval. */
	metric: number
	low: number
	high: number
	/** Mean loss of the rows outside. */
	restOfRows: number
	/** Shares in [0, 1]; NaN of a loss that sums to nothing. */
	shareOfRows: number
	shareOfLoss: number
	/** Welch's test, one-sided: is the mean loss in the segment greater than outside? */
	p: number
	/** By Holm, over all candidates. */
	adjusted: number
}

/** Tests candidates on `rows`, in the order given. Valid only if the candidates were found on other rows. */
export function testSegments(
	candidates: readonly { tests: BinTest[] }[],
	columns: readonly Binned[],
	loss: Float64Array,
	rows: Uint32Array,
): Segment[] {
	const whole = sumsOf(loss, rows)
	const evaluated = candidates.map(({ tests }) =>
		evaluate(tests, sumsOf(loss, matching(tests, columns, rows)), whole),
	)
	const adjusted = holm(evaluated.map(({ p }) => p))
	return evaluated.map((segment, i) => ({ ...segment, adjusted: adjusted[i] ?? Number.NaN }))
}

type Sums = { n: number; sum: number; squares: number; binary: boolean }

function sumsOf(loss: Float64Array, rows: Uint32Array): Sums {
	const sums = { n: rows.length, sum: 0, squares: 0, binary: true }
	for (const row of rows) {
		const x = loss[row] as number
		sums.sum += x
		sums.squares += x * x
		sums.binary &&= x === 0 || x === 1
	}
	return sums
}

function evaluate(tests: readonly BinTest[], own: Sums, whole: Sums): Omit<Segment, 'adjusted'> {
	const inside = momentsOf(own.n, own.sum, own.squares)
	const outside = momentsOf(whole.n - own.n, whole.sum - own.sum, whole.squares - own.squares)
	const conditions = tests.map(({ condition }) => condition)
	return {
		conditions,
		text: textOf(conditions),
		n: own.n,
		metric: inside.mean,
		...(whole.binary && own.n > 0 ? wilson(own.sum, own.n) : meanInterval(inside)),
		restOfRows: outside.mean,
		shareOfRows: own.n / whole.n,
		shareOfLoss: own.sum / whole.sum,
		p: welchGreater(inside, outside),
	}
}

function meanInterval({ n, mean, variance }: Moments): { low: number; high: number } {
	if (!(n > 1)) return { low: Number.NaN, high: Number.NaN }
	const half = studentUpperQuantile(0.025, n - 1) * Math.sqrt(variance / n)
	return { low: mean - half, high: mean + half }
}

export type SegmentOptions = {
	/** Uniform in [0, 1), for the two halves. */
	random: () => number
	/** Conditions in one segment, 3 at most and by default. */
	depth?: 1 | 2 | 3
	/** Rows of a segment in both halves together: 60 or 1% of all by default, whichever is more. */
	minRows?: number
	/** Chance that any segment is reported when the loss depends on nothing, 0.05 by default. */
	alpha?: number
	/** Candidates that are tested after the search, 10 by default. */
	carried?: number
}

export type WorstSegments = {
	/** By mean loss, worst first; only those whose adjusted p is at most alpha. */
	segments: Segment[]
	/** Why there are none. */
	reason?: string
	/** Rows that each candidate was tested on, and the number of candidates. */
	heldOut: number
	candidates: number
}

/**
 * The segments of rows with the worst mean loss that hold on rows they were not found on: searched on one random half,
 * tested on the other (Welch's test, Holm over the candidates), so that none is an artefact of the search. `loss` is one
 * number a row, NaN where there is no outcome: 0/1 errors, absolute errors, log loss; or, for drift, 1 for current rows
 * and 0 for reference rows: then the segments are where current rows are over-represented. RangeError on unequal lengths.
 */
export function worstSegments(
	columns: readonly Column[],
	loss: Float64Array,
	options: SegmentOptions,
): WorstSegments {
	const { random, depth = 3, alpha = 0.05, carried = 10 } = options
	requireLengths(columns, loss.length)
	const [searched, held] = halves(loss, random)
	const rows = searched.length + held.length
	const minRows = options.minRows ?? Math.max(60, 0.01 * rows)
	const none = (reason: string, candidates = 0): WorstSegments => ({
		segments: [],
		reason,
		heldOut: held.length,
		candidates,
	})
	if (rows < 2 * minRows)
		return none(`${rows} rows with a loss are too few to search for ${minRows} in a segment`)
	const binned = columns.map((column, index) => binColumn(column, index, searched))
	const found = searchSegments(binned, loss, searched, { depth, minRows: minRows / 2, carried })
	if (found.length === 0) return none('no segment of enough rows stands out')
	const evaluated = testSegments(found, binned, loss, held)
	const segments = evaluated.filter(({ adjusted }) => adjusted <= alpha).sort((a, b) => b.metric - a.metric)
	if (segments.length === 0)
		return none('no segment found on one half of the rows holds on the other', found.length)
	return { segments, heldOut: held.length, candidates: found.length }
}

function requireLengths(columns: readonly Column[], rows: number): void {
	for (const column of columns)
		if (('values' in column ? column.values : column.codes).length !== rows)
			throw new RangeError(`column ${column.name} and the loss have different numbers of rows`)
}

/** The rows with a loss, dealt into two halves: each next row takes a free place in either with its fair chance. */
function halves(loss: Float64Array, random: () => number): [Uint32Array, Uint32Array] {
	let left = 0
	for (const x of loss) if (!Number.isNaN(x)) left++
	const sizes = [Math.floor(left / 2), left - Math.floor(left / 2)] as const
	const [first, second] = [new Uint32Array(sizes[0]), new Uint32Array(sizes[1])]
	let [a, b] = [0, 0]
	for (let row = 0; row < loss.length; row++) {
		if (Number.isNaN(loss[row])) continue
		if (random() * left < sizes[0] - a) first[a++] = row
		else second[b++] = row
		left--
	}
	return [first, second]
}
