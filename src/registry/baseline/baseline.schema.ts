import { z } from 'zod'
import type { Output } from '../../core/schemas.ts'

export const BaselineRow = z
	.strictObject({
		predictionId: z.string().optional(),
		timestamp: z.string().optional(),
		features: z.record(z.string(), z.unknown()).optional(),
		score: z.number().optional(),
		label: z.unknown().optional(),
		actual: z.unknown().optional().meta({ description: 'The outcome, where it is known.' }),
		segment: z.record(z.string(), z.unknown()).optional(),
	})
	.meta({ id: 'BaselineRow', description: 'A prediction row whose id, version and time are optional.' })

export const BaselineAnswer = z
	.strictObject({
		digest: z
			.string()
			.meta({ description: 'Identifies the baseline in every response that compares with it.' }),
		rows: z.int(),
		features: z.array(z.strictObject({ name: z.string(), cells: z.int(), warnings: z.array(z.string()) })),
	})
	.meta({ id: 'Baseline' })
export type BaselineAnswer = Output<typeof BaselineAnswer>
