import { normalTail } from '../distributions/normal.ts'

/**
 * Mean of the largest of several normal variables with these means and covariances, by Clark's recursion (1961, "The
 * greatest of a finite set of random variables"): the largest so far is taken as normal when the next one comes.
 */
export function meanOfLargest(
	means: readonly number[],
	covariance: (i: number, j: number) => number,
): number {
	let mean = means[0] as number
	let variance = covariance(0, 0)
	const withLater = means.map((_, j) => covariance(0, j))
	for (let i = 1; i < means.length; i++) {
		const [other, ofOther] = [means[i] as number, covariance(i, i)]
		const spread = Math.sqrt(Math.max(0, variance + ofOther - 2 * (withLater[i] as number)))
		const away = spread > 0 ? (mean - other) / spread : mean >= other ? 40 : -40
		const kept = 1 - normalTail(away)
		const density = (spread * Math.exp((-away * away) / 2)) / Math.sqrt(2 * Math.PI)
		const largest = mean * kept + other * (1 - kept) + density
		const square =
			(mean * mean + variance) * kept + (other * other + ofOther) * (1 - kept) + (mean + other) * density
		for (let j = i + 1; j < means.length; j++)
			withLater[j] = (withLater[j] as number) * kept + covariance(i, j) * (1 - kept)
		mean = largest
		variance = Math.max(0, square - largest * largest)
	}
	return mean
}
