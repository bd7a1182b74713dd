const z95 = 1.959963984540054

/** Wilson's score interval for a proportion, 95% by default (Wilson 1927; statsmodels proportion_confint(method="wilson")). */
export function wilson(successes: number, n: number, z = z95): { low: number; high: number } {
	if (!(n > 0) || successes < 0 || successes > n)
		throw new RangeError('wilson needs 0 <= successes <= n and n > 0')
	const p = successes / n
	const scale = 1 + (z * z) / n
	const centre = p + (z * z) / (2 * n)
	const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
	const low = successes === 0 ? 0 : Math.max(0, (centre - half) / scale)
	return { low, high: successes === n ? 1 : Math.min(1, (centre + half) / scale) }
}
