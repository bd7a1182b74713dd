import { eachCell } from './counts.ts'

/** Hellinger distance, in [0, 1]: sqrt(1/2 sum of (sqrt p - sqrt q)^2). */
export function hellinger(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	let sum = 0
	eachCell(reference, current, (p, q) => {
		sum += (Math.sqrt(p) - Math.sqrt(q)) ** 2
	})
	return Math.sqrt(Math.min(1, sum / 2))
}
