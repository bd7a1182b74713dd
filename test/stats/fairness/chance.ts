import { Chance } from '../../../src/demo/random.ts'
import { logGamma } from '../../../src/stats/distributions.ts'

export { Chance }

const logChoose = (n: number, k: number) => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)

/** The binomial distribution within 5 standard deviations. */
export function binomial(n: number, p: number): { x: number; chance: number }[] {
	const reach = 5 * Math.sqrt(n * p * (1 - p)) + 3
	const from = Math.max(0, Math.floor(n * p - reach))
	const to = Math.min(n, Math.ceil(n * p + reach))
	return Array.from({ length: to - from + 1 }, (_, i) => {
		const x = from + i
		return { x, chance: Math.exp(logChoose(n, x) + x * Math.log(p) + (n - x) * Math.log1p(-p)) }
	})
}

/** Draws from it. */
export function drawBinomial(n: number, p: number, chance: Chance): () => number {
	let sum = 0
	const upTo = binomial(n, p).map((of) => {
		sum += of.chance
		return { x: of.x, sum }
	})
	return () => {
		const at = chance.uniform() * sum
		let [low, high] = [0, upTo.length - 1]
		while (low < high) {
			const middle = (low + high) >> 1
			if ((upTo[middle]?.sum ?? 0) > at) high = middle
			else low = middle + 1
		}
		return upTo[low]?.x ?? 0
	}
}
