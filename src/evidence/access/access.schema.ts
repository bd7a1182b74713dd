import { z } from 'zod'
import { roles } from '../../core/actor.ts'
import { type Output, TimeOrNull } from '../../core/schemas.ts'

export const AccessRecord = z
	.strictObject({
		actor: z.string().meta({ description: 'As the ledger names it.' }),
		name: z.string().nullable(),
		owner: z.string().nullable().meta({ description: 'Whose key or Slack user it is.' }),
		role: z.enum(roles),
		models: z.array(z.string()),
		createdAt: TimeOrNull,
		expiresAt: TimeOrNull,
		lastUsedAt: TimeOrNull.meta({
			description: 'To the hour; null if it has not been used since this is recorded.',
		}),
		isUnused: z.boolean().meta({ description: 'Not used for 90 days.' }),
	})
	.meta({ id: 'AccessRecord' })
export type AccessRecord = Output<typeof AccessRecord>
