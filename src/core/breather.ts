import { ByteBudget, type ByteHold } from './byte-budget.ts'
import { AppError } from './errors.ts'

const turnMs = 10
/** CPU time allowed per byte in addition to the limit: a normal body takes a tenth of it. */
const msPerByte = 1e-3

const { process } = globalThis as { process?: { threadCpuUsage(): { user: number; system: number } } }

function threadMs(): number {
	const { user, system } = (process as NonNullable<typeof process>).threadCpuUsage()
	return (user + system) / 1000
}

/** CPU time of this thread where the platform has it (workers throw); else wall time, which includes other work. */
const cpuMs = isAvailable(threadMs) ? threadMs : () => performance.now()

function isAvailable(clock: () => number): boolean {
	try {
		return clock() >= 0
	} catch {
		return false
	}
}

/**
 * Yields to other work after about 10 ms on one body, and stops a body that costs too much CPU time. On workers the clock may
 * not advance while code runs: the platform's own limit applies there.
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

	/** More bytes of the body have arrived, so more work is allowed. */
	allow(bytes: number): void {
		this.allowed += bytes * msPerByte
	}

	/** Waiting has ended: the time until now does not count as work. */
	wake(): void {
		this.since = performance.now()
	}

	/** Whether to yield now. */
	get isDue(): boolean {
		const now = performance.now()
		this.turn += now - this.since
		this.since = now
		return this.turn >= turnMs
	}

	/** Yields. Throws `too-large` when the body has cost too much. */
	async breathe(): Promise<void> {
		// Wall time includes other work in this thread, CPU time excludes waiting: the smaller counts.
		this.spent += Math.min(this.turn, this.cpu() - this.turnCpu)
		if (this.spent > this.allowed)
			throw new AppError(
				'too-large',
				`The body takes too long to process (limit bodyCpuMs, ${this.limitMs} ms and 1 ms per kilobyte). Check its content, or send it in parts.`,
			)
		await new Promise((resolve) => setImmediate(resolve))
		this.turn = 0
		this.turnCpu = this.cpu()
		this.wake()
	}
}

/** The resources that a request with rows may use. */
export type Use = { breather: Breather; hold: ByteHold }

/** Unlimited, for trusted input such as local files. */
export const anyUse = (): Use => ({
	breather: new Breather(Number.POSITIVE_INFINITY),
	hold: new ByteBudget(Number.POSITIVE_INFINITY).open(),
})
