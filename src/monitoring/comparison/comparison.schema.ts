import { z } from 'zod'
import { numberOrNull, type Output, Time } from '../../core/schemas.ts'

const interval = { value: numberOrNull, low: numberOrNull, high: numberOrNull }

const ComparisonGuard = z
	.strictObject({
		metric: z.string().meta({
			description:
				'`performance.roc_auc`, `performance.error_rate`, `performance.mae` (clipped), `fairness.demographic_parity_difference` (a group against all others) or `service.error_rate`.',
		}),
		group: z.string().optional().meta({ description: 'A group of a sensitive attribute, such as `SEX=2`.' }),
		name: z.string(),
		champion: numberOrNull.meta({ description: 'Value for the champion over the compared rows.' }),
		challenger: numberOrNull,
		value: numberOrNull.meta({ description: 'How much better the challenger is; negative if it is worse.' }),
		low: numberOrNull.meta({ description: 'Lower end of the 95% interval, valid at any time.' }),
		high: numberOrNull,
		tolerance: z.number().meta({ description: 'How much worse the challenger may be.' }),
		state: z.enum(['broken', 'holds', 'open']).meta({
			description: '`holds`: `low` is above -tolerance. `broken`: `high` is below it. `open`: neither yet.',
		}),
		holds: z
			.boolean()
			.meta({ description: 'Whether it is shown to hold; a promotion needs this of every guard.' }),
	})
	.meta({ id: 'ComparisonGuard' })

/** The comparison of a challenger with the champion, valid at any time. */
export const VersionComparison = z
	.strictObject({
		model: z.string(),
		environment: z.string(),
		champion: z.string(),
		challenger: z.string(),
		since: Time,
		design: z.enum(['paired', 'split']),
		outcomes: z.int().meta({ description: 'Number of outcomes in the comparison; pairs count once.' }),
		loss: z.enum(['brier', 'error', 'absolute']),
		method: z.literal('empirical-bernstein').meta({
			description:
				'An always-valid confidence sequence for losses within known bounds, over pairs, or over runs of rows of one day in which both versions have rows.',
		}),
		clippedAt: numberOrNull.meta({
			description:
				"Larger absolute errors count as this value: twice the 95th percentile of the champion's errors before the first row. null for bounded losses.",
		}),
		clipped: numberOrNull.meta({ description: 'Share of clipped absolute errors.' }),
		verdict: z.enum(['promote', 'keep', 'not-yet', 'selective']).meta({
			description:
				'`promote`: the gain and all guards are shown. `keep`: the challenger is shown to be no better, or to break a guard. `selective`: outcomes are known mostly for rows with one decision, and the versions decide differently.',
		}),
		reason: z.string(),
		gain: z.strictObject(interval).meta({
			description:
				'Loss of the champion minus loss of the challenger, with a 95% interval valid at any time. Positive: the challenger is better.',
		}),
		guards: z.array(ComparisonGuard),
		moreOutcomes: z
			.int()
			.nullable()
			.meta({ description: 'Approximate number of further outcomes needed for a verdict; null if unknown.' }),
		note: z.string().nullable(),
	})
	.meta({ id: 'VersionComparison' })
export type VersionComparison = Output<typeof VersionComparison>
