import { z } from 'zod'
import { TableContentSchema } from '../../decisions/reasons/table-input.ts'
import { Time, TimeOrNull } from './common.ts'

export const ReasonTableRecord = z
	.strictObject({
		model: z.string(),
		revision: z.int(),
		version: z.string().nullable(),
		status: z
			.enum(['draft', 'approved', 'superseded'])
			.meta({ description: 'superseded: a newer one is in force.' }),
		digest: z.string().meta({ description: 'Names model, version and table: what an approval is of.' }),
		table: TableContentSchema,
		proposer: z.string(),
		reason: z.string(),
		createdAt: Time,
		approvedAt: TimeOrNull,
		needs: z.int().meta({ description: 'People that have to approve it; the proposer is none of them.' }),
		approvals: z.array(
			z.strictObject({ approver: z.string(), at: Time, digest: z.string(), reason: z.string() }),
		),
	})
	.meta({ id: 'ReasonTable' })
