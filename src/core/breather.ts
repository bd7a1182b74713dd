import { ByteBudget, type ByteHold } from './byte-budget.ts'
import { AppError } from './errors.ts'

const turnMs = 10
/** What a byte may cost beyond the limit: a good body takes a tenth of it. */
const msPerByte = 1e-3

/**
 * Lets others have the event loop after about 10 ms of work on one body, and stops a body that costs too much. Clocks of
 * workers may stand still while code runs: there the platform's own limit holds.
 */
export class Breather {
	private since: number
	private turn = 0
	private spent = 0
	private allowed: number
	private readonly limitMs: number
	private readonly clock: () => number

	constructor(limitMs: number, clock = () => performance.now()) {
		this.limitMs = limitMs
		this.allowed = limitMs
		this.clock = clock
		this.since = clock()
	}

	/** More of the body has come, so more work is fair. */
	allow(bytes: number): void {
		this.allowed += bytes * msPerByte
	}

	/** What was waited for is here: the time until now was nobody's work. */
	wake(): void {
		this.since = this.clock()
	}

	/** Whether it is time to breathe. Throws `too-large` when the body has cost too much. */
	get isDue(): boolean {
		const now = this.clock()
		const ms = now - this.since
		this.since = now
		this.turn += ms
		this.spent += ms
		if (this.spent > this.allowed)
			throw new AppError(
				'too-large',
				`The body takes too long to process (limit bodyCpuMs, ${this.limitMs} ms and 1 ms a kilobyte). Check what it holds, and send it in parts.`,
			)
		return this.turn >= turnMs
	}

	async breathe(): Promise<void> {
		await new Promise((resolve) => setImmediate(resolve))
		this.turn = 0
		this.wake()
	}
}

/** What the request that rows come with may use up. */
export type Use = { breather: Breather; hold: ByteHold }

/** For files of our own. */
export const anyUse = (): Use => ({
	breather: new Breather(Number.POSITIVE_INFINITY),
	hold: new ByteBudget(Number.POSITIVE_INFINITY).open(),
})
