import type { Context } from '../context.ts'
import { computeDirty } from '../monitoring/windows/compute-dirty.ts'
import { inputComputation } from '../monitoring/windows/compute-family.ts'
import { outcomeComputation } from '../monitoring/windows/outcomes/compute-outcomes.ts'
import { detectDrift } from '../monitoring/windows/outcomes/detect-drift.ts'
import type { Job, RunOptions } from './run/run-job.ts'

/** Computes every window whose rows changed since it was last computed, and closes those that were provisional. */
export const compute = {
	id: 'compute',
	cron: '*/5 * * * *',
	run: async (context: Context, { onProgress }: RunOptions = {}) => {
		// First, since windows tell what the detectors found.
		const detected = await detectDrift(context)
		const inputSummaries = await computeDirty(context, inputComputation, { onProgress })
		const outcomes = await computeDirty(context, outcomeComputation, { onProgress })
		// One model that fails stops no other, and makes the run a failed one that names it.
		const ofSeries = detected.failed.map((id) => `series ${id}`)
		const failed = [...new Set([...inputSummaries.failed, ...outcomes.failed, ...ofSeries])]
		return { ...inputSummaries, outcomes, detected, failed }
	},
} satisfies Job
