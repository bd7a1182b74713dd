const f64 = new Float64Array(1)
const i64 = new BigInt64Array(f64.buffer)
const f32 = new Float32Array(1)
const i32 = new Int32Array(f32.buffer)

/** The next double above (`up`) or below. */
export function nextDouble(x: number, up: boolean): number {
	if (x === 0) return up ? Number.MIN_VALUE : -Number.MIN_VALUE
	f64[0] = x
	// Doubles of one sign are ordered as their bits are.
	i64[0] = (i64[0] as bigint) + (x > 0 === up ? 1n : -1n)
	return f64[0]
}

/** The float32 below a float32. */
export function floatBelow(x: number): number {
	if (x === 0) return -(2 ** -149)
	f32[0] = x
	i32[0] = (i32[0] as number) + (x > 0 ? -1 : 1)
	return f32[0]
}

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
