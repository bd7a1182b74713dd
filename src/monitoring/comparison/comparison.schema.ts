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
		champion: numberOrNull.meta({ description: 'Its value over the rows that are compared.' }),
		challenger: numberOrNull,
		value: numberOrNull.meta({ description: 'How much better the challenger is; below 0 it is worse.' }),
		low: numberOrNull.meta({ description: 'Of its 95% interval, valid at every look.' }),
		high: numberOrNull,
		tolerance: z.number().meta({ description: 'How much worse the challenger may be.' }),
		state: z.enum(['broken', 'holds', 'open']).meta({
			description: '`holds`: `low` is above -tolerance. `broken`: `high` is below it. `open`: neither yet.',
		}),
		holds: z.boolean().meta({ description: 'Shown to hold, which a promotion needs of every guard.' }),
	})
	.meta({ id: 'ComparisonGuard' })

/** A challenger against the champion, valid at every look. */
export const VersionComparison = z
	.strictObject({
		model: z.string(),
		environment: z.string(),
		champion: z.string(),
		challenger: z.string(),
		since: Time,
		design: z.enum(['paired', 'split']),
		outcomes: z.int().meta({ description: 'Outcomes that the comparison rests on; pairs count once.' }),
		loss: z.enum(['brier', 'error', 'absolute']),
		method: z.literal('empirical-bernstein').meta({
			description:
				'An always-valid confidence sequence for losses within known bounds, over pairs, or over runs of rows of one day in which both versions have some.',
		}),
		clippedAt: numberOrNull.meta({
			description:
				"Absolute errors above it count as it, and the verdict is about those: twice the 95th percentile of the champion's errors before the first row that counts. null: the loss has bounds of its own.",
		}),
		clipped: numberOrNull.meta({ description: 'Share of the absolute errors that were clipped.' }),
		verdict: z.enum(['promote', 'keep', 'not-yet', 'selective']).meta({
			description:
				'`promote`: the gain and all guards are shown. `keep`: the challenger is shown to be no better, or to break a guard. `selective`: outcomes are known mostly for rows that were decided one way, and the versions decide differently.',
		}),
		reason: z.string(),
		gain: z.strictObject(interval).meta({
			description:
				"The champion's loss less the challenger's with its 95% interval, valid at every look: above 0 the challenger is better.",
		}),
		guards: z.array(ComparisonGuard),
		moreOutcomes: z
			.int()
			.nullable()
			.meta({ description: 'About so many more until it is decided; null: cannot be told.' }),
		note: z.string().nullable(),
	})
	.meta({ id: 'VersionComparison' })
export type VersionComparison = Output<typeof VersionComparison>
