/** Sum of counts. */
export const total = (counts: ArrayLike<number>): number => {
	let sum = 0
	for (let i = 0; i < counts.length; i++) sum += counts[i] as number
	return sum
}

/** The totals of both. Throws RangeError unless the count vectors have one length and neither is empty. */
export function requirePair(
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
): { n: number; m: number } {
	if (reference.length !== current.length) throw new RangeError('both counts must have the same length')
	const n = total(reference)
	const m = total(current)
	if (!(n > 0 && m > 0)) throw new RangeError('both counts need at least one row')
	return { n, m }
}
