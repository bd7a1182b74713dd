const powers = Array.from({ length: 23 }, (_, i) => 10 ** i)
const [zero, plus, minus, point, small, capital] = [48, 43, 45, 46, 101, 69]

/**
 * The number that plain ASCII digits say, exactly rounded; NaN for anything else, and where digits or exponent are too
 * many for the quick way (Clinger 1990: whole numbers below 2^53 and powers of ten up to 22 are exact, so one division
 * rounds once).
 */
export function parseNumber(bytes: Uint8Array, from: number, to: number): number {
	let at = from
	const sign = bytes[at]
	if (sign === minus || sign === plus) at++
	let mantissa = 0
	let digits = 0
	let afterPoint = -1
	for (; at < to; at++) {
		const digit = (bytes[at] as number) - zero
		if (digit >= 0 && digit <= 9) {
			mantissa = mantissa * 10 + digit
			digits++
			if (afterPoint >= 0) afterPoint++
		} else if (bytes[at] === point && afterPoint < 0) afterPoint = 0
		else break
	}
	if (digits === 0 || mantissa > Number.MAX_SAFE_INTEGER) return Number.NaN
	let exponent = -Math.max(0, afterPoint)
	if (at < to) {
		if (bytes[at] !== small && bytes[at] !== capital) return Number.NaN
		const power = parseExponent(bytes, at + 1, to)
		if (Number.isNaN(power)) return Number.NaN
		exponent += power
	}
	if (exponent < -22 || exponent > 22) return mantissa === 0 ? signed(sign, 0) : Number.NaN
	const value =
		exponent < 0 ? mantissa / (powers[-exponent] as number) : mantissa * (powers[exponent] as number)
	return signed(sign, value)
}

const signed = (sign: number | undefined, value: number) => (sign === minus ? -value : value)

function parseExponent(bytes: Uint8Array, from: number, to: number): number {
	const sign = bytes[from]
	let at = sign === minus || sign === plus ? from + 1 : from
	if (at === to || to - at > 4) return Number.NaN
	let value = 0
	for (; at < to; at++) {
		const digit = (bytes[at] as number) - zero
		if (digit < 0 || digit > 9) return Number.NaN
		value = value * 10 + digit
	}
	return signed(sign, value)
}
