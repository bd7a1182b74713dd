import { z } from 'zod'
import { numberOrNull, type Output, Time } from '../core/schemas.ts'

/** One statistic: `value` is null unless `status` is `ok`, and `reason` then says why. */
export const MetricPoint = z
	.strictObject({
		metric: z.string(),
		subject: z.strictObject({
			model: z.string(),
			version: z.string().meta({ description: 'Empty for rejected rows, which belong to no version.' }),
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
				.meta({ description: 'Of `quality.rejected_rows`: why rows were rejected.' }),
		}),
		window: z.strictObject({ from: Time, to: Time }),
		status: z.enum(['ok', 'insufficient', 'failed']),
		value: numberOrNull,
		n: z.int().meta({ description: 'Rows of the window that it rests on.' }),
		m: z.int().meta({ description: 'Rows of the baseline.' }),
		nEffective: z.number().optional().meta({
			description:
				'Of drift: the rows of the window that its test counts. Rows of one subject count once, and less where the windows before it differ among themselves.',
		}),
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
		provisional: z.boolean().meta({
			description: 'The window is not over, or too few of the outcomes that this rests on are known yet.',
		}),
		computedAt: Time,
		supersedes: Time.optional().meta({ description: 'When the value that it replaces was computed.' }),
		change: z.string().optional().meta({ description: 'Why it differs from the value that it replaces.' }),
		trust: z
			.enum(['ok', 'doubtful'])
			.optional()
			.meta({ description: 'Of an estimate: whether it can be believed; the reason says why not.' }),
		realised: z.strictObject({ value: z.number(), error: z.number(), inside: z.boolean() }).optional().meta({
			description:
				'Of an estimate whose outcomes are known by now: what it turned out to be, how far off the estimate was, and whether its interval held it.',
		}),
	})
	.meta({ id: 'Answer' })
export type MetricPoint = Output<typeof MetricPoint>
