/**
 * Sums over the rows of a regression: e = prediction - actual, and y = actual - `origin`. Each adds up over parts with
 * one origin, in any order. The fourth powers lose digits when |y| is far above the spread of y: an origin near the
 * mean (the baseline's) keeps them; 0 will do up to a mean of a thousand standard deviations.
 */
export type RegressionMoments = {
	origin: number
	n: number
	e: number
	absE: number
	e2: number
	e4: number
	e2y: number
	e2y2: number
	y: number
	y2: number
	y3: number
	y4: number
	/** Rows whose actual is 0 have no relative error; the other sums of |e / actual| and its square leave them out. */
	zeroActuals: number
	absRelative: number
	relative2: number
}

export const noMoments = (origin = 0): RegressionMoments => ({
	origin,
	n: 0,
	e: 0,
	absE: 0,
	e2: 0,
	e4: 0,
	e2y: 0,
	e2y2: 0,
	y: 0,
	y2: 0,
	y3: 0,
	y4: 0,
	zeroActuals: 0,
	absRelative: 0,
	relative2: 0,
})

/** What one row adds to the sums. */
export function momentsOfRow(actual: number, predicted: number, origin = 0): RegressionMoments {
	const e = predicted - actual
	const y = actual - origin
	const [e2, y2] = [e * e, y * y]
	const relative = actual === 0 ? 0 : Math.abs(e / actual)
	return {
		origin,
		n: 1,
		e,
		absE: Math.abs(e),
		e2,
		e4: e2 * e2,
		e2y: e2 * y,
		e2y2: e2 * y2,
		y,
		y2,
		y3: y2 * y,
		y4: y2 * y2,
		zeroActuals: actual === 0 ? 1 : 0,
		absRelative: relative,
		relative2: relative * relative,
	}
}

/** The sums of two parts together. Throws RangeError unless they have one origin. */
export function mergeMoments(a: RegressionMoments, b: RegressionMoments): RegressionMoments {
	if (a.origin !== b.origin) throw new RangeError('moments add up about one origin')
	const sum = { ...a }
	for (const key of Object.keys(a) as (keyof RegressionMoments)[])
		if (key !== 'origin') sum[key] = a[key] + b[key]
	return sum
}

/** The sums over raw rows. Rows with a NaN on either side are left out; RangeError for columns of unequal length. */
export function momentsOf(
	actual: ArrayLike<number>,
	predicted: ArrayLike<number>,
	origin = 0,
): RegressionMoments {
	if (actual.length !== predicted.length) throw new RangeError('each actual has one prediction')
	const sum = noMoments(origin)
	const keys = (Object.keys(sum) as (keyof RegressionMoments)[]).filter((key) => key !== 'origin')
	for (let i = 0; i < actual.length; i++) {
		const [y, p] = [actual[i] as number, predicted[i] as number]
		if (Number.isNaN(y) || Number.isNaN(p)) continue
		const row = momentsOfRow(y, p, origin)
		for (const key of keys) sum[key] += row[key]
	}
	return sum
}
