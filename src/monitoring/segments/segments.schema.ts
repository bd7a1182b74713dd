import { z } from 'zod'
import { type Output, Time } from '../../core/schemas.ts'

const share = z.number().nullable()

/** Segments of the traffic, the worst first. */
export const WorstSegments = z
	.strictObject({
		model: z.string(),
		version: z.string(),
		environment: z.string(),
		period: z.strictObject({ from: Time, to: Time }),
		by: z.enum(['error', 'drift']),
		loss: z
			.enum(['error', 'absolute', 'share'])
			.meta({ description: 'A wrong decision, the absolute error, or being of the later period.' }),
		computedAt: Time,
		rows: z.int().meta({ description: 'Rows with a loss that were looked at.' }),
		heldOut: z.int().meta({ description: 'Of them those that the segments are judged on.' }),
		segments: z.array(
			z.strictObject({
				conditions: z.array(
					z.strictObject({
						feature: z.string(),
						op: z.enum(['<=', '>', 'in', 'missing']),
						value: z.union([z.number(), z.array(z.string()), z.null()]),
					}),
				),
				text: z.string(),
				n: z.int(),
				value: z.number().meta({ description: 'Mean loss in the segment, with its 95% interval.' }),
				low: share,
				high: share,
				outside: z.number().meta({ description: 'Mean loss of all other rows.' }),
				shareOfRows: share,
				shareOfLoss: share,
				p: share,
				adjusted: share.meta({ description: 'p, corrected for the candidates (Holm).' }),
			}),
		),
		reason: z.string().nullable().meta({ description: 'Why there are none.' }),
	})
	.meta({ id: 'WorstSegments' })
export type WorstSegments = Output<typeof WorstSegments>
