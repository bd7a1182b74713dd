import { actions } from '../actions/index.ts'
import type { Context } from '../context.ts'
import { evaluateAll } from '../services/alert/evaluate-all.ts'
import type { Job } from './job.ts'

/** Judges what was computed, and the state of feeds and jobs; opens, updates and resolves incidents. */
export const evaluateRules = {
	id: 'evaluate-rules',
	cron: '* * * * *',
	run: async (context: Context) => ({ ...(await evaluateAll(context, actions)) }),
} satisfies Job
