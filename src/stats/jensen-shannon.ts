import { eachCell } from './counts.ts'

const term = (p: number, mid: number) => (p === 0 ? 0 : p * Math.log2(p / mid))

/** Jensen-Shannon distance, base 2: the square root of the divergence, in [0, 1] (as scipy.spatial.distance.jensenshannon with base=2). */
export function jensenShannon(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	let divergence = 0
	eachCell(reference, current, (p, q) => {
		const mid = (p + q) / 2
		divergence += (term(p, mid) + term(q, mid)) / 2
	})
	return Math.sqrt(Math.min(1, Math.max(0, divergence)))
}
