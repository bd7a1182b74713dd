import { AppError } from './errors.ts'

const waitMs = 1000
/** The last quarter of the budget is reserved for holds of this size. */
const smallBytes = 256 * 1024
const sharedPart = 0.75

type Waiter = { hold: ByteHold; bytes: number; resolve: () => void }

/**
 * The memory that all requests together may use. The last quarter is reserved for holds of at most 256 KB, so that a few
 * large bodies cannot block small ones. One file at a time may exceed its share: it does not count.
 */
export class ByteBudget {
	used = 0
	/** The file that is larger than its share. */
	private large: ByteHold | undefined
	private waiting: Waiter[] = []
	private readonly limit: number

	constructor(limit: number) {
		this.limit = limit
	}

	open(): ByteHold {
		return new ByteHold(this)
	}

	/** More than half is used: holders that can flush their buffers should. */
	get isTight(): boolean {
		return this.used > this.limit / 2
	}

	take(hold: ByteHold, bytes: number): boolean {
		if (this.large === hold) return true
		const allowed = hold.bytes + bytes <= smallBytes ? this.limit : this.limit * sharedPart
		if (this.used + bytes <= allowed) {
			this.used += bytes
			return true
		}
		if (!hold.isFile || this.large !== undefined) return false
		this.large = hold
		this.used -= hold.bytes
		return true
	}

	wait(hold: ByteHold, bytes: number): Promise<void> {
		const since = performance.now()
		return new Promise((resolve, reject) => {
			const waiter = {
				hold,
				bytes,
				resolve: () => {
					clearTimeout(timer)
					hold.waitedMs += performance.now() - since
					resolve()
				},
			}
			const timer = setTimeout(
				() => {
					this.waiting = this.waiting.filter((other) => other !== waiter)
					reject(
						new AppError(
							'overloaded',
							`All requests together use the allowed memory of ${this.limit} bytes (limit bytesInFlight). Retry later.`,
							{ retryAfterMs: waitMs },
						),
					)
				},
				Math.max(1, waitMs - hold.waitedMs),
			)
			this.waiting.push(waiter)
		})
	}

	give(hold: ByteHold, bytes: number): void {
		if (this.large !== hold) this.used -= bytes
		else if (bytes === hold.bytes) this.large = undefined
		if (this.waiting.length === 0) return
		this.waiting = this.waiting.filter((waiter) => {
			if (!waiter.hold.tryTake(waiter.bytes)) return true
			waiter.resolve()
			return false
		})
	}
}

/** The memory of one request. */
export class ByteHold {
	bytes = 0
	/** How long it has waited so far. */
	waitedMs = 0
	/** A file may exceed the budget, one at a time. */
	isFile = false
	private isClosed = false
	private readonly budget: ByteBudget

	constructor(budget: ByteBudget) {
		this.budget = budget
	}

	get isTight(): boolean {
		return this.budget.isTight
	}

	tryTake(bytes: number): boolean {
		if (this.isClosed || !this.budget.take(this, bytes)) return this.isClosed
		this.bytes += bytes
		return true
	}

	/** Waits for memory, at most a second. Throws `overloaded`. */
	async take(bytes: number): Promise<void> {
		if (!this.tryTake(bytes)) await this.budget.wait(this, bytes)
	}

	give(bytes: number): void {
		if (this.isClosed) return
		this.budget.give(this, bytes)
		this.bytes -= bytes
		if (this.bytes <= smallBytes) this.waitedMs = 0
	}

	close(): void {
		if (this.bytes > 0) this.give(this.bytes)
		this.isClosed = true
	}
}
