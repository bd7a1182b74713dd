/** What a confidence sequence needs of per-row values: their number, sum and sum of squares. Sums of parts add up. */
export type LossSums = { n: number; sum: number; squares: number }

export const noLosses: LossSums = { n: 0, sum: 0, squares: 0 }

export const addLoss = ({ n, sum, squares }: LossSums, x: number): LossSums => ({
	n: n + 1,
	sum: sum + x,
	squares: squares + x * x,
})

export const sumLosses = (values: Iterable<number>): LossSums => {
	let sums = noLosses
	for (const x of values) sums = addLoss(sums, x)
	return sums
}

export const mergeLosses = (a: LossSums, b: LossSums): LossSums => ({
	n: a.n + b.n,
	sum: a.sum + b.sum,
	squares: a.squares + b.squares,
})

/** The sums of `factor` times as many rows with the same mean and mean square: for projections. */
export const growLosses = ({ n, sum, squares }: LossSums, factor: number): LossSums => ({
	n: n * factor,
	sum: sum * factor,
	squares: squares * factor,
})

/** NaN of no rows. */
export const meanLoss = ({ n, sum }: LossSums): number => (n > 0 ? sum / n : Number.NaN)

/** Of a sample (n - 1); NaN of fewer than 2 rows. */
export const lossVariance = ({ n, sum, squares }: LossSums): number =>
	n > 1 ? Math.max(0, (squares - (sum * sum) / n) / (n - 1)) : Number.NaN
