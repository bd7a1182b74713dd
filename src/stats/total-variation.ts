import { eachCell } from './counts.ts'

/** Total variation distance, in [0, 1]: half the sum of |p - q|. */
export function totalVariation(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	let sum = 0
	eachCell(reference, current, (p, q) => {
		sum += Math.abs(p - q)
	})
	return Math.min(1, sum / 2)
}

/** The largest |p - q| of a cell (L-infinity), in [0, 1]. */
export function largestDifference(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	let largest = 0
	eachCell(reference, current, (p, q) => {
		largest = Math.max(largest, Math.abs(p - q))
	})
	return largest
}
