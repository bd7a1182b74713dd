/** The mean answer at one value of a feature, and how answers of single rows (ICE) spread around it. */
export type DependencePoint = {
	value: unknown
	mean: number
	/** Of the mean, over the rows as a sample. */
	standardError: number
	/** Tenth and ninetieth percentile of the rows' own answers. */
	low: number
	high: number
	/** Logged rows that have this value, or one between this grid point and the next. */
	rows: number
}

/** At most `most` values of a feature that rows have: quantiles of numbers, the commonest of others. */
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

type Bins = readonly { value: unknown; rows: number }[]

/**
 * What a row is answered with the feature set to each value of the grid. Undefined for a row that the model cannot take
 * (`answer` is undefined) with one of them.
 */
export function curveOf(
	row: Readonly<Record<string, unknown>>,
	feature: string,
	grid: Bins,
	answer: (features: Readonly<Record<string, unknown>>) => number | undefined,
): number[] | undefined {
	const curve = grid.map(({ value }) => answer({ ...row, [feature]: value }))
	return curve.every((v): v is number => v !== undefined && Number.isFinite(v)) ? curve : undefined
}

/**
 * Partial dependence (Friedman 2001) with the spread of individual conditional expectations (Goldstein et al. 2015), of the
 * curves of single rows.
 */
export function partialDependence(grid: Bins, curves: readonly (readonly number[])[]): DependencePoint[] {
	const n = curves.length
	return grid.map(({ value, rows: seen }, i) => {
		const answers = Float64Array.from(curves, (curve) => curve[i] as number).sort()
		const mean = answers.reduce((sum, v) => sum + v / n, 0)
		const variance = answers.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1)
		const at = (share: number) => answers[Math.round(share * (n - 1))] ?? Number.NaN
		return { value, mean, standardError: Math.sqrt(variance / n), low: at(0.1), high: at(0.9), rows: seen }
	})
}
