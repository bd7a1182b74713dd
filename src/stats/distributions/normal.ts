import { probit } from 'simple-statistics'
import { upperGamma } from './gamma.ts'

/** P(Z >= z) of the standard normal distribution, from the incomplete gamma function: 1e-13 relative for z >= 0. */
export const normalTail = (z: number): number =>
	z >= 0 ? upperGamma(0.5, (z * z) / 2) / 2 : 1 - upperGamma(0.5, (z * z) / 2) / 2

/**
 * The z with P(Z >= z) = p, 0 < p < 1: simple-statistics' probit, good to 2e-3, made exact by Newton's steps on the
 * logarithm of the tail (scipy.stats.norm.isf).
 */
export function normalUpperQuantile(p: number): number {
	if (!(p > 0 && p < 1)) throw new RangeError('a quantile needs 0 < p < 1')
	if (p > 0.5) return -normalUpperQuantile(1 - p)
	let z = -probit(Math.max(p, 1e-12))
	for (let i = 0; i < 8; i++) {
		const tail = normalTail(z)
		const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
		z += (tail / density) * Math.log(tail / p)
	}
	return z
}
