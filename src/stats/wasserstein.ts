import { requirePair } from './counts.ts'

/**
 * Wasserstein-1 distance from counts of ordered cells with finite borders: the area between the two distribution
 * functions, each taken as straight inside a cell. `borders` has one more entry than the counts have cells; cells of
 * no width hold a single value. In units of the borders.
 */
export function wassersteinFromCells(
	borders: ArrayLike<number>,
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
): number {
	if (borders.length !== reference.length + 1) throw new RangeError('k cells have k + 1 borders')
	const { n, m } = requirePair(reference, current)
	let area = 0
	let left = 0
	for (let i = 0; i < reference.length; i++) {
		const right = left + (current[i] as number) / m - (reference[i] as number) / n
		const width = (borders[i + 1] as number) - (borders[i] as number)
		area += width * meanAbsolute(left, right)
		left = right
	}
	return area
}

/** The mean of |f| for a straight line from `left` to `right`. */
function meanAbsolute(left: number, right: number): number {
	if (left * right >= 0) return (Math.abs(left) + Math.abs(right)) / 2
	return (left * left + right * right) / (2 * (Math.abs(left) + Math.abs(right)))
}

/** Wasserstein-1 distance of two distributions on points: `points` ascending, a count each (scipy.stats.wasserstein_distance). */
export function wassersteinOfPoints(
	points: ArrayLike<number>,
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
): number {
	if (points.length !== reference.length) throw new RangeError('each count has one point')
	const { n, m } = requirePair(reference, current)
	let area = 0
	let difference = 0
	for (let i = 0; i + 1 < points.length; i++) {
		difference += (current[i] as number) / m - (reference[i] as number) / n
		area += Math.abs(difference) * ((points[i + 1] as number) - (points[i] as number))
	}
	return area
}
