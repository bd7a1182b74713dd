import type { Context, Progress } from '../context.ts'

/** `scheduled`: by the clock, not because somebody asked for it now. */
export type RunOptions = { scheduled?: boolean; onProgress?: Progress }

/** A piece of recurring work. */
export type Job = {
	id: string
	/** Five cron fields, UTC. */
	cron: string
	/**
	 * Answers what it did, for the record; throws only when the whole run failed. Two members mean something to who runs
	 * it: `failed: [name]` makes it a failed run that says for what; `remaining` above 0 says that there is more to do
	 * right away.
	 */
	run(context: Context, how?: RunOptions): Promise<Record<string, unknown>>
}
