import { requirePair } from './counts.ts'

// Half a row in every cell that either side has used: the log stays finite, and the bias it adds is below 1/n.
const smoothing = 0.5

/** Cells that at least one side has used. */
export const usedCells = (reference: ArrayLike<number>, current: ArrayLike<number>): number => {
	let used = 0
	for (let i = 0; i < reference.length; i++)
		if ((reference[i] as number) > 0 || (current[i] as number) > 0) used++
	return used
}

/**
 * Population stability index over cells: sum of (q - p) ln(q / p), natural logarithm, with half a row added to every
 * used cell of both sides. The symmetric Kullback-Leibler divergence (Jeffreys 1946; Siddiqi, "Credit Risk
 * Scorecards", 2006). Throws RangeError for counts of unlike length or without rows.
 */
export function psi(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	const { n, m } = requirePair(reference, current)
	const added = smoothing * usedCells(reference, current)
	let sum = 0
	for (let i = 0; i < reference.length; i++) {
		const [a, b] = [reference[i] as number, current[i] as number]
		if (a === 0 && b === 0) continue
		const p = (a + smoothing) / (n + added)
		const q = (b + smoothing) / (m + added)
		sum += (q - p) * Math.log(q / p)
	}
	return sum
}

/**
 * PSI less what it is expected to be when nothing has changed: for B used cells, (B - 1)(1/n + 1/m) (Yurdakul and
 * Naranjo, "Statistical properties of the population stability index", 2020). Not below 0.
 */
export function biasCorrectedPsi(reference: ArrayLike<number>, current: ArrayLike<number>): number {
	const { n, m } = requirePair(reference, current)
	const expected = (usedCells(reference, current) - 1) * (1 / n + 1 / m)
	return Math.max(0, psi(reference, current) - expected)
}
