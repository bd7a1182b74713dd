import type { ByteReader, ByteWriter } from '../inputs/bytes.ts'
import type { ExactSum } from '../inputs/exact-sum.ts'

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
export function readSum(input: ByteReader, into: ExactSum): void {
	const limbs = input.varint()
	const low = limbs > 0 ? input.varint() : 0
	for (let i = 0; i < limbs; i++) into.addLimb(low + i, readCount(input))
}
