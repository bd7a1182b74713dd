import { z } from 'zod'
import { numberOrNull, type Output, Time } from '../core/schemas.ts'

/** A metric of one subject in one window. `value` is null unless `status` is `ok`; `reason` says why. */
export const MetricPoint = z
	.strictObject({
		metric: z.string(),
		subject: z.strictObject({
			model: z.string(),
			version: z.string().meta({ description: 'Empty for rejected rows, which have no version.' }),
			environment: z.string(),
			feature: z
				.string()
				.optional()
				.meta({ description: '`$score` and `$decision` are the output of the model.' }),
			segment: z.strictObject({ name: z.string(), value: z.string() }).optional(),
			group: z.string().optional().meta({
				description:
					'An attribute (`SEX`), one of its groups (`SEX=2`), or an intersection (`SEX=2 x MARRIAGE=1`).',
			}),
			code: z
				.string()
				.optional()
				.meta({ description: 'For `quality.rejected_rows`: why rows were rejected.' }),
		}),
		window: z.strictObject({ from: Time, to: Time }),
		status: z.enum(['ok', 'insufficient', 'failed']),
		value: numberOrNull,
		n: z.int().meta({ description: 'Number of rows of the window.' }),
		m: z.int().meta({ description: 'Number of rows of the baseline.' }),
		nEffective: z.number().optional().meta({
			description:
				'For drift: the effective number of rows of the window. Rows of one subject count once; if earlier windows vary, rows count less.',
		}),
		low: numberOrNull.meta({ description: 'Lower end of the 95% interval, if one is defined.' }),
		high: numberOrNull,
		p: numberOrNull,
		q: numberOrNull.meta({ description: 'p, corrected for all tests of the run (Benjamini-Hochberg).' }),
		method: z.string(),
		reason: z.string().nullable(),
		baseline: z.string().nullable().meta({ description: 'Digest of the baseline.' }),
		provisional: z.boolean().meta({
			description: 'The window is not over, or too few of its outcomes are known yet.',
		}),
		computedAt: Time,
		supersedes: Time.optional().meta({ description: 'When the value that it supersedes was computed.' }),
		change: z.string().optional().meta({ description: 'Why it differs from the superseded value.' }),
		trust: z
			.enum(['ok', 'doubtful'])
			.optional()
			.meta({ description: 'For an estimate: whether it is reliable; the reason says why not.' }),
		realised: z.strictObject({ value: z.number(), error: z.number(), inside: z.boolean() }).optional().meta({
			description:
				'For an estimate whose outcomes are known by now: the realised value, the error of the estimate, and whether the value is inside the interval.',
		}),
	})
	.meta({ id: 'Answer' })
export type MetricPoint = Output<typeof MetricPoint>
