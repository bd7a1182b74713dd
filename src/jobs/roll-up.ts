import type { Context } from '../context.ts'
import type { Job } from './job.ts'

/** Folds the small pieces that ingest leaves: profile deltas of changed windows, and small chunks. */
export const rollUp = {
	id: 'roll-up',
	cron: '*/5 * * * *',
	run: async (context: Context) => ({ folded: await context.log.compact() }),
} satisfies Job
