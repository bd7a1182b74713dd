import { describe, expect, it } from 'vitest'
import { seeded } from '../../../src/core/random.ts'
import { kernelShap } from '../../../src/explain/kernel/kernel-shap.ts'

type One = (row: Float64Array) => number
const batch = (f: One) => async (rows: Float64Array[]) => rows.map((row) => Float64Array.of(f(row)))

/** Shapley's own sum over all coalitions. */
function bruteForce(f: One, x: Float64Array, background: readonly Float64Array[]): number[] {
	const d = x.length
	const worth = Array.from({ length: 2 ** d }, (_, set) => {
		let sum = 0
		for (const row of background) sum += f(row.map((v, i) => ((set >> i) & 1 ? (x[i] as number) : v)))
		return sum / background.length
	})
	const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))
	return Array.from({ length: d }, (_, i) => {
		let phi = 0
		for (let set = 0; set < 2 ** d; set++) {
			if ((set >> i) & 1) continue
			const size = set.toString(2).replaceAll('0', '').length
			const weight = (factorial(size) * factorial(d - size - 1)) / factorial(d)
			phi += weight * ((worth[set | (1 << i)] as number) - (worth[set] as number))
		}
		return phi
	})
}

const rowsOf = (random: () => number, n: number, d: number) =>
	Array.from({ length: n }, () => Float64Array.from({ length: d }, () => 2 * random() - 1))

/** Interactions of every order up to four, steps and a curve: nothing that a regression of main effects fits. */
function wild(random: () => number, d: number): One {
	const weights = Array.from({ length: d }, () => 2 * random() - 1)
	const terms = Array.from({ length: d }, () => ({
		of: Array.from({ length: 2 + Math.floor(random() * 3) }, () => Math.floor(random() * d)),
		weight: 2 * random() - 1,
	}))
	return (row) => {
		let sum = 0
		row.forEach((v, i) => {
			sum += (weights[i] as number) * Math.tanh(2 * v)
		})
		for (const { of, weight } of terms) sum += of.every((i) => (row[i] as number) > 0) ? weight : 0
		return 1 / (1 + Math.exp(-sum))
	}
}

const one = (values: Float64Array[]): Float64Array => values[0] as Float64Array

describe('KernelSHAP', () => {
	it('is exact, and says so, when every coalition is in the budget', async () => {
		const random = seeded(3)
		for (const d of [1, 2, 3, 4, 7, 8]) {
			const f = wild(random, d)
			const [x, ...background] = rowsOf(random, 12, d) as [Float64Array, ...Float64Array[]]
			const answer = await kernelShap(batch(f), x, background)
			const exact = bruteForce(f, x, background)
			exact.forEach((phi, i) => {
				expect(Math.abs(phi - (one(answer.contributions)[i] as number))).toBeLessThan(1e-12)
			})
			expect(answer.method).toBe('exact/kernel-shap')
			expect(answer.standardErrors).toBeUndefined()
			expect(answer.evaluations).toBe(d === 1 ? 2 : 2 ** d)
			expect(answer.rows).toBe(answer.evaluations * 11)
		}
	})

	it('is exact for a linear model however few coalitions it draws', async () => {
		const random = seeded(4)
		const d = 40
		const [weights, x, ...background] = rowsOf(random, 6, d) as [
			Float64Array,
			Float64Array,
			...Float64Array[],
		]
		const f: One = (row) => row.reduce((sum, v, i) => sum + v * (weights[i] as number), 0.25)
		const answer = await kernelShap(batch(f), x, background, { evaluations: 200 })
		expect(answer.method).toBe('estimate/kernel-shap')
		one(answer.contributions).forEach((phi, i) => {
			const mean = background.reduce((sum, row) => sum + (row[i] as number), 0) / background.length
			expect(Math.abs(phi - (weights[i] as number) * ((x[i] as number) - mean))).toBeLessThan(1e-12)
			expect(one(answer.standardErrors ?? [])[i] as number).toBeLessThan(1e-10)
		})
	})

	it('has standard errors whose 95% intervals hold the exact values about 95 times in 100', async () => {
		const random = seeded(5)
		let [inside, all, squares] = [0, 0, 0]
		for (let game = 0; game < 40; game++) {
			const d = 9 + (game % 3)
			const f = wild(random, d)
			const [x, ...background] = rowsOf(random, 4, d) as [Float64Array, ...Float64Array[]]
			const exact = bruteForce(f, x, background)
			for (let seed = 0; seed < 5; seed++) {
				const answer = await kernelShap(batch(f), x, background, { evaluations: 150, precision: 0, seed })
				exact.forEach((phi, i) => {
					const z =
						((one(answer.contributions)[i] as number) - phi) / (one(answer.standardErrors ?? [])[i] as number)
					if (Math.abs(z) <= 1.96) inside++
					squares += z * z
					all++
				})
			}
		}
		expect(inside / all).toBeGreaterThan(0.93)
		expect(inside / all).toBeLessThan(0.985)
		expect(squares / all).toBeGreaterThan(0.6)
		expect(squares / all).toBeLessThan(1.3)
	})

	it('stops as soon as the errors are small enough, and stays within its budget', async () => {
		const random = seeded(6)
		const f = wild(random, 16)
		const [x, ...background] = rowsOf(random, 4, 16) as [Float64Array, ...Float64Array[]]
		const loose = await kernelShap(batch(f), x, background, { evaluations: 6000, precision: 0.1 })
		const whole = await kernelShap(batch(f), x, background, { evaluations: 6000, precision: 0 })
		expect(loose.evaluations).toBeLessThan(whole.evaluations)
		expect(whole.evaluations).toBeLessThanOrEqual(6002)
		const errors = one(loose.standardErrors ?? [])
		const values = one(loose.contributions)
		expect(Math.max(...errors)).toBeLessThan(0.1 * (Math.max(...values) - Math.min(...values)))
	})

	it('answers the same for the same seed, whatever the size of the batches', async () => {
		const random = seeded(7)
		const f = wild(random, 14)
		const [x, ...background] = rowsOf(random, 4, 14) as [Float64Array, ...Float64Array[]]
		const ask = (seed: number, batchRows: number) =>
			kernelShap(batch(f), x, background, { evaluations: 300, seed, batchRows })
		expect(await ask(1, 7)).toEqual(await ask(1, 4096))
		expect(one((await ask(2, 4096)).contributions)).not.toEqual(one((await ask(1, 4096)).contributions))
	})

	it('gives nothing to features that the background shares with the row, and moves grouped columns together', async () => {
		const f: One = (row) => (row[0] as number) * (row[1] as number) + 3 * (row[2] as number)
		const x = Float64Array.of(2, 5, 7, Number.NaN)
		const background = [Float64Array.of(1, 1, 7, Number.NaN), Float64Array.of(0, 2, 7, Number.NaN)]
		const answer = await kernelShap(batch(f), x, background, { groups: [[0, 1], [2], [3]] })
		expect([...one(answer.contributions)]).toEqual([9.5, 0, 0])
		expect(answer.evaluations).toBe(2)
	})

	it('explains every output of a model with several', async () => {
		const f = async (rows: Float64Array[]) =>
			rows.map((r) => Float64Array.of((r[0] as number) + (r[1] as number), -(r[0] as number)))
		const answer = await kernelShap(f, Float64Array.of(1, 2), [Float64Array.of(0, 0)])
		expect(answer.contributions.map((c) => [...c])).toEqual([
			[1, 2],
			[-1, 0],
		])
	})

	it('refuses what has no answer', async () => {
		const f = batch((row) => row[0] as number)
		const row = (d: number, v = 0) => new Float64Array(d).fill(v)
		await expect(kernelShap(f, row(2), [])).rejects.toThrow('background of one row')
		await expect(kernelShap(f, row(2), [row(3)])).rejects.toThrow('must have the columns')
		await expect(
			kernelShap(
				batch(() => Number.NaN),
				row(2),
				[row(2, 1)],
			),
		).rejects.toThrow('did not return a number')
		await expect(kernelShap(async () => [], row(2), [row(2, 1)])).rejects.toThrow('did not return a number')
		await expect(kernelShap(f, row(30), [row(30, 1)], { evaluations: 20 })).rejects.toThrow(
			'budget of evaluations',
		)
	})
})
