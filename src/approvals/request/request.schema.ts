import { z } from 'zod'
import { type Output, Time } from '../../core/schemas.ts'

export const RequestInput = z
	.strictObject({
		kind: z.enum(['rollback', 'retraining', 'promotion']),
		model: z.string().min(1).max(256),
		environment: z.string().min(1).max(256).default('production'),
		to: z.string().min(1).max(256).optional().meta({
			description: 'The target version. Default for a rollback: the previous champion.',
		}),
		reason: z.string().trim().min(1).max(1000),
	})
	.meta({ id: 'RequestInput' })
export type RequestInput = Output<typeof RequestInput>

export const ActionRequest = z
	.strictObject({
		id: z.string(),
		kind: z.enum(['rollback', 'retraining', 'promotion']),
		model: z.string(),
		environment: z.string(),
		status: z.enum(['pending', 'cancelled', 'expired']),
		action: z.record(z.string(), z.unknown()).meta({ description: 'The exact action.' }),
		actionDigest: z.string().meta({ description: 'SHA-256 of the canonical JSON of the action.' }),
		requester: z.string(),
		reason: z.string(),
		needs: z.int().meta({ description: 'Number of approvals needed; the requester cannot approve.' }),
		votes: z.array(z.unknown()),
		createdAt: Time,
		expiresAt: Time,
		evidence: z.record(z.string(), z.unknown()),
		execution: z.null(),
	})
	.meta({ id: 'Request' })
export type ActionRequest = Output<typeof ActionRequest>
