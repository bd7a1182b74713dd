import { logGamma, upperGamma } from '../distributions/gamma.ts'

/**
 * Logarithm of the gamma-exponential mixture (Howard et al. 2021, proposition 9) at scale c = 1: the mean of
 * exp(l s - (-log(1 - l) - l) v) over l in [0, 1), weighted by rho; confseq's gamma_exponential_log_mixture. For s > -v.
 */
export function gammaExponentialMixture(s: number, v: number, rho: number): number {
	const shape = v + rho
	const rate = s + v + rho
	const start = rho * Math.log(rho) - logGamma(rho) - logLowerGamma(rho, rho)
	return start + logGamma(shape) + logLowerGamma(shape, rate) - shape * Math.log(rate) + s + v
}

/** 0 where the upper part is below exp(-40), by Chernoff's bound. */
const logLowerGamma = (a: number, x: number): number =>
	x > a && (x - a) ** 2 > 80 * x ? 0 : Math.log1p(-upperGamma(a, x))
