/** How near two numbers are, from the best: what a logged score lets one say of a replayed one. */
export type Nearness =
	| { kind: 'equal' | 'float32' | 'last-bits' }
	/** Equal as far as the logged score goes. */
	| { kind: 'decimals'; decimals: number }
	/** The same, but the logged score has too few digits to tell models apart. */
	| { kind: 'too-few-digits' }
	| { kind: 'different'; by: number }

/** Digits that a logged score must have to be evidence: 0.25 may be any of many models' answers, 0.253 of few. */
const fewestDigits = 3
/** Libraries of mathematics differ in the last bits of exp: a few units of float32's precision. */
const lastBits = 4 * 2 ** -24
/** How far a decimal fraction may be from its rounded value, and a bit more, for doubles are no decimals. */
const half = 0.5 + 1e-6

/** Decimals of the shortest text that means the number, and its significant digits; whole numbers count all of theirs. */
function digitsOf(x: number): { decimals: number; significant: number } {
	const [mantissa = '', exponent = '0'] = Math.abs(x).toString().split('e')
	const [whole = '', fraction = ''] = mantissa.split('.')
	return {
		decimals: Math.max(0, fraction.length - Number(exponent)),
		significant: `${whole}${fraction}`.replace(/^0+/, '').length,
	}
}

/**
 * Compares a score as it was logged with a replayed one. `unit` is the size of the numbers that it was computed from, where
 * that is more than its own: a small probability that is what others leave of 1 has the last bits of 1.
 */
export function compareScores(logged: number, replayed: number, unit = 0): Nearness {
	if (logged === replayed) return { kind: 'equal' }
	const by = Math.abs(logged - replayed)
	if (!Number.isFinite(replayed)) return { kind: 'different', by }
	if (Math.fround(logged) === Math.fround(replayed)) return { kind: 'float32' }
	const { decimals, significant } = digitsOf(logged)
	const agrees = by <= half * 10 ** -decimals
	if (agrees && significant >= fewestDigits) return { kind: 'decimals', decimals }
	if (by <= lastBits * Math.max(Math.abs(logged), Math.abs(replayed), unit)) return { kind: 'last-bits' }
	return agrees ? { kind: 'too-few-digits' } : { kind: 'different', by }
}
