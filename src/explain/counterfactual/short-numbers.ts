/** The shortest decimal that is the same float32: 0.3, not 0.30000001192092896. */
export function shortFloat(x: number): number {
	// A decimal of d digits is one of d + 1 too: once some are enough, more are, so the number of digits can be halved.
	let [low, high] = [1, 9]
	while (low < high) {
		const middle = (low + high) >> 1
		if (Math.fround(Number(x.toPrecision(middle))) === x) high = middle
		else low = middle + 1
	}
	const short = Number(x.toPrecision(low))
	return Math.fround(short) === x ? short : x
}

/** The multiple of `step` that is nearest to `x` without being below it (`up`) or above it. */
export function onGrid(x: number, step: number, up: boolean): number {
	const count = up ? Math.ceil(x / step) : Math.floor(x / step)
	const value = tidy(count, step)
	// x / step rounds: 0.3 / 0.1 is 2.9999999999999996.
	if (up ? value < x : value > x) return tidy(up ? count + 1 : count - 1, step)
	const closer = tidy(up ? count - 1 : count + 1, step)
	return (up ? closer >= x : closer <= x) ? closer : value
}

/** 3 x 0.1 is 0.3: the product to the digits that a step of that size has. */
export function tidy(count: number, step: number): number {
	const product = count * step
	return Number.isInteger(step) ? product : Number(product.toPrecision(15))
}
