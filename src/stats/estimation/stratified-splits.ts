const size = 624
const period = 397

/**
 * The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) as numpy.random.RandomState(seed) uses it: to repeat
 * splits that peers drew with a fixed seed. Not for new work.
 */
export class MersenneTwister {
	private readonly state = new Uint32Array(size)
	private at = size

	constructor(seed: number) {
		this.state[0] = seed >>> 0
		for (let i = 1; i < size; i++) {
			const before = this.state[i - 1] as number
			this.state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i
		}
	}

	/** A shuffled copy, by RandomState.permutation's draws. */
	permutation(values: Uint32Array): Uint32Array {
		const shuffled = values.slice()
		for (let i = shuffled.length - 1; i > 0; i--) {
			const j = this.upTo(i)
			const kept = shuffled[i] as number
			shuffled[i] = shuffled[j] as number
			shuffled[j] = kept
		}
		return shuffled
	}

	/** A whole number in [0, most], by masking and drawing again. */
	private upTo(max: number): number {
		const mask = 2 ** (32 - Math.clz32(max)) - 1
		let value = this.next() & mask
		while (value > max) value = this.next() & mask
		return value
	}

	private next(): number {
		if (this.at === size) this.twist()
		let y = this.state[this.at++] as number
		y ^= y >>> 11
		y ^= (y << 7) & 0x9d2c5680
		y ^= (y << 15) & 0xefc60000
		return (y ^ (y >>> 18)) >>> 0
	}

	private twist(): void {
		const { state } = this
		for (let i = 0; i < size; i++) {
			const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % size] as number) & 0x7fffffff)
			state[i] = (state[(i + period) % size] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
		}
		this.at = 0
	}
}

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
