import { actions } from '../alerting/actions/index.ts'
import { evaluateAll } from '../alerting/alert/evaluate-all.ts'
import { metricSources } from '../alerting/alert/sources.ts'
import type { Context } from '../context.ts'
import type { Job, RunOptions } from './job.ts'

/** Judges what was computed, and the state of feeds and jobs; opens, updates and resolves incidents. */
export const evaluateRules = {
	id: 'evaluate-rules',
	cron: '* * * * *',
	run: async (context: Context, { scheduled = false, onProgress }: RunOptions = {}) => ({
		...(await evaluateAll(context, actions, metricSources, { isPatient: scheduled, onProgress })),
	}),
} satisfies Job
