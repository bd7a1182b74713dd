import { z } from 'zod'
import { type Output, Reason, Time, TimeOrNull } from '../../core/schemas.ts'
import { gateIds } from '../../rules/approval-policies.ts'

export const WaiverInput = z
	.strictObject({
		gate: z.enum(gateIds),
		version: z.string().min(1).max(256).optional().meta({ description: 'Default: every version.' }),
		reason: Reason,
		until: z.string().max(64).meta({
			description: 'When it ends: RFC 3339 with an offset, or a duration such as 30d. At most a year ahead.',
		}),
	})
	.meta({ id: 'WaiverInput' })
export type WaiverInput = z.output<typeof WaiverInput>

export const Waiver = z
	.strictObject({
		id: z.string(),
		model: z.string(),
		version: z.string().nullable(),
		gate: z.enum(gateIds),
		reason: z.string(),
		author: z.string(),
		person: z.string().meta({ description: 'Who answers for it: the owner of the key.' }),
		status: z.enum(['active', 'ended']),
		createdAt: Time,
		until: Time,
		endedAt: TimeOrNull,
	})
	.meta({ id: 'Waiver' })
export type Waiver = Output<typeof Waiver>
