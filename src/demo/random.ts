/** A seeded stream of chance: mulberry32, enough for a simulation. */
export class Chance {
	private state: number

	constructor(seed: number) {
		this.state = seed >>> 0
	}

	/** Uniform in [0, 1). */
	uniform(): number {
		this.state = (this.state + 0x6d2b79f5) >>> 0
		let t = this.state
		t = Math.imul(t ^ (t >>> 15), t | 1)
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
	}

	/** Standard normal (Box and Muller). */
	normal(): number {
		return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
	}

	pick<T>(list: readonly T[]): T {
		return list[Math.floor(this.uniform() * list.length)] as T
	}

	/** Sixteen random bytes as a UUID whose order is that of `atMs` (version 7): cheap for the store to index. */
	uuid(atMs: number): string {
		const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0').slice(-digits)
		const time = hex(atMs, 12)
		const part = () => hex(Math.floor(this.uniform() * 65_536), 4)
		return `${time.slice(0, 8)}-${time.slice(8)}-7${part().slice(1)}-${hex(0x8000 | Math.floor(this.uniform() * 0x4000), 4)}-${part()}${part()}${part()}`
	}
}
