import { readFile } from 'node:fs/promises'
import { describe, it } from 'vitest'
import {
	momentsOf,
	studentTail,
	studentUpperQuantile,
	welchGreater,
} from '../../../src/stats/distributions.ts'
import { holm } from '../../../src/stats/multiple-tests.ts'
import { expectNear } from '../near.ts'

type Sums = { n: number; sum: number; squares: number }
type Golden = {
	welch: { a: Sums; b: Sums; p: number }[]
	quantiles: { p: number; df: number; t: number; tail: number }[]
	holm: { p: number[]; adjusted: number[] }[]
}

const golden: Golden = JSON.parse(await readFile(new URL('golden/tests.json', import.meta.url), 'utf8'))
const moments = ({ n, sum, squares }: Sums) => momentsOf(n, sum, squares)

describe('against SciPy and statsmodels', () => {
	it("Welch's one-sided test", () => {
		for (const { a, b, p } of golden.welch) expectNear(welchGreater(moments(a), moments(b)), p, 1e-9)
	})

	it("Student's tail and quantile", () => {
		for (const { p, df, t, tail } of golden.quantiles) {
			expectNear(studentUpperQuantile(p, df), t, 1e-10)
			expectNear(studentTail(p * 10, df), tail, 1e-10)
		}
	})

	it("Holm's adjusted p-values", () => {
		for (const { p, adjusted } of golden.holm) {
			holm(p).forEach((value, i) => {
				expectNear(value, adjusted[i] ?? Number.NaN, 1e-12)
			})
		}
	})
})
