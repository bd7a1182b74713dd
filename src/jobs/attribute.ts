import type { Context } from '../context.ts'
import { computeAttributions } from '../monitoring/windows/attributions.ts'
import type { Job, RunOptions } from './run/run-job.ts'

/** Explains samples of hours whose rows changed, and computes the drift of their attributions. */
export const attribute = {
	id: 'attribute',
	cron: '3-59/5 * * * *',
	run: async (context: Context, { onProgress }: RunOptions = {}) => computeAttributions(context, onProgress),
} satisfies Job
