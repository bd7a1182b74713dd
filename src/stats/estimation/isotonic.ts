/** A piecewise linear curve: `y` at ascending `x`, flat outside. */
export type Curve = { x: Float64Array; y: Float64Array }

/** scikit-learn treats x values nearer than this as one (numpy.finfo(float).resolution). */
const resolution = 1e-15

/**
 * Isotonic (never falling) least squares fit of y on x by pool adjacent violators, as scikit-learn's
 * IsotonicRegression(out_of_bounds='clip'): rows of one x are averaged first, rows without weight are left out, and
 * inner points of a flat stretch are dropped. No rows give an empty curve.
 */
export function isotonicRegression(
	x: ArrayLike<number>,
	y: ArrayLike<number>,
	weights?: ArrayLike<number>,
): Curve {
	if (x.length !== y.length || (weights && weights.length !== x.length))
		throw new RangeError('isotonicRegression needs x, y and weights of one length')
	const points = distinctPoints(x, y, weights)
	poolAdjacentViolators(points)
	return withoutInnerPoints(points)
}

/** The curve at `at`, by linear interpolation between its points and clipped outside. NaN for an empty curve. */
export function curveAt(curve: Curve, at: number): number {
	const { x, y } = curve
	const last = x.length - 1
	if (last < 0 || Number.isNaN(at)) return Number.NaN
	if (at <= (x[0] as number)) return y[0] as number
	if (at >= (x[last] as number)) return y[last] as number
	let [low, high] = [0, last]
	while (high - low > 1) {
		const middle = (low + high) >> 1
		if ((x[middle] as number) <= at) low = middle
		else high = middle
	}
	const [x0, x1, y0, y1] = [x[low] as number, x[high] as number, y[low] as number, y[high] as number]
	return y0 + ((y1 - y0) / (x1 - x0)) * (at - x0)
}

type Points = { x: Float64Array; y: Float64Array; weights: Float64Array }

function distinctPoints(
	x: ArrayLike<number>,
	y: ArrayLike<number>,
	weights: ArrayLike<number> | undefined,
): Points {
	const used = Uint32Array.from({ length: x.length }, (_, i) => i).filter((i) => (weights?.[i] ?? 1) > 0)
	used.sort((a, b) => (x[a] as number) - (x[b] as number))
	const [xs, sums, totals] = [
		new Float64Array(used.length),
		new Float64Array(used.length),
		new Float64Array(used.length),
	]
	let at = -1
	for (const i of used) {
		const value = x[i] as number
		if (at < 0 || value - (xs[at] as number) >= resolution) xs[++at] = value
		const weight = weights?.[i] ?? 1
		sums[at] = (sums[at] as number) + weight * (y[i] as number)
		totals[at] = (totals[at] as number) + weight
	}
	const size = at + 1
	const means = sums.subarray(0, size).map((sum, k) => sum / (totals[k] as number))
	return { x: xs.slice(0, size), y: means, weights: totals.slice(0, size) }
}

/** Merges falling neighbours into blocks of their weighted mean; `y` becomes the fitted values. */
function poolAdjacentViolators({ y, weights }: Points): void {
	const starts = new Uint32Array(y.length)
	const means = new Float64Array(y.length)
	const totals = new Float64Array(y.length)
	let top = -1
	for (let i = 0; i < y.length; i++) {
		top++
		starts[top] = i
		means[top] = y[i] as number
		totals[top] = weights[i] as number
		while (top > 0 && (means[top - 1] as number) >= (means[top] as number)) {
			const [left, right] = [totals[top - 1] as number, totals[top] as number]
			means[top - 1] = (left * (means[top - 1] as number) + right * (means[top] as number)) / (left + right)
			totals[top - 1] = left + right
			top--
		}
	}
	for (let block = 0; block <= top; block++)
		y.fill(means[block] as number, starts[block], block < top ? starts[block + 1] : y.length)
}

function withoutInnerPoints({ x, y }: Points): Curve {
	const isKept = (_: number, i: number) =>
		i === 0 || i === y.length - 1 || y[i] !== y[i - 1] || y[i] !== y[i + 1]
	return { x: x.filter(isKept), y: y.filter(isKept) }
}
