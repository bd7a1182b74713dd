import { ByteBudget, type ByteHold } from './byte-budget.ts'
import { AppError } from './errors.ts'

const turnMs = 10
/** What a byte may cost beyond the limit: a good body takes a tenth of it. */
const msPerByte = 1e-3

const { process } = globalThis as { process?: { threadCpuUsage(): { user: number; system: number } } }

function threadMs(): number {
	const { user, system } = (process as NonNullable<typeof process>).threadCpuUsage()
	return (user + system) / 1000
}

/** CPU time of this thread, where the platform tells (workers throw); else the clock, which also runs for others. */
const cpuMs = tells(threadMs) ? threadMs : () => performance.now()

function tells(clock: () => number): boolean {
	try {
		return clock() >= 0
	} catch {
		return false
	}
}

/**
 * Lets others have the event loop after about 10 ms of work on one body, and stops a body that costs too much. Clocks of
 * workers may stand still while code runs: there the platform's own limit holds.
 */
export class Breather {
	private since = performance.now()
	private turn = 0
	private turnCpu: number
	private spent = 0
	private allowed: number
	private readonly limitMs: number
	private readonly cpu: () => number

	constructor(limitMs: number, cpu = cpuMs) {
		this.limitMs = limitMs
		this.allowed = limitMs
		this.cpu = cpu
		this.turnCpu = cpu()
	}

	/** More of the body has come, so more work is fair. */
	allow(bytes: number): void {
		this.allowed += bytes * msPerByte
	}

	/** What was waited for is here: the time until now was nobody's work. */
	wake(): void {
		this.since = performance.now()
	}

	/** Whether it is time to breathe. */
	get isDue(): boolean {
		const now = performance.now()
		this.turn += now - this.since
		this.since = now
		return this.turn >= turnMs
	}

	/** Throws `too-large` when the body has cost too much. */
	async breathe(): Promise<void> {
		// Others may have used the thread in between, and other processes the processor: it is the lesser of both.
		this.spent += Math.min(this.turn, this.cpu() - this.turnCpu)
		if (this.spent > this.allowed)
			throw new AppError(
				'too-large',
				`The body takes too long to process (limit bodyCpuMs, ${this.limitMs} ms and 1 ms a kilobyte). Check what it holds, and send it in parts.`,
			)
		await new Promise((resolve) => setImmediate(resolve))
		this.turn = 0
		this.turnCpu = this.cpu()
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
