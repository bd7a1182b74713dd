/** A coalition of players (1: takes part), which implies its complement. Both are always evaluated. */
export type Pair = Uint8Array

/** All pairs of a size, or a size to draw from. `weight` is the size's share of the Shapley kernel, both halves together. */
type PairSize = { size: number; pairs: number; weight: number }

/** The pairs to evaluate in any case, with their weights, and the sizes to draw from, with their total weight. */
type Plan = {
	fixed: { pair: Pair; weight: number }[]
	drawn: PairSize[]
	drawnWeight: number
}

function choose(n: number, k: number): number {
	let result = 1
	for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i
	return Math.round(result)
}

/**
 * Sizes 1 … players / 2. The kernel gives all coalitions of size k together (players - 1) / (k (players - k)) (Lundberg &
 * Lee 2017, theorem 2); a pair holds one of size k and one of size players - k.
 */
function pairSizes(players: number): PairSize[] {
	const sizes: PairSize[] = []
	for (let size = 1; size <= players / 2; size++) {
		const isHalf = size * 2 === players
		sizes.push({
			size,
			pairs: choose(players, size) / (isHalf ? 2 : 1),
			weight: ((players - 1) / (size * (players - size))) * (isHalf ? 1 : 2),
		})
	}
	const sum = sizes.reduce((total, { weight }) => total + weight, 0)
	return sizes.map((s) => ({ ...s, weight: s.weight / sum }))
}

/** Every coalition of a size; of half the players, only those with player 0, since the others are complements. */
function* pairsOf(players: number, size: number): Generator<Pair> {
	const isHalf = size * 2 === players
	const chosen = Array.from({ length: size }, (_, i) => i)
	for (;;) {
		if (isHalf && chosen[0] !== 0) return
		const pair = new Uint8Array(players)
		for (const i of chosen) pair[i] = 1
		yield pair
		let at = size - 1
		while (at >= 0 && chosen[at] === players - size + at) at--
		if (at < 0) return
		const next = (chosen[at] as number) + 1
		for (let i = at; i < size; i++) chosen[i] = next + i - at
	}
}

/**
 * Plans a budget of pairs like shap's KernelExplainer: from the outside in, each size that its share of the budget covers is
 * taken whole, and the others are drawn. When all sizes are whole, the values are exact.
 */
export function planPairs(players: number, maxPairs: number): Plan {
	const drawn = pairSizes(players)
	const plan: Plan = { fixed: [], drawn, drawnWeight: 1 }
	let left = maxPairs
	const everything = drawn.reduce((sum, { pairs }) => sum + pairs, 0)
	for (let first = drawn[0]; first !== undefined; first = drawn[0]) {
		const share = everything <= maxPairs ? left : (left * first.weight) / plan.drawnWeight
		if (first.pairs > share * (1 + 1e-8)) break
		for (const pair of pairsOf(players, first.size))
			plan.fixed.push({ pair, weight: first.weight / first.pairs })
		left -= first.pairs
		drawn.shift()
		plan.drawnWeight = drawn.reduce((sum, { weight }) => sum + weight, 0)
	}
	return plan
}

/** Draws a pair: the size by its weight, the coalition uniformly. `random` returns numbers in [0, 1). */
export function drawPair(players: number, { drawn, drawnWeight }: Plan, random: () => number): Pair {
	let point = random() * drawnWeight
	let at = 0
	while (at < drawn.length - 1 && point >= (drawn[at]?.weight ?? 0)) point -= drawn[at++]?.weight ?? 0
	const pair = new Uint8Array(players)
	let need = drawn[at]?.size ?? 1
	for (let i = 0; need > 0; i++)
		if (random() * (players - i) < need) {
			pair[i] = 1
			need--
		}
	return pair
}

/** An evaluated pair: the value of the coalition minus that of its complement, by output. */
export type Measured = { pair: Pair; difference: Float64Array; weight: number; drawn: boolean }

export type Fit = { contributions: Float64Array[]; standardErrors: Float64Array[] | undefined }

/** The sign of each player in a pair minus that of the last one, which the constraint removes from the regression. */
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
 * Shapley values by weighted least squares over pairs, constrained to sum to `total` by output: value(S) - value(not S) =
 * sum of +-contributions. The standard errors follow from the residuals of drawn pairs (the sandwich estimator of Covert & Lee
 * 2021, "Improving KernelSHAP", section 4, with leverages as in HC3). Undefined while the pairs do not determine every value.
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

/** The standard error of a sum of independent shifts, by player; the shifts of all players sum to zero. */
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

/**
 * The lower triangle L of a symmetric positive definite matrix A = L Lᵀ, n x n, row-major; undefined when A is singular to
 * rounding (a pivot below 1e-12 of its diagonal). Golub & Van Loan, Matrix Computations, 4.2. ml-matrix would be a dependency
 * for these thirty lines.
 */
function cholesky(a: Float64Array, n: number): Float64Array | undefined {
	const l = new Float64Array(n * n)
	for (let i = 0; i < n; i++)
		for (let j = 0; j <= i; j++) {
			let sum = a[i * n + j] as number
			for (let k = 0; k < j; k++) sum -= (l[i * n + k] as number) * (l[j * n + k] as number)
			if (i !== j) l[i * n + j] = sum / (l[j * n + j] as number)
			else if (sum > 1e-12 * (a[i * n + i] as number)) l[i * n + i] = Math.sqrt(sum)
			else return undefined
		}
	return l
}

/** Solves L Lᵀ x = b; `b` is not changed. */
function solve(l: Float64Array, n: number, b: Float64Array): Float64Array {
	const x = Float64Array.from(b)
	for (let i = 0; i < n; i++) {
		let sum = x[i] as number
		for (let k = 0; k < i; k++) sum -= (l[i * n + k] as number) * (x[k] as number)
		x[i] = sum / (l[i * n + i] as number)
	}
	for (let i = n - 1; i >= 0; i--) {
		let sum = x[i] as number
		for (let k = i + 1; k < n; k++) sum -= (l[k * n + i] as number) * (x[k] as number)
		x[i] = sum / (l[i * n + i] as number)
	}
	return x
}
