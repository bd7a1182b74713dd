import type { ByteReader, ByteWriter } from './bytes.ts'

// The base is 2^32; limb i weighs 2^(32 i - 1074), so that the smallest subnormal is bit 0.
const base = 2 ** 32
const limbCount = 68
// Each addition adds less than 2^32 to a limb, and a limb holds 2^53: normalise well before that.
const maxPending = 1 << 20

const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)

/**
 * The exact sum of doubles, as a wide fixed-point integer (a superaccumulator: Neal, "Fast exact summation using
 * small and large superaccumulators", 2015). Addition of integers commutes, so the sum of parts is the sum of the
 * whole to the bit, in any order.
 */
export class ExactSum {
	private readonly limbs = new Float64Array(limbCount)
	private pending = 0
	/** Lowest and highest limb in use; low > high when empty. */
	private low = limbCount
	private high = -1

	/** Adds a finite double. Throws RangeError for NaN and infinities. */
	add(value: number): void {
		if (value === 0) return
		double[0] = value
		const word = halves[1] as number
		const exponent = (word >>> 20) & 0x7ff
		if (exponent === 0x7ff) throw new RangeError('an exact sum takes finite numbers')
		const highBits = exponent === 0 ? word & 0xfffff : (word & 0xfffff) | 0x100000
		const lowBits = halves[0] as number
		const position = exponent === 0 ? 0 : exponent - 1
		const limb = position >>> 5
		const shift = position & 31
		const sign = word >>> 31 === 0 ? 1 : -1
		const { limbs } = this
		if (shift === 0) {
			limbs[limb] = (limbs[limb] as number) + sign * lowBits
			limbs[limb + 1] = (limbs[limb + 1] as number) + sign * highBits
		} else {
			limbs[limb] = (limbs[limb] as number) + sign * ((lowBits << shift) >>> 0)
			const middle = ((lowBits >>> (32 - shift)) | (highBits << shift)) >>> 0
			limbs[limb + 1] = (limbs[limb + 1] as number) + sign * middle
			limbs[limb + 2] = (limbs[limb + 2] as number) + sign * (highBits >>> (32 - shift))
		}
		if (limb < this.low) this.low = limb
		if (limb + 2 > this.high) this.high = limb + 2
		if (++this.pending >= maxPending) this.normalise()
	}

	/** Adds another sum, exactly. */
	merge(other: ExactSum): void {
		other.normalise()
		for (let i = other.low; i <= other.high; i++) this.addLimb(i, other.limbs[i] as number)
		if (++this.pending >= maxPending) this.normalise()
	}

	/** Adds one limb of a normalised sum. It is below 2^32 in size, so it counts as one pending addition. */
	addLimb(index: number, limb: number): void {
		this.limbs[index] = (this.limbs[index] as number) + limb
		if (index < this.low) this.low = index
		if (index > this.high) this.high = index
		this.pending++
	}

	/** Carries until every limb but the highest is in [0, 2^32), so that each sum has one representation. */
	private normalise(): void {
		let carry = 0
		for (let i = this.low; i <= this.high || (carry !== 0 && i < limbCount - 1); i++) {
			const total = (this.limbs[i] as number) + carry
			carry = Math.floor(total / base)
			this.limbs[i] = total - carry * base
			if (i > this.high) this.high = i
			// A negative sum would carry -1 forever: the highest limb keeps the sign.
			if (i >= this.high && carry === -1) {
				this.limbs[i] = (this.limbs[i] as number) - base
				carry = 0
			}
		}
		while (this.high >= this.low && this.limbs[this.high] === 0) this.high--
		// -1 above a full limb is the same number as that limb minus 2^32.
		while (this.high > this.low && this.limbs[this.high] === -1) {
			const below = (this.limbs[this.high - 1] as number) - base
			this.limbs[this.high] = 0
			this.high--
			this.limbs[this.high] = below
		}
		while (this.low <= this.high && this.limbs[this.low] === 0) this.low++
		if (this.low > this.high) {
			this.low = limbCount
			this.high = -1
		}
		this.pending = 1
	}

	/** Normalised limbs, lowest first, and the index of the lowest: the canonical form. */
	parts(): { low: number; limbs: number[] } {
		this.normalise()
		return this.high < 0
			? { low: 0, limbs: [] }
			: { low: this.low, limbs: [...this.limbs.slice(this.low, this.high + 1)] }
	}

	/** The exact sum, in units of 2^-1074. */
	units(): bigint {
		const { low, limbs } = this.parts()
		return limbs.reduce((sum, limb, i) => sum + (BigInt(limb) << BigInt(32 * (low + i))), 0n)
	}

	/** The sum as a double, within an ulp: limbs are added from the highest. */
	value(): number {
		this.normalise()
		let total = 0
		for (let i = this.high; i >= this.low; i--) total += (this.limbs[i] as number) * 2 ** (32 * i - 1074)
		return total
	}
}

/** Whole numbers of either sign, small ones short. */
export const writeCount = (out: ByteWriter, count: number): void =>
	out.varint(count < 0 ? -count * 2 - 1 : count * 2)

export function readCount(input: ByteReader): number {
	const zigzag = input.varint()
	return zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2
}

export function writeSum(out: ByteWriter, sum: ExactSum): void {
	const { low, limbs } = sum.parts()
	out.varint(limbs.length)
	if (limbs.length > 0) out.varint(low)
	for (const limb of limbs) writeCount(out, limb)
}

/** Adds what `writeSum` wrote. */
export function readSum(input: ByteReader, into: ExactSum): ExactSum {
	const limbs = input.varint()
	const low = limbs > 0 ? input.varint() : 0
	for (let i = 0; i < limbs; i++) into.addLimb(low + i, readCount(input))
	return into
}
