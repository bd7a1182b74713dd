/**
 * A symmetric positive definite matrix of half bandwidth 2, or its lower triangular root: entry (i, i - d) stands at
 * 3 i + d, d in 0..2. Penalties on second differences have this form, so fits cost a few thousand operations.
 */
export type BandMatrix = Float64Array

const entry = (band: ArrayLike<number>, i: number, d: number): number =>
	i >= d ? (band[3 * i + d] as number) : 0

/** The lower triangular root L: L L' = matrix (Cholesky). */
export function rootOf(matrix: BandMatrix): BandMatrix {
	const root = new Float64Array(matrix.length)
	for (let i = 0; i < matrix.length / 3; i++) {
		const far = i >= 2 ? entry(matrix, i, 2) / entry(root, i - 2, 0) : 0
		const near = i >= 1 ? (entry(matrix, i, 1) - far * entry(root, i - 1, 1)) / entry(root, i - 1, 0) : 0
		const square = entry(matrix, i, 0) - far * far - near * near
		if (!(square > 0)) throw new RangeError('the matrix is not positive definite')
		root.set([Math.sqrt(square), near, far], 3 * i)
	}
	return root
}

/** x of L x = b. */
export function solveLower(root: ArrayLike<number>, b: Float64Array): Float64Array {
	const x = b.slice()
	for (let i = 0; i < x.length; i++) {
		const known = entry(root, i, 1) * (x[i - 1] ?? 0) + entry(root, i, 2) * (x[i - 2] ?? 0)
		x[i] = ((b[i] as number) - known) / entry(root, i, 0)
	}
	return x
}

/** x of L' x = b. */
export function solveUpper(root: ArrayLike<number>, b: Float64Array): Float64Array {
	const x = b.slice()
	const last = x.length - 1
	for (let i = last; i >= 0; i--) {
		let known = 0
		if (i + 1 <= last) known += entry(root, i + 1, 1) * (x[i + 1] as number)
		if (i + 2 <= last) known += entry(root, i + 2, 2) * (x[i + 2] as number)
		x[i] = ((b[i] as number) - known) / entry(root, i, 0)
	}
	return x
}

/** matrix times b. */
export function timesVector(matrix: BandMatrix, b: Float64Array): Float64Array {
	const product = b.map((x, i) => entry(matrix, i, 0) * x)
	for (const d of [1, 2])
		for (let i = d; i < b.length; i++) {
			product[i] = (product[i] as number) + entry(matrix, i, d) * (b[i - d] as number)
			product[i - d] = (product[i - d] as number) + entry(matrix, i, d) * (b[i] as number)
		}
	return product
}

/** ln of the determinant of the matrix whose root this is. */
export function logDeterminant(root: BandMatrix): number {
	let sum = 0
	for (let i = 0; i < root.length; i += 3) sum += 2 * Math.log(root[i] as number)
	return sum
}
