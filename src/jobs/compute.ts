import type { Context } from '../context.ts'
import { computeDirty } from '../services/metric/compute-dirty.ts'
import type { Job } from './job.ts'

/** Computes every window whose rows changed since it was last computed, and closes those that were provisional. */
export const compute = {
	id: 'compute',
	cron: '*/5 * * * *',
	run: (context: Context) => computeDirty(context),
} satisfies Job
