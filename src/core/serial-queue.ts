/**
 * Runs one piece of work at a time, in the order of the calls. A failure rejects its own call and stops no other.
 * p-queue has priorities, timeouts and rates as well; none of them is needed here.
 */
export class SerialQueue {
	private last: Promise<void> = Promise.resolve()

	run<T>(work: () => T | Promise<T>): Promise<T> {
		const result = this.last.then(work)
		// Not the result itself: the queue would keep it in memory.
		this.last = result.then(ignore, ignore)
		return result
	}
}

const ignore = (): void => {}
