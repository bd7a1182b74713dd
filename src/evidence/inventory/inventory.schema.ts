import { z } from 'zod'
import { type Output, TimeOrNull } from '../../core/schemas.ts'
import { Tasks } from '../../registry/model/model.schema.ts'

export const InventoryItem = z
	.strictObject({
		model: z.string(),
		owner: z.string().nullable(),
		riskTier: z.string().nullable(),
		task: Tasks,
		purpose: z.string().nullable(),
		versions: z.array(z.string()).meta({ description: 'Oldest first.' }),
		serving: z
			.record(z.string(), z.string())
			.meta({ description: 'The champion in each environment.', example: { production: '7' } }),
		validatedAt: TimeOrNull,
		nextReview: TimeOrNull,
		openIncidents: z.int().meta({ description: 'Incidents that are not resolved.' }),
	})
	.meta({ id: 'InventoryItem' })
export type InventoryItem = Output<typeof InventoryItem>
