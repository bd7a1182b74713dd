import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chiSquareHomogeneity, chiSquareTail, cramersV, gHomogeneity } from '../../src/stats/chi-square.ts'
import { kolmogorovSmirnovP, kolmogorovTail } from '../../src/stats/distances.ts'
import { logGamma, upperGamma } from '../../src/stats/distributions.ts'
import { wilson } from '../../src/stats/estimate.ts'
import { benjaminiHochberg } from '../../src/stats/multiple-tests.ts'
import { expectNear, pair, permuted, scale } from './near.ts'

const real = (min: number, max: number) => fc.double({ min, max, noNaN: true })

describe.each([
	['chi-square', chiSquareHomogeneity],
	['G', gHomogeneity],
] as const)('%s', (_, test) => {
	it('has a p in [0, 1], is symmetric, and 1 between equals', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				const { statistic, p, df } = test(a, b)
				expect(statistic).toBeGreaterThanOrEqual(0)
				expect(p).toBeGreaterThanOrEqual(0)
				expect(p).toBeLessThanOrEqual(1)
				expect(df).toBe(a.filter((x, i) => x > 0 || (b[i] as number) > 0).length - 1)
				expect(test(b, a)).toEqual({ statistic, p, df })
				// The root of the statistic's rounding error, where df is 1.
				expectNear(test(a, a).p, 1, 1e-9)
			}),
		)
	})

	it('does not depend on the order of the cells, nor on those that nobody uses', () => {
		fc.assert(
			fc.property(permuted, fc.nat(30), ({ before, after }, at) => {
				const { statistic, df } = test(...before)
				const other = test(...after)
				expect(other.df).toBe(df)
				expectNear(other.statistic, statistic, 1e-11, 1e-11)
				const [a, b] = before
				expect(test(a.toSpliced(at, 0, 0), b.toSpliced(at, 0, 0))).toEqual(test(a, b))
			}),
		)
	})

	it('grows with the rows, all shares alike, and finds no difference in shares that are the same', () => {
		fc.assert(
			fc.property(pair, scale, ([a, b], k) => {
				const times = (of: number[]) => of.map((c) => c * k)
				const { statistic } = test(a, b)
				expectNear(test(times(a), times(b)).statistic, k * statistic, 1e-10, 1e-8)
				expectNear(test(a, times(a)).statistic, 0, 0, 1e-9)
			}),
		)
	})

	it('does not grow when cells are joined', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				fc.pre(a.length > 1)
				const joined = ([x, y, ...rest]: number[]) => [(x as number) + (y as number), ...rest]
				const { statistic } = test(a, b)
				expect(test(joined(a), joined(b)).statistic).toBeLessThanOrEqual(statistic * (1 + 1e-12) + 1e-9)
			}),
		)
	})
})

describe("Cramer's V", () => {
	const v = (a: number[], b: number[]) => {
		const { statistic, df } = chiSquareHomogeneity(a, b)
		return cramersV(
			statistic,
			df + 1,
			[...a, ...b].reduce((x, y) => x + y),
		)
	}

	it('is in [0, 1] and symmetric', () => {
		fc.assert(
			fc.property(pair, ([a, b]) => {
				expect(v(a, b)).toBeGreaterThanOrEqual(0)
				expect(v(a, b)).toBeLessThanOrEqual(1 + 1e-12)
				expect(v(b, a)).toBe(v(a, b))
			}),
		)
	})

	it('is 1 for a full association of two cells, and 0 for none', () => {
		fc.assert(
			fc.property(fc.integer({ min: 2, max: 1e6 }), fc.integer({ min: 2, max: 1e6 }), (n, m) => {
				expectNear(v([n, 0], [0, m]), 1, 1e-9)
				expect(v([n, m], [n, m])).toBe(0)
			}),
		)
	})

	it('is about the same for more rows of the same shares', () => {
		expectNear(v([2e6, 1e6, 3e6], [1e6, 3e6, 2e6]), v([2e4, 1e4, 3e4], [1e4, 3e4, 2e4]), 1e-3)
	})
})

describe('the chi-square tail', () => {
	const df = fc.integer({ min: 1, max: 600 })

	it('falls with x, grows with df, and is in [0, 1]', () => {
		fc.assert(
			fc.property(df, real(0, 3000), real(0, 100), (of, x, more) => {
				const p = chiSquareTail(x, of)
				expect(p).toBeGreaterThanOrEqual(0)
				expect(p).toBeLessThanOrEqual(1)
				expect(chiSquareTail(x + more, of)).toBeLessThanOrEqual(p * (1 + 1e-12))
				expect(chiSquareTail(x, of + 1)).toBeGreaterThanOrEqual(p * (1 - 1e-12))
			}),
		)
	})

	it('is exp(-x / 2) for two degrees of freedom', () => {
		fc.assert(
			fc.property(real(0, 1400), (x) => {
				expectNear(chiSquareTail(x, 2), Math.exp(-x / 2), 1e-12)
			}),
		)
	})

	it('steps from df to df + 2 by one term: Q(a + 1, x) = Q(a, x) + x^a exp(-x) / gamma(a + 1)', () => {
		fc.assert(
			fc.property(real(0.5, 250), real(0.01, 700), (a, x) => {
				const term = Math.exp(a * Math.log(x) - x - logGamma(a + 1))
				expectNear(upperGamma(a + 1, x), upperGamma(a, x) + term, 2e-12, 1e-306)
			}),
		)
	})

	it('ln gamma(a + 1) = ln gamma(a) + ln a', () => {
		fc.assert(
			fc.property(real(0.01, 1000), (a) => {
				expectNear(logGamma(a + 1), logGamma(a) + Math.log(a), 1e-14, 1e-13)
			}),
		)
	})
})

describe("Kolmogorov's tail", () => {
	it('falls with x, and is in [0, 1]', () => {
		fc.assert(
			fc.property(real(1e-300, 20), real(0, 1), (x, more) => {
				const p = kolmogorovTail(x)
				expect(p).toBeGreaterThanOrEqual(0)
				expect(p).toBeLessThanOrEqual(1)
				expect(kolmogorovTail(x + more)).toBeLessThanOrEqual(p * (1 + 1e-12))
			}),
		)
	})

	it('makes p the smaller the more rows a distance is between, whichever side has them', () => {
		const rows = fc.integer({ min: 1, max: 1e6 })
		fc.assert(
			fc.property(real(1e-300, 1), rows, rows, rows, (distance, n, m, more) => {
				const p = kolmogorovSmirnovP(distance, n, m)
				expect(kolmogorovSmirnovP(distance, m, n)).toBe(p)
				expect(kolmogorovSmirnovP(distance, n + more, m)).toBeLessThanOrEqual(p * (1 + 1e-12))
			}),
		)
	})
})

describe('Benjamini-Hochberg', () => {
	const p = fc.oneof(real(0, 1), fc.constantFrom(0, 1, 0.05, 0.5))
	const ps = fc.array(p, { maxLength: 40 })

	it('is the least m p / rank of this p and all above, as defined', () => {
		fc.assert(
			fc.property(ps, (given) => {
				benjaminiHochberg(given).forEach((q, i) => {
					const above = given.filter((value) => value >= (given[i] as number))
					const rank = (value: number) => given.filter((other) => other <= value).length
					const least = Math.min(1, ...above.map((value) => (given.length * value) / rank(value)))
					expectNear(q, least, 1e-15)
				})
			}),
		)
	})

	it('keeps the order of p, never lowers one, and is at most 1', () => {
		fc.assert(
			fc.property(ps, (given) => {
				const tested = benjaminiHochberg(given).map((q, i) => ({ q, value: given[i] as number }))
				for (const { q, value } of tested) {
					expect(q).toBeGreaterThanOrEqual(value)
					expect(q).toBeLessThanOrEqual(1)
				}
				tested.sort((a, b) => a.value - b.value)
				tested.forEach(({ q }, i) => {
					expect(q).toBeGreaterThanOrEqual(tested[i - 1]?.q ?? 0)
				})
			}),
		)
	})

	it('grows with every p', () => {
		fc.assert(
			fc.property(ps, fc.nat(39), real(0, 1), (given, at, to) => {
				fc.pre(at < given.length)
				const raised = benjaminiHochberg(given.with(at, Math.max(to, given[at] as number)))
				benjaminiHochberg(given).forEach((q, i) => {
					expect(raised[i]).toBeGreaterThanOrEqual(q * (1 - 1e-15))
				})
			}),
		)
	})

	it('does not depend on the order, and leaves out what is no test', () => {
		const withNone = fc.array(fc.oneof(p, fc.constant(Number.NaN)), { maxLength: 40 })
		fc.assert(
			fc.property(withNone, (given) => {
				const q = benjaminiHochberg(given)
				expect(benjaminiHochberg(given.toReversed())).toEqual(q.toReversed())
				const numbers = (of: number[]) => of.filter((x) => !Number.isNaN(x))
				expect(benjaminiHochberg(numbers(given))).toEqual(numbers(q))
				expect(q.map(Number.isNaN)).toEqual(given.map(Number.isNaN))
			}),
		)
	})
})

describe('Wilson', () => {
	const share = fc
		.tuple(fc.integer({ min: 1, max: 100_000 }), real(0, 1))
		.map(([n, of]) => ({ n, k: Math.round(n * of) }))
	const z = real(0.1, 5)

	it('holds the share, and stays in [0, 1]', () => {
		fc.assert(
			fc.property(share, z, ({ k, n }, at) => {
				const { low, high } = wilson(k, n, at)
				expect(low).toBeGreaterThanOrEqual(0)
				expect(high).toBeLessThanOrEqual(1)
				expect(low).toBeLessThanOrEqual(k / n + 1e-15)
				expect(high).toBeGreaterThanOrEqual(k / n - 1e-15)
			}),
		)
	})

	it('ends where the share is z standard errors away: (p - x)^2 = z^2 x (1 - x) / n', () => {
		fc.assert(
			fc.property(share, z, ({ k, n }, at) => {
				const { low, high } = wilson(k, n, at)
				for (const x of [low, high]) expectNear((k / n - x) ** 2, (at * at * x * (1 - x)) / n, 1e-9, 1e-14)
			}),
		)
	})

	it('is mirrored by counting failures, and wider the surer it is to be', () => {
		fc.assert(
			fc.property(share, z, ({ k, n }, at) => {
				const { low, high } = wilson(k, n, at)
				const failures = wilson(n - k, n, at)
				expectNear(1 - failures.high, low, 1e-12, 1e-15)
				expectNear(1 - failures.low, high, 1e-12, 1e-15)
				const surer = wilson(k, n, at + 0.5)
				expect(surer.low).toBeLessThanOrEqual(low + 1e-15)
				expect(surer.high).toBeGreaterThanOrEqual(high - 1e-15)
			}),
		)
	})
})
