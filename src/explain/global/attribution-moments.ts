import { studentTail, tQuantile95 } from '../../stats/distributions.ts'

/**
 * Sums of the contributions of a sample of rows, by feature, from which means, shares and their errors follow. They add up
 * over hours; in an hour of N rows of which n were explained, each row counts N / n times.
 */
export type AttributionMoments = {
	/** The rows that the sample represents, and the rows that were explained. */
	rows: number
	sampled: number
	/** Sum of N^2 / n: rows^2 over this is Kish's effective sample size. */
	kish: number
	/** Sums of a row's total |contribution| and of its square. */
	total: number
	totalSquares: number
	/** By feature: sums of |contribution|, contribution, its square, and |contribution| times the row's total. */
	absolute: Float64Array
	signed: Float64Array
	squares: Float64Array
	cross: Float64Array
}

const vectors = ['absolute', 'signed', 'squares', 'cross'] as const
const numbers = ['rows', 'sampled', 'kish', 'total', 'totalSquares'] as const

export function emptyMoments(features: number): AttributionMoments {
	const vector = () => new Float64Array(features)
	return {
		rows: 0,
		sampled: 0,
		kish: 0,
		total: 0,
		totalSquares: 0,
		absolute: vector(),
		signed: vector(),
		squares: vector(),
		cross: vector(),
	}
}

/**
 * The moments of explained rows drawn from `rows`. Contributions are by output and feature; absolute values of the outputs of
 * a multiclass model add up, as in shap's bar plots.
 */
export function momentsOf(
	features: number,
	explained: readonly (readonly Float64Array[])[],
	rows: number,
): AttributionMoments {
	const moments = emptyMoments(features)
	const n = explained.length
	if (n === 0) return moments
	const times = rows / n
	const size = new Float64Array(features)
	for (const outputs of explained) {
		size.fill(0)
		for (const contributions of outputs)
			contributions.forEach((c, j) => {
				size[j] = (size[j] as number) + Math.abs(c)
				moments.signed[j] = (moments.signed[j] as number) + times * c
			})
		const total = size.reduce((sum, s) => sum + s, 0)
		moments.total += times * total
		moments.totalSquares += times * total * total
		size.forEach((s, j) => {
			moments.absolute[j] = (moments.absolute[j] as number) + times * s
			moments.squares[j] = (moments.squares[j] as number) + times * s * s
			moments.cross[j] = (moments.cross[j] as number) + times * s * total
		})
	}
	return { ...moments, rows, sampled: n, kish: (rows * rows) / n }
}

/** Adds the moments of another hour. Throws RangeError when they have other features. */
export function addMoments(to: AttributionMoments, part: AttributionMoments): void {
	if (to.absolute.length !== part.absolute.length)
		throw new RangeError(`${part.absolute.length} features cannot be added to ${to.absolute.length}`)
	for (const name of numbers) to[name] += part[name]
	for (const name of vectors)
		part[name].forEach((value, j) => {
			to[name][j] = (to[name][j] as number) + value
		})
}

/** The size of a simple random sample with the same precision (Kish). */
export const effectiveRows = ({ rows, kish }: AttributionMoments): number => (kish > 0 ? rows ** 2 / kish : 0)

/** Mean |contribution| of a feature with its standard error, and its mean with its sign. */
export function meanOf(m: AttributionMoments, feature: number) {
	const mean = (m.absolute[feature] as number) / m.rows
	const n = effectiveRows(m)
	const variance = Math.max(0, (m.squares[feature] as number) / m.rows - mean * mean)
	return {
		meanAbsolute: mean,
		standardError: n > 1 ? Math.sqrt(variance / (n - 1)) : Number.NaN,
		mean: (m.signed[feature] as number) / m.rows,
		share: m.total > 0 ? (m.absolute[feature] as number) / m.total : Number.NaN,
	}
}

/**
 * A feature's share of all contributions in size, with the variance of this estimate: that of the ratio of two means, by
 * the delta method (Cochran, Sampling Techniques, section 6.3).
 */
export function shareOf(m: AttributionMoments, feature: number): { share: number; variance: number } {
	const share = (m.absolute[feature] as number) / m.total
	const mean = m.total / m.rows
	const residual =
		((m.squares[feature] as number) -
			2 * share * (m.cross[feature] as number) +
			share * share * m.totalSquares) /
		m.rows
	const n = effectiveRows(m)
	return { share, variance: Math.max(0, residual) / ((n - 1) * mean * mean) }
}

export function encodeMoments(m: AttributionMoments): Uint8Array<ArrayBuffer> {
	const all = Float64Array.from([
		...numbers.map((name) => m[name]),
		...vectors.flatMap((name) => [...m[name]]),
	])
	return new Uint8Array(all.buffer)
}

export function decodeMoments(bytes: Uint8Array): AttributionMoments {
	const all = new Float64Array(bytes.slice().buffer)
	const features = (all.length - numbers.length) / vectors.length
	const m = emptyMoments(features)
	numbers.forEach((name, i) => {
		m[name] = all[i] as number
	})
	vectors.forEach((name, i) => {
		m[name].set(all.subarray(numbers.length + i * features, numbers.length + (i + 1) * features))
	})
	return m
}

/** The change of a feature's share of all contributions, with its 95% interval and the p-value of no change. */
type ShareChange = { value: number; low: number; high: number; p: number }

/** With fewer rows, shares are too skewed for Student's distribution. */
export const minEffectiveRows = 100

/**
 * The change of each feature's share of mean |contribution| since the reference, by Welch's t-test. Shares do not move when
 * the score as a whole does; means would. A change below 1e-9 is rounding and counts as none.
 */
export function shareChanges(current: AttributionMoments, reference: AttributionMoments): ShareChange[] {
	const [n, m] = [effectiveRows(current), effectiveRows(reference)]
	return Array.from(current.absolute, (_, feature) => {
		const [now, then] = [shareOf(current, feature), shareOf(reference, feature)]
		const value = now.share - then.share
		const square = now.variance + then.variance
		if (!(square > 1e-24))
			// Identical rows have no variance to test with.
			return { value, low: value, high: value, p: Math.abs(value) < 1e-9 ? 1 : Number.NaN }
		const df = square ** 2 / (now.variance ** 2 / (n - 1) + then.variance ** 2 / (m - 1))
		const error = Math.sqrt(square)
		const reach = tQuantile95(df) * error
		const p = Math.min(1, 2 * studentTail(Math.abs(value) / error, df))
		return { value, low: value - reach, high: value + reach, p }
	})
}

/**
 * How well the features' order by importance agrees with the reference, as SageMaker Clarify reports attribution drift: the
 * discounted gain of the current order over that of the reference's own, each feature's gain being its mean |contribution|
 * in the reference. 1: the same order; Clarify warns below 0.9.
 */
export function attributionNdcg(current: ArrayLike<number>, reference: ArrayLike<number>): number {
	const gainOf = (by: ArrayLike<number>) =>
		Array.from({ length: by.length }, (_, j) => j)
			.sort((a, b) => (by[b] as number) - (by[a] as number) || a - b)
			.reduce((sum, j, place) => sum + (reference[j] as number) / Math.log2(place + 2), 0)
	return gainOf(current) / gainOf(reference)
}
