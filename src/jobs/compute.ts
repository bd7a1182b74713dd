import type { Context } from '../context.ts'
import { computeDirty } from '../services/metric/compute-dirty.ts'
import { profileComputation } from '../services/metric/compute-family.ts'
import { outcomeComputation } from '../services/outcome/compute-outcomes.ts'
import { detectDrift } from '../services/outcome/detect-drift.ts'
import type { Job } from './job.ts'

/** Computes every window whose rows changed since it was last computed, and closes those that were provisional. */
export const compute = {
	id: 'compute',
	cron: '*/5 * * * *',
	run: async (context: Context) => {
		const profiles = await computeDirty(context, profileComputation)
		const outcomes = await computeDirty(context, outcomeComputation)
		// The detectors take days that are mature by now; what they find is told by the windows of those days.
		const detected = await detectDrift(context)
		if (detected.days > 0) await computeDirty(context, outcomeComputation)
		return { ...profiles, outcomes, detected }
	},
} satisfies Job
