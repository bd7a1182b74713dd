import { z } from 'zod'
import { type Output, Time } from '../../core/schemas.ts'

export const ReplayRecord = z
	.strictObject({
		model: z.string(),
		version: z.string(),
		environment: z.string(),
		window: z.strictObject({ from: Time, to: Time }).meta({ description: 'The day, UTC.' }),
		status: z.enum(['matched', 'mismatched', 'unavailable']).meta({
			description:
				'`mismatched`: some logged scores differ from those of the artefact; `matched`: all compared scores agree; `unavailable`: none could be compared.',
		}),
		artifact: z.string().nullable().meta({ description: 'SHA-256 of the replayed artefact.' }),
		rows: z.int().meta({ description: 'Predictions of the day.' }),
		sampled: z.int().meta({ description: 'How many of them were replayed; always the same ones.' }),
		matched: z.int(),
		mismatched: z
			.int()
			.meta({ description: 'Includes mismatches that explanations found outside of the sample.' }),
		unavailable: z.int(),
		worst: z
			.number()
			.nullable()
			.meta({ description: 'The largest difference between a logged and a replayed score.' }),
		examples: z
			.array(
				z.strictObject({
					predictionId: z.string(),
					logged: z.number().nullable(),
					replayed: z.number().nullable(),
				}),
			)
			.meta({ description: 'Examples of mismatches, the worst first.' }),
		reasons: z
			.array(z.strictObject({ reason: z.string(), count: z.int() }))
			.meta({ description: 'Why predictions could not be compared.' }),
		replayedAt: Time,
	})
	.meta({ id: 'ReplayedDay' })
export type ReplayRecord = Output<typeof ReplayRecord>
