import type { Context } from '../context.ts'
import { computeAttributions } from '../monitoring/windows/attributions/compute-attributions.ts'
import type { Job, RunOptions } from './run/run-job.ts'

/** Explains samples of what was computed, and says which features' importance has drifted. */
export const attribute = {
	id: 'attribute',
	cron: '3-59/5 * * * *',
	run: async (context: Context, { onProgress }: RunOptions = {}) => computeAttributions(context, onProgress),
} satisfies Job
