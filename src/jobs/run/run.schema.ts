import { z } from 'zod'
import { type Output, Time, TimeOrNull } from '../../core/schemas.ts'

export const JobRunAnswer = z
	.strictObject({
		id: z.string(),
		job: z.string(),
		status: z.enum(['running', 'ok', 'failed']),
		startedAt: Time,
		finishedAt: TimeOrNull,
		durationMs: z.number().nullable(),
		error: z.string().nullable(),
		detail: z.record(z.string(), z.unknown()).nullable().meta({ description: 'Results of the run.' }),
	})
	.meta({ id: 'JobRun' })
export type JobRunAnswer = Output<typeof JobRunAnswer>

export const JobRuns = z.strictObject({
	items: z.array(JobRunAnswer),
	next: z.string().nullable(),
	jobs: z
		.array(z.strictObject({ id: z.string(), cron: z.string() }))
		.meta({ description: 'All jobs with their schedules (UTC).' }),
})
