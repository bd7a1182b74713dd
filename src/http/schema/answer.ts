import { z } from 'zod'
import { Time } from './common.ts'

const numberOrNull = z.number().nullable()

/** One statistic: `value` is null unless `status` is `ok`, and `reason` then says why. */
export const Answer = z
	.strictObject({
		metric: z.string(),
		subject: z.strictObject({
			model: z.string(),
			version: z.string(),
			environment: z.string(),
			feature: z
				.string()
				.optional()
				.meta({ description: '`$score` and `$decision` are the output of the model.' }),
			segment: z.strictObject({ name: z.string(), value: z.string() }).optional(),
			group: z.string().optional(),
		}),
		window: z.strictObject({ from: Time, to: Time }),
		status: z.enum(['ok', 'insufficient', 'failed']),
		value: numberOrNull,
		n: z.int().meta({ description: 'Rows of the window.' }),
		m: z.int().meta({ description: 'Rows of the baseline.' }),
		low: numberOrNull.meta({ description: 'Lower end of the 95% interval, where one is defined.' }),
		high: numberOrNull,
		p: numberOrNull,
		q: numberOrNull.meta({ description: 'p, corrected for all tests of the run (Benjamini-Hochberg).' }),
		method: z.string(),
		reason: z.string().nullable(),
		baseline: z
			.string()
			.nullable()
			.meta({ description: 'Digest of the baseline that it was compared with.' }),
		provisional: z.boolean().meta({ description: 'The window is not over.' }),
		computedAt: Time,
		supersedes: Time.optional().meta({ description: 'When the value that it replaces was computed.' }),
	})
	.meta({ id: 'Answer' })
