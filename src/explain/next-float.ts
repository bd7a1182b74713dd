const f64 = new Float64Array(1)
const i64 = new BigInt64Array(f64.buffer)
const f32 = new Float32Array(1)
const i32 = new Int32Array(f32.buffer)

/** The next double above (`up`) or below a finite one. */
export function nextDouble(x: number, up: boolean): number {
	if (x === 0) return up ? Number.MIN_VALUE : -Number.MIN_VALUE
	f64[0] = x
	// Doubles of one sign are ordered as their bits are.
	i64[0] = (i64[0] as bigint) + (x > 0 === up ? 1n : -1n)
	return f64[0]
}

/** The next float32 above (`up`) or below a finite one. */
export function nextFloat(x: number, up: boolean): number {
	if (x === 0) return up ? 2 ** -149 : -(2 ** -149)
	f32[0] = x
	i32[0] = (i32[0] as number) + (x > 0 === up ? 1 : -1)
	return f32[0]
}
