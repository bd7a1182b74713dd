import type { Context } from '../context.ts'
import { computeAttributions } from '../services/importance/compute-attributions.ts'
import type { Job } from './job.ts'

/** Explains samples of what was computed, and says which features' importance has drifted. */
export const attribute = {
	id: 'attribute',
	cron: '3-59/5 * * * *',
	run: async (context: Context) => computeAttributions(context),
} satisfies Job
