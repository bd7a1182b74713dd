import { z } from 'zod'
import { type Output, Time } from '../../core/schemas.ts'
import { scopeMembers } from '../scope.ts'

const share = z.number().nullable()

/** Segments of the traffic, the worst first. */
export const WorstSegments = z
	.strictObject({
		...scopeMembers,
		by: z.enum(['error', 'drift']),
		loss: z.enum(['error', 'absolute', 'share']).meta({
			description:
				'`error`: a wrong decision. `absolute`: the absolute error. `share`: whether a row is from the later period.',
		}),
		computedAt: Time,
		rows: z.int().meta({ description: 'Number of rows with a loss.' }),
		heldOut: z.int().meta({ description: 'Number of rows that the segments are tested on.' }),
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
				adjusted: share.meta({ description: 'p, corrected for the number of candidates (Holm).' }),
			}),
		),
		reason: z.string().nullable().meta({ description: 'Why there are no segments.' }),
	})
	.meta({ id: 'WorstSegments' })
export type WorstSegments = Output<typeof WorstSegments>
