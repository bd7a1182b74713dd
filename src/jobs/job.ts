import type { Context } from '../context.ts'

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
	run(context: Context): Promise<Record<string, unknown>>
}
