/** The mean score at one value of a feature, and the spread of single rows (ICE) around it. */
export type DependencePoint = {
	value: unknown
	mean: number
	/** The standard error of the mean over the sampled rows. */
	standardError: number
	/** The 10th and 90th percentile of single rows. */
	low: number
	high: number
	/** Logged rows with this value, or one between this point and the next. */
	rows: number
}

/** At most `maxPoints` values of a feature: quantiles of numbers, the most frequent of other values. */
export function dependencePoints(
	values: readonly unknown[],
	maxPoints: number,
): { value: unknown; rows: number }[] {
	const numbers = values.filter((v): v is number => typeof v === 'number' && Number.isFinite(v))
	if (numbers.length > 0 && numbers.length >= values.length / 2) return quantiles(numbers, maxPoints)
	const counts = new Map<string, { value: unknown; rows: number }>()
	for (const value of values) {
		if (value === null || value === undefined) continue
		const key = JSON.stringify(value)
		const entry = counts.get(key) ?? { value, rows: 0 }
		entry.rows++
		counts.set(key, entry)
	}
	return [...counts]
		.sort((a, b) => b[1].rows - a[1].rows || (a[0] < b[0] ? -1 : 1))
		.map(([, v]) => v)
		.slice(0, maxPoints)
}

function quantiles(numbers: readonly number[], maxPoints: number): { value: number; rows: number }[] {
	const sorted = Float64Array.from(numbers).sort()
	const different = [...new Set(sorted)]
	const points =
		different.length <= maxPoints
			? different
			: [
					...new Set(
						Array.from(
							{ length: maxPoints },
							(_, i) => sorted[Math.round((i * (sorted.length - 1)) / (maxPoints - 1))] as number,
						),
					),
				]
	return points.map((value, i) => {
		const next = points[i + 1] ?? Number.POSITIVE_INFINITY
		return { value, rows: sorted.filter((v) => v >= value && v < next).length }
	})
}

type Points = readonly { value: unknown; rows: number }[]

/**
 * The scores of a row with the feature set to each value. Undefined when the model cannot score the row with one of them.
 */
export function curveOf(
	row: Readonly<Record<string, unknown>>,
	feature: string,
	points: Points,
	answer: (features: Readonly<Record<string, unknown>>) => number | undefined,
): number[] | undefined {
	const curve = points.map(({ value }) => answer({ ...row, [feature]: value }))
	return curve.every((v): v is number => v !== undefined && Number.isFinite(v)) ? curve : undefined
}

/**
 * Partial dependence (Friedman 2001) with the spread of individual conditional expectations (Goldstein et al. 2015), of the
 * curves of single rows.
 */
export function partialDependence(points: Points, curves: readonly (readonly number[])[]): DependencePoint[] {
	const n = curves.length
	return points.map(({ value, rows: seen }, i) => {
		const answers = Float64Array.from(curves, (curve) => curve[i] as number).sort()
		const mean = answers.reduce((sum, v) => sum + v / n, 0)
		const variance = answers.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1)
		const at = (share: number) => answers[Math.round(share * (n - 1))] ?? Number.NaN
		return { value, mean, standardError: Math.sqrt(variance / n), low: at(0.1), high: at(0.9), rows: seen }
	})
}
