import { MersenneTwister } from './mersenne-twister.ts'

export type Split = { train: Uint32Array; test: Uint32Array }

/**
 * The row numbers of scikit-learn's StratifiedShuffleSplit(n_splits=count, test_size=.1, random_state=seed) for two
 * classes, draw for draw. Needs two rows of either class.
 */
export function stratifiedSplits(actual: ArrayLike<number>, count: number, seed: number): Split[] {
	const rows = Uint32Array.from({ length: actual.length }, (_, i) => i)
	const classes = [rows.filter((i) => actual[i] !== 1), rows.filter((i) => actual[i] === 1)]
	if (classes.some((of) => of.length < 2))
		throw new RangeError('stratifiedSplits needs two rows of either class')
	const random = new MersenneTwister(seed)
	const tests = Math.ceil(rows.length / 10)
	return Array.from({ length: count }, () => {
		const sizes = classes.map((of) => of.length)
		const forTrain = share(sizes, rows.length - tests, random)
		const forTest = share(
			sizes.map((n, k) => n - (forTrain[k] as number)),
			tests,
			random,
		)
		const drawn = classes.map((of) => random.permutation(of))
		const part = (from: number[], to: number[]) =>
			Uint32Array.from(drawn.flatMap((of, k) => [...of.subarray(from[k], to[k])]))
		const ends = forTrain.map((n, k) => n + (forTest[k] as number))
		const train = random.permutation(part([0, 0], forTrain))
		return { train, test: random.permutation(part(forTrain, ends)) }
	})
}

/**
 * How many of `draws` rows either class gives: its part rounded down, and what is missing to the largest remainders,
 * ties by chance (sklearn.utils.extmath._approximate_mode).
 */
function share(sizes: number[], draws: number, random: MersenneTwister): number[] {
	const total = sizes.reduce((a, b) => a + b, 0)
	const exact = sizes.map((n) => (n / total) * draws)
	const given = exact.map(Math.floor)
	let missing = draws - given.reduce((a, b) => a + b, 0)
	const remainders = exact.map((part, k) => part - (given[k] as number))
	for (const value of [...new Set(remainders)].sort((a, b) => b - a)) {
		if (missing <= 0) break
		const tied = Uint32Array.from(remainders.keys()).filter((k) => remainders[k] === value)
		for (const k of random.permutation(tied).subarray(0, missing)) {
			given[k] = (given[k] as number) + 1
			missing--
		}
	}
	return given
}
