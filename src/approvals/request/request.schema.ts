import { z } from 'zod'
import { roles } from '../../core/actor.ts'
import { type Output, Reason, Time, TimeOrNull } from '../../core/schemas.ts'
import { requestKinds, requestStatuses } from '../../db/schema.ts'

const name = z.string().min(1).max(256)

const canary = z.strictObject({
	version: z.string().meta({ description: 'The version that receives a share of the traffic.' }),
	percent: z.number().min(0).max(100).meta({ description: 'Its share of the traffic.' }),
})

export const RequestInput = z
	.strictObject({
		kind: z.enum(requestKinds),
		model: name,
		environment: name.default('production'),
		to: name.optional().meta({
			description:
				'The target version. Default for a rollback: the previous champion. For `risk-tier` the tier, for `reason-table` the revision of the table, for `report` its id.',
		}),
		canary: z.strictObject({ version: name.optional(), percent: canary.shape.percent }).nullish().meta({
			description: 'The traffic afterwards. `version` defaults to the current canary. Null: no canary.',
		}),
		incident: z
			.string()
			.min(1)
			.max(256)
			.optional()
			.meta({ description: 'The incident that it is for. Its rule then verifies the action.' }),
		reason: Reason,
	})
	.meta({ id: 'RequestInput' })
export type RequestInput = z.input<typeof RequestInput>

export const VoteInput = z
	.strictObject({
		vote: z.enum(['approve', 'reject']),
		actionDigest: z
			.string()
			.max(200)
			.meta({ description: 'The `actionDigest` of the request as you read it.' }),
		reason: Reason,
		breakGlass: z.boolean().optional().meta({
			description: 'One vote is enough, if the policy allows it. An incident is opened for the review.',
		}),
	})
	.meta({ id: 'VoteInput' })
export type VoteInput = z.input<typeof VoteInput>

export const Vote = z
	.strictObject({
		person: z.string().meta({ description: 'The owner of the key or Slack user, otherwise the actor.' }),
		actor: z.string(),
		vote: z.enum(['approve', 'reject']),
		reason: z.string(),
		at: Time,
		breakGlass: z.boolean(),
	})
	.meta({ id: 'Vote' })

const Policy = z
	.strictObject({
		name: z.string(),
		roles: z.array(z.enum(roles)),
		groups: z.array(z.string()).meta({ description: 'Slack user groups.' }),
		coolingOff: z.string().nullable(),
		hours: z
			.strictObject({ days: z.array(z.string()), from: z.string(), to: z.string(), zone: z.string() })
			.nullable(),
		verify: z.int().meta({ description: 'Clear windows that verify a request with an incident.' }),
		breakGlass: z.strictObject({ role: z.enum(roles), expires: z.string() }).nullable(),
	})
	.meta({ id: 'RequestPolicy' })

export const Execution = z
	.strictObject({
		executor: z.string(),
		idempotencyKey: z.string(),
		attempts: z.int(),
		startedAt: TimeOrNull,
		finishedAt: TimeOrNull,
		steps: z.array(
			z.strictObject({
				at: Time,
				step: z.enum(['read', 'act', 'verify']),
				ok: z.boolean(),
				detail: z.string(),
			}),
		),
		error: z.string().nullable(),
	})
	.meta({ id: 'Execution' })

export const ActionRequest = z
	.strictObject({
		id: z.string(),
		kind: z.enum(requestKinds),
		model: z.string(),
		environment: z.string(),
		status: z.enum(requestStatuses),
		action: z.record(z.string(), z.unknown()).meta({ description: 'The exact action.' }),
		actionDigest: z.string().meta({ description: 'SHA-256 of the canonical JSON of the action.' }),
		plan: z
			.strictObject({ executor: z.string(), calls: z.array(z.string()) })
			.nullable()
			.meta({ description: "The executor's dry run: the calls that it will make." }),
		requester: z.string(),
		reason: z.string(),
		needs: z.int().meta({ description: 'Number of approvals needed; the requester cannot approve.' }),
		policy: Policy.nullable(),
		votes: z.array(Vote),
		createdAt: Time,
		expiresAt: Time,
		executeAfter: TimeOrNull.meta({ description: 'An approved action starts no earlier.' }),
		evidence: z.record(z.string(), z.unknown()),
		execution: Execution.nullable(),
	})
	.meta({ id: 'Request' })
export type ActionRequest = Output<typeof ActionRequest>
