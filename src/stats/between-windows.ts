import { chiSquareHomogeneity, chiSquareOf, type Homogeneity } from './chi-square.ts'
import { total } from './counts.ts'
import { fTail } from './distributions.ts'

/**
 * How much windows of one kind differ among themselves beyond their sampling error. `variance` is in chi-square units per
 * row: windows whose mean moves by a standard deviation of s sigma have about s squared. `df`: how well it is known.
 */
export type Variation = { variance: number; df: number; windows: number }

/** Of two samples: by how much X2 exceeds its expectation under sampling alone, and the weight: E[excess] = weight * variance. */
export type Difference = { excess: number; weight: number; df: number }

/** `levels`: 2 for two windows, each with a level of its own; 1 for a window and a sample without one. */
export function differenceOf(before: ArrayLike<number>, now: ArrayLike<number>, levels: 1 | 2): Difference {
	const [n1, n2] = [total(before), total(now)]
	if (!(n1 > 1 && n2 > 1)) return { excess: 0, weight: 0, df: 0 }
	const { statistic, df } = chiSquareOf(before, now)
	return { excess: statistic - df, weight: (levels * n1 * n2) / (n1 + n2), df }
}

/** Neighbouring windows are correlated: at a lag-one correlation of .3 their differences show 70% of the variance. */
const lagOneCorrelation = 0.3
const varianceInflation = 1 / (1 - lagOneCorrelation)

/** The prior from a model's columns, for a column with few windows of its own: it weighs as much as eight windows. */
const common = { min: 0.007, max: 0.045, windows: 8, df: 16 }
/** Medians of chi-square of 1, and of chi-square of some df (Wilson and Hilferty 1931) less its mean. */
const medianOfLevel = 0.455
const medianExcess = -2 / 3

/**
 * The variance that the columns of one model share, from the lower median of their differences, so that a shift of fewer
 * than half of the columns does not count. `byWindow`: the columns' differences for each pair of windows; `today`: from the
 * baseline.
 */
export function commonVariance(byWindow: readonly Difference[][], today: readonly Difference[]): number {
	const medians = [
		...byWindow.map((of) => ({ of, scale: varianceInflation })),
		{ of: today, scale: 1 },
	].flatMap(({ of, scale }) => {
		const per = of
			.filter((d) => d.weight > 0 && d.df > 0)
			.map((d) => (d.excess - medianExcess) / d.weight)
			.sort((a, b) => a - b)
		return per.length < 3 ? [] : (per[Math.floor((per.length - 1) / 2)] as number) * scale
	})
	if (medians.length === 0) return common.max
	return Math.min(common.max, Math.max(common.min, total(medians) / medians.length / medianOfLevel))
}

/** The variance for a kind of day not seen before, such as the first weekend. */
const unseenKind = 0.03

/**
 * Method of moments on the differences of successive windows (DerSimonian and Laird 1986; von Neumann 1941): a lasting
 * shift counts once, and a slow one hardly. The largest difference is left out, since it may be the shift to be detected;
 * the rest are scaled up to make up for it.
 */
export function variationOf(all: readonly Difference[], shared: number, seenKind: boolean): Variation {
	const largest = all.reduce<Difference | undefined>(
		(max, d) => (max && d.excess * max.weight <= max.excess * d.weight ? max : d),
		undefined,
	)
	let [excess, weight, worth] = [0, 0, 0]
	for (const d of all) {
		if (d === largest || d.weight === 0) continue
		excess += d.excess
		weight += d.weight
		// A difference of few rows carries less information.
		worth += 1 / (1 + d.df / (d.weight * signal) ** 2)
	}
	const rest = all.length > 1 ? 1 / (1 - (1.9 * Math.log(all.length + 1)) / (all.length + 3)) : 1
	const own = weight > 0 ? (varianceInflation * rest * Math.max(0, excess)) / weight : 0
	const variance = (common.windows * shared + worth * own) / (common.windows + worth)
	return {
		variance: seenKind ? variance : Math.max(variance, unseenKind),
		df: common.df + (2 * worth) / 3,
		windows: all.length,
	}
}
/** The variance at which the information of a difference is computed. */
const signal = 0.02

/**
 * The variation of a sum of windows with these numbers of rows: levels average out, but more slowly since neighbours are
 * alike (the variance of the mean of an autoregressive series).
 */
export function ofSum(variation: Variation, rows: readonly number[]): Variation {
	const all = total(rows)
	const share = all > 0 ? rows.reduce((sum, n) => sum + (n / all) ** 2, 0) : 1
	return {
		...variation,
		variance: variation.variance * Math.min(1, (share * (1 + lagOneCorrelation)) / (1 - lagOneCorrelation)),
	}
}

// Standard normal quantiles of the middles of eight equal parts.
const middles = [-1.534, -0.887, -0.489, -0.157, 0.157, 0.489, 0.887, 1.534]

/** Quantile of chi-square at a standard normal quantile (Wilson and Hilferty 1931). */
const chiSquareAt = (z: number, df: number): number =>
	df * Math.max(0, 1 - 2 / (9 * df) + z * Math.sqrt(2 / (9 * df))) ** 3

/**
 * The chi-square test of homogeneity when windows vary by themselves. X2 is then the sum of sampling error (chi-square of
 * df) and a shift of the level, n variance times chi-square of 1 (Rao and Scott 1984, with one direction of variation,
 * the most cautious case), or F of 1 and variation.df where the variance is estimated (Thomas and Rao 1987). The tail is
 * summed over eight quantiles of the first part. Its p is never below that of the plain test, which it equals at variance
 * 0. `nEffective`: the rows at which X2 would have the same expectation without variation.
 */
export function overdispersedTest(
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
	variation: Variation | undefined,
): Homogeneity & { nEffective: number } {
	const test = chiSquareHomogeneity(reference, current)
	const [m, n] = [total(reference), total(current)]
	const { statistic, df } = test
	const level = ((n * m) / (n + m)) * (variation?.variance ?? 0)
	if (!variation || level <= 0 || df <= 0) return { ...test, nEffective: n }
	let tail = 0
	for (const z of middles)
		tail += fTail(Math.max(0, statistic - chiSquareAt(z, df)) / level, 1, variation.df) / middles.length
	return { ...test, p: Math.max(test.p, tail), nEffective: (n * df) / (df + level) }
}
