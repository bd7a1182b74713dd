import { type Moments, momentsOf, studentUpperQuantile, welchGreater } from '../distributions/student.ts'
import { wilson } from '../wilson.ts'
import { type Binned, type BinTest, type Condition, textOf } from './columns.ts'
import { holm } from './holm.ts'
import { matching } from './search.ts'

export type Segment = {
	conditions: Condition[]
	/** The conditions in words. */
	text: string
	/** Rows of the segment among those it is judged on. */
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
	/** By Holm, over all candidates that were judged. */
	adjusted: number
}

/** Judges candidates on `rows`, in the order given. Evidence only if the candidates were found on other rows. */
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
