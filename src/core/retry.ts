export type Pause = (ms: number) => Promise<void>

/** With 0 it lets waiting requests, timers and messages run first. */
export const sleep: Pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Exponential backoff: how long to wait after so many failures in a row. */
export const backoffMs = (failures: number, firstMs: number, maxMs: number): number =>
	Math.min(maxMs, firstMs * 2 ** (failures - 1))

/** How one attempt ended; `number` counts from 1. */
export type Attempt<T> = { number: number } & ({ ok: true; value: T } | { ok: false; error: unknown })

/**
 * Repeats `work` for as long as `pauseAfter` answers how many milliseconds to wait. When it answers undefined, the last
 * attempt counts: its value is returned, or its error thrown. (p-retry retries on errors only, not on a returned 503.)
 */
export async function retry<T>(
	work: () => Promise<T>,
	pauseAfter: (attempt: Attempt<T>) => number | undefined,
	pause: Pause = sleep,
): Promise<T> {
	for (let number = 1; ; number++) {
		const attempt: Attempt<T> = await work().then(
			(value) => ({ number, ok: true, value }),
			(error) => ({ number, ok: false, error }),
		)
		const ms = pauseAfter(attempt)
		if (ms !== undefined) await pause(ms)
		else if (attempt.ok) return attempt.value
		else throw attempt.error
	}
}
