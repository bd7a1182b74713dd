import { z } from 'zod'
import { Time } from './common.ts'

const numberOrNull = z.number().nullable()
const interval = { value: numberOrNull, low: numberOrNull, high: numberOrNull }

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
		verdict: z.enum(['promote', 'keep', 'not yet']),
		reason: z.string(),
		gain: z
			.strictObject(interval)
			.meta({ description: "The champion's loss less the challenger's: above 0 the challenger is better." }),
		guards: z.array(
			z.strictObject({ name: z.string(), state: z.enum(['broken', 'holds', 'open']), ...interval }),
		),
		moreOutcomes: z
			.int()
			.nullable()
			.meta({ description: 'About so many more until it is decided; null: cannot be told.' }),
		note: z.string().nullable(),
	})
	.meta({ id: 'VersionComparison' })
