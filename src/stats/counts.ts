/** Sum of counts. */
export const total = (counts: ArrayLike<number>): number => {
	let sum = 0
	for (let i = 0; i < counts.length; i++) sum += counts[i] as number
	return sum
}

/** Throws RangeError unless both count vectors have one length and hold something. */
export function requirePair(
	reference: ArrayLike<number>,
	current: ArrayLike<number>,
): { n: number; m: number } {
	if (reference.length !== current.length) throw new RangeError('counts of one grid have one length')
	const n = total(reference)
	const m = total(current)
	if (!(n > 0 && m > 0)) throw new RangeError('counts of nothing cannot be compared')
	return { n, m }
}
