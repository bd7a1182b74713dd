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
	private upTo(most: number): number {
		const mask = 2 ** (32 - Math.clz32(most)) - 1
		let value = this.next() & mask
		while (value > most) value = this.next() & mask
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
