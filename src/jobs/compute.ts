import type { Context } from '../context.ts'
import { detectDrift } from '../monitoring/windows/concept-drift.ts'
import { inputs } from '../monitoring/windows/inputs.ts'
import { outcomes } from '../monitoring/windows/outcomes.ts'
import { computeWindows } from '../monitoring/windows/pipeline.ts'
import type { Job, RunOptions } from './run/run-job.ts'

/** Computes every window whose rows or outcomes changed, and those that closed. */
export const compute = {
	id: 'compute',
	cron: '*/5 * * * *',
	// A window that has closed is evaluated at once.
	followedBy: 'evaluate-rules',
	run: async (context: Context, { onProgress }: RunOptions = {}) => {
		// First, since windows show what the detectors found.
		const detected = await detectDrift(context)
		const ofInputs = await computeWindows(context, inputs, { onProgress })
		const ofOutcomes = await computeWindows(context, outcomes, { onProgress })
		// One failed model stops no other, but makes the run a failed one that names it.
		const ofSeries = detected.failed.map((id) => `series ${id}`)
		const failed = [...new Set([...ofInputs.failed, ...ofOutcomes.failed, ...ofSeries])]
		return { ...ofInputs, outcomes: ofOutcomes, detected, failed }
	},
} satisfies Job
