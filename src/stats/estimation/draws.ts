/** Standard normal draw (Box and Muller). `random` is uniform in [0, 1). */
export const drawNormal = (random: () => number): number =>
	Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** How many of n rows come out positive, each with chance p: exact by inversion, rounded normal once the variance is above 12. */
export function drawBinomial(n: number, p: number, random: () => number): number {
	if (n <= 0 || p <= 0) return 0
	if (p >= 1) return n
	if (n === 1) return random() < p ? 1 : 0
	if (p > 0.5) return n - drawBinomial(n, 1 - p, random)
	const variance = n * p * (1 - p)
	if (variance > 12)
		return Math.min(n, Math.max(0, Math.round(n * p + Math.sqrt(variance) * drawNormal(random))))
	const odds = p / (1 - p)
	let mass = Math.exp(n * Math.log1p(-p))
	let left = random()
	let k = 0
	while (left > mass && k < n) {
		left -= mass
		mass *= ((n - k) / (k + 1)) * odds
		k++
	}
	return k
}

/** Gamma draw of scale 1 (Marsaglia and Tsang 2000). */
export function drawGamma(shape: number, random: () => number): number {
	if (shape < 1) return drawGamma(shape + 1, random) * random() ** (1 / shape)
	const d = shape - 1 / 3
	const c = 1 / Math.sqrt(9 * d)
	for (;;) {
		const x = drawNormal(random)
		const v = (1 + c * x) ** 3
		if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
	}
}
