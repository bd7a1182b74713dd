import { cholesky, solve } from './cholesky.ts'
import type { Pair } from './coalitions.ts'

/** A pair with what it showed: value of the coalition minus value of its complement, by output. */
export type Measured = { pair: Pair; difference: Float64Array; weight: number; drawn: boolean }

export type Fit = { contributions: Float64Array[]; standardErrors: Float64Array[] | undefined }

/** The player's sign in a pair, +1 or -1, minus the last player's: the constraint takes that one out of the regression. */
function regressors(pair: Pair): Float64Array {
	const n = pair.length - 1
	const last = 2 * (pair[n] as number)
	return Float64Array.from({ length: n }, (_, i) => 2 * (pair[i] as number) - last)
}

const dot = (a: Float64Array, b: Float64Array): number => {
	let sum = 0
	for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
	return sum
}

function addOuter(into: Float64Array, z: Float64Array, weight: number): void {
	const n = z.length
	for (let i = 0; i < n; i++) {
		const zi = weight * (z[i] as number)
		if (zi === 0) continue
		for (let j = 0; j <= i; j++) {
			const at = i * n + j
			into[at] = (into[at] as number) + zi * (z[j] as number)
		}
	}
}

/**
 * Shapley values by weighted least squares over pairs, so that they sum to `total` by output: value(S) - value(not S) =
 * sum of +-contributions. Of the pairs that were drawn the errors follow from their residuals (the sandwich that Covert &
 * Lee 2021, "Improving KernelSHAP", section 4, give by the central limit theorem; leverages taken out as in HC3).
 * Undefined while the pairs do not yet determine every value.
 */
export function fitPairs(measured: readonly Measured[], total: Float64Array): Fit | undefined {
	const n = (measured[0]?.pair.length ?? 0) - 1
	const normal = new Float64Array(n * n)
	const rows = measured.map((m) => ({ ...m, z: regressors(m.pair) }))
	for (const { z, weight } of rows) addOuter(normal, z, weight)
	const factor = cholesky(normal, n)
	if (factor === undefined) return undefined
	const inverse = rows.map(({ z, drawn }) => (drawn ? solve(factor, n, z) : undefined))
	const contributions: Float64Array[] = []
	const standardErrors: Float64Array[] = []
	total.forEach((sum, k) => {
		const target = ({ pair, difference }: Measured) =>
			(difference[k] as number) - (2 * (pair[n] as number) - 1) * sum
		const right = new Float64Array(n)
		for (const row of rows)
			for (let i = 0; i < n; i++)
				right[i] = (right[i] as number) + row.weight * (row.z[i] as number) * target(row)
		const theta = solve(factor, n, right)
		contributions.push(withLast(theta, sum - theta.reduce((a, b) => a + b, 0)))
		const shifts = rows.flatMap((row, i) => {
			const towards = inverse[i]
			if (towards === undefined) return []
			const leverage = Math.min(0.99, row.weight * dot(row.z, towards))
			const residual = (target(row) - dot(row.z, theta)) / (1 - leverage)
			return [towards.map((t) => row.weight * t * residual)]
		})
		standardErrors.push(spread(shifts, n))
	})
	return { contributions, standardErrors: inverse.some((v) => v !== undefined) ? standardErrors : undefined }
}

const withLast = (values: Float64Array, last: number): Float64Array => {
	const all = new Float64Array(values.length + 1)
	all.set(values)
	all[values.length] = last
	return all
}

/** Standard error of a sum of independent shifts, by player; the last player's shift is what the others' lack to zero. */
function spread(shifts: readonly Float64Array[], n: number): Float64Array {
	const m = shifts.length
	const all = shifts.map((s) => withLast(s, -s.reduce((a, b) => a + b, 0)))
	const errors = new Float64Array(n + 1)
	for (let i = 0; i <= n; i++) {
		let mean = 0
		for (const s of all) mean += (s[i] as number) / m
		let squares = 0
		for (const s of all) squares += ((s[i] as number) - mean) ** 2
		errors[i] = m > 1 ? Math.sqrt((squares * m) / (m - 1)) : Number.POSITIVE_INFINITY
	}
	return errors
}
