// A blocked Bloom filter (Putze, Sanders and Singler, 2007): all bits of a key in one cache line of 64 bytes.
const bitsPerKey = 12
const multipliers = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f, 0x165667b1, 0x5f356495]

export class KeyFilter {
	readonly words: Uint32Array
	private readonly blocks: number

	constructor(words: Uint32Array) {
		this.words = words
		this.blocks = words.length / 16
	}

	static forKeys(count: number): KeyFilter {
		return new KeyFilter(new Uint32Array(16 * Math.max(1, Math.ceil((count * bitsPerKey) / 512))))
	}

	private start(high: number): number {
		return Math.floor((high / 2 ** 32) * this.blocks) * 16
	}

	add(high: number, low: number): void {
		const start = this.start(high)
		const seed = high ^ (low << 16) ^ low
		for (const m of multipliers) {
			const bit = Math.imul(seed, m) >>> 23
			const word = start + (bit >>> 5)
			this.words[word] = (this.words[word] as number) | (1 << (bit & 31))
		}
	}

	/** False: the key is certainly absent. True also for about 1% of the absent keys. */
	mayHave(high: number, low: number): boolean {
		const start = this.start(high)
		const seed = high ^ (low << 16) ^ low
		for (const m of multipliers) {
			const bit = Math.imul(seed, m) >>> 23
			if ((((this.words[start + (bit >>> 5)] as number) >>> (bit & 31)) & 1) === 0) return false
		}
		return true
	}
}
