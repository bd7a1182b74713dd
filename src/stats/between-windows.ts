import { chiSquareHomogeneity, chiSquareOf, type Homogeneity } from './chi-square.ts'
import { total } from './counts.ts'
import { fTail } from './distributions.ts'

/**
 * How much windows of one kind differ among themselves beyond their sampling error. `variance` is in chi-square units per
 * row: windows whose mean moves by a standard deviation of s sigma have about s squared. `df`: how well it is known.
 */
export type Variation = { variance: number; df: number; windows: number }

/** Two samples: by how much X2 exceeds what sampling makes of it, and per how many rows: E[excess] = weight * variance. */
export type Difference = { excess: number; weight: number; df: number }

/** Two windows that both have a level of their own; twice what one has beside a sample that has none. */
export function differenceOf(before: ArrayLike<number>, now: ArrayLike<number>, levels: 1 | 2): Difference {
	const [n1, n2] = [total(before), total(now)]
	if (!(n1 > 1 && n2 > 1)) return { excess: 0, weight: 0, df: 0 }
	const { statistic, df } = chiSquareOf(before, now)
	return { excess: statistic - df, weight: (levels * n1 * n2) / (n1 + n2), df }
}

/** Neighbouring windows are alike: at a lag-one correlation of .3 their differences hold 70% of the variance. */
const alike = 0.3
const alikeness = 1 / (1 - alike)

/** What a model's columns have in common, as long as one column has few windows of its own: as much as eight windows. */
const common = { least: 0.007, most: 0.045, windows: 8, df: 16 }
/** Medians of chi-square of 1, and of chi-square of some df (Wilson and Hilferty 1931) less its mean. */
const medianOfLevel = 0.455
const medianExcess = -2 / 3

/**
 * The variance that the columns of one model share, from the lower median of their differences: a shift of less than half
 * of the columns is no variation. `byWindow`: of each pair of windows the columns' differences; `today`: to the baseline.
 */
export function commonVariance(byWindow: readonly Difference[][], today: readonly Difference[]): number {
	const medians = [...byWindow.map((of) => ({ of, scale: alikeness })), { of: today, scale: 1 }].flatMap(
		({ of, scale }) => {
			const per = of
				.filter((d) => d.weight > 0 && d.df > 0)
				.map((d) => (d.excess - medianExcess) / d.weight)
				.sort((a, b) => a - b)
			return per.length < 3 ? [] : (per[Math.floor((per.length - 1) / 2)] as number) * scale
		},
	)
	if (medians.length === 0) return common.most
	return Math.min(common.most, Math.max(common.least, total(medians) / medians.length / medianOfLevel))
}

/** Of a kind of day that was never seen, such as those of the first weekend. */
const unseenKind = 0.03

/**
 * Method of moments on the differences of windows that follow one another (DerSimonian and Laird 1986, on von Neumann's
 * successive differences, 1941): a lasting shift enters once, and a slow one hardly. The largest difference is left out,
 * since it may be the shift that is looked for; the others then stand for what is usual without it.
 */
export function variationOf(all: readonly Difference[], shared: number, seenKind: boolean): Variation {
	const largest = all.reduce<Difference | undefined>(
		(most, d) => (most && d.excess * most.weight <= most.excess * d.weight ? most : d),
		undefined,
	)
	let [excess, weight, worth] = [0, 0, 0]
	for (const d of all) {
		if (d === largest || d.weight === 0) continue
		excess += d.excess
		weight += d.weight
		// A difference of few rows says less.
		worth += 1 / (1 + d.df / (d.weight * signal) ** 2)
	}
	const rest = all.length > 1 ? 1 / (1 - (1.9 * Math.log(all.length + 1)) / (all.length + 3)) : 1
	const own = weight > 0 ? (alikeness * rest * Math.max(0, excess)) / weight : 0
	const variance = (common.windows * shared + worth * own) / (common.windows + worth)
	return {
		variance: seenKind ? variance : Math.max(variance, unseenKind),
		df: common.df + (2 * worth) / 3,
		windows: all.length,
	}
}
/** The variance that a difference is asked about. */
const signal = 0.02

/**
 * The variation of a sum of windows of so many rows each: their levels average out, the slower as neighbours are alike
 * (the variance of the mean of an autoregressive series).
 */
export function ofSum(variation: Variation, rows: readonly number[]): Variation {
	const all = total(rows)
	const share = all > 0 ? rows.reduce((sum, n) => sum + (n / all) ** 2, 0) : 1
	return { ...variation, variance: variation.variance * Math.min(1, (share * (1 + alike)) / (1 - alike)) }
}

// Standard normal quantiles of the middles of eight equal parts.
const middles = [-1.534, -0.887, -0.489, -0.157, 0.157, 0.489, 0.887, 1.534]

/** Quantile of chi-square at a standard normal quantile (Wilson and Hilferty 1931). */
const chiSquareAt = (z: number, df: number): number =>
	df * Math.max(0, 1 - 2 / (9 * df) + z * Math.sqrt(2 / (9 * df))) ** 3

/**
 * The chi-square test of homogeneity when windows vary by themselves. X2 is then sampling error, chi-square of df, plus a
 * shift of the level, which is n variance times chi-square of 1 (Rao and Scott 1984, with one direction of variation,
 * the most cautious case), and F of 1 and variation.df where the variance is estimated (Thomas and Rao 1987). The sum's
 * tail is summed over eight quantiles of the first. With variance 0 it is the plain test, and never more than that.
 * `nEffective`: the rows that would have had this expectation without variation.
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
