import { z } from 'zod'
import { Time, TimeOrNull } from '../../core/schemas.ts'
import { ReasonTable } from '../../explain/reasons/reason-table.ts'
import { Name } from '../../registry/model/name.ts'

const why = z.string().trim().min(1).max(1000)

export const ReasonTableProposal = z
	.strictObject({
		version: Name.optional().meta({
			description:
				'Only for decisions of this version. Default: for all versions without a table of their own.',
			example: '7',
		}),
		table: ReasonTable,
		reason: why.meta({ description: 'Why it is proposed.', example: 'Yearly review' }),
	})
	.meta({ id: 'ReasonTableProposal' })
export type ReasonTableProposal = z.output<typeof ReasonTableProposal>

/** The digest shows which table the approver has read. */
export const ReasonTableApproval = z
	.strictObject({
		digest: z
			.string()
			.regex(/^sha256:[0-9a-f]{64}$/, 'must be the digest of the table')
			.meta({
				description: 'The digest of the table that was read.',
				example: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
			}),
		reason: why.meta({ description: 'Why it is right.', example: 'Checked against the policy of March' }),
	})
	.meta({ id: 'ReasonTableApproval' })
export type ReasonTableApproval = z.output<typeof ReasonTableApproval>

export const TableRecord = z
	.strictObject({
		model: z.string(),
		revision: z.int(),
		version: z.string().nullable(),
		status: z
			.enum(['draft', 'approved', 'superseded'])
			.meta({ description: 'superseded: a newer one is in force.' }),
		digest: z.string().meta({ description: 'Identifies model, version and table; approvals name it.' }),
		table: ReasonTable,
		proposer: z.string(),
		reason: z.string(),
		createdAt: Time,
		approvedAt: TimeOrNull,
		needs: z.int().meta({ description: 'The number of people other than the proposer who must approve it.' }),
		approvals: z.array(
			z.strictObject({ approver: z.string(), at: Time, digest: z.string(), reason: z.string() }),
		),
	})
	.meta({ id: 'ReasonTable' })
export type TableRecord = z.output<typeof TableRecord>
