import { seeded } from '../core/random.ts'

/** Seeded random numbers for a simulation. */
export class Chance {
	/** Uniform in [0, 1). */
	readonly uniform: () => number

	constructor(seed: number) {
		this.uniform = seeded(seed)
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
