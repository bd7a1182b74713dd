const f64 = new Float64Array(1)
const i64 = new BigInt64Array(f64.buffer)
const f32 = new Float32Array(1)
const i32 = new Int32Array(f32.buffer)

/** The next double above (`up`) or below a finite one. */
export function nextDouble(x: number, up: boolean): number {
	if (x === 0) return up ? Number.MIN_VALUE : -Number.MIN_VALUE
	f64[0] = x
	// Doubles of one sign are ordered like their bits.
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

// XGBoost computes in float32 with the C library's functions, which are not correctly rounded: the nearest value would now
// and then differ in the last bit. The constants here are the published ones of Arm's optimized routines
// (logf_data.c and exp2f_data.c, copyright 2017-2018 Arm Limited, MIT licence), which glibc since 2.27 and musl compute logf
// and expf with.

// c of the 16 parts of [0.7, 1.4), as 1/c; then the polynomial of log(1 + r) - r.
const inverses = [
	1.398907162146528, 1.3403141896637998, 1.286432210124115, 1.2367150214269895, 1.1906977166711752,
	1.1479821020556429, 1.1082251448272158, 1.0711297413057381, 1.036437278977283, 1, 0.9492859795739057,
	0.8951049428609004, 0.8476821620351103, 0.8050314851692001, 0.7664671008843108, 0.731428603316328,
]
const [fourth, third, second] = [-0.25089342214237154, 0.333456765744066, -0.4999997485802103]

const lowest = 0x3f330000
const view = new DataView(new ArrayBuffer(4))

/** The natural logarithm of a float32 as the C library's `logf` rounds it. */
export function log32(x: number): number {
	view.setFloat32(0, x)
	const bits = view.getInt32(0)
	// Zero, negative, subnormal, infinite, NaN: rounding does not matter.
	if (bits < 0x00800000 || bits >= 0x7f800000) return Math.fround(Math.log(x))
	const offset = bits - lowest
	const inverse = inverses[(offset >> 19) & 15] as number
	view.setInt32(0, bits - (offset & 0xff800000))
	const r = view.getFloat32(0) * inverse - 1
	const start = (offset >> 23) * Math.LN2 - Math.log(inverse)
	return Math.fround((fourth * r * r + (third * r + second)) * r * r + (start + r))
}

const [cube, square, linear] = [0.05550361559341535, 0.2402284522445722, 0.6931471806916203]
const parts = Array.from({ length: 32 }, (_, i) => 2 ** (i / 32))

/** The exponential of a float32 as the C library's `expf` rounds it: 2^(k/32) times a polynomial of the remainder. */
export function exp32(x: number): number {
	// Beyond these, 0 and infinity are exact, and the last bit of subnormals does not matter.
	if (!(x > -87 && x < 88.7)) return Math.fround(Math.exp(x))
	const z = x * (Math.LOG2E * 32)
	const k = Math.round(z)
	const r = (z - k) / 32
	const scale = (parts[((k % 32) + 32) % 32] as number) * 2 ** Math.floor(k / 32)
	return Math.fround(((cube * r + square) * (r * r) + (linear * r + 1)) * scale)
}
