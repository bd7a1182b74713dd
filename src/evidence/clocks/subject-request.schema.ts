import { z } from 'zod'
import { type Output, Reason, Time, TimeOrNull, TimeParameter } from '../../core/schemas.ts'
import { subjectRequestKinds } from '../../db/schema.ts'
import { Name } from '../../registry/model/name.ts'

export const SubjectRequestInput = z
	.strictObject({
		kind: z.enum(subjectRequestKinds).meta({
			description:
				'`access`: to all data about the person. `explanation`: of a decision. `reasons`: of a decision against the person.',
			example: 'explanation',
		}),
		model: Name.optional().meta({
			description: 'The model that it is about. Default: all.',
			example: 'credit-default',
		}),
		predictionId: z
			.string()
			.min(1)
			.max(1024)
			.optional()
			.meta({ description: 'The decision that it is about; it needs `model`.', example: '8841' }),
		receivedAt: TimeParameter.optional().meta({ description: 'When it was received. Default: now.' }),
	})
	.meta({ id: 'SubjectRequestInput' })
export type SubjectRequestInput = z.output<typeof SubjectRequestInput>

export const SubjectRequestClosure = z
	.strictObject({ reason: Reason.meta({ example: 'Withdrawn by the person on the phone' }) })
	.meta({ id: 'SubjectRequestClosure' })

export const SubjectRequestRecord = z
	.strictObject({
		id: z.string(),
		subject: z.string(),
		kind: z.enum(subjectRequestKinds),
		model: z.string().nullable(),
		predictionId: z.string().nullable(),
		receivedAt: Time,
		law: z
			.string()
			.nullable()
			.meta({ description: 'The row of the law tables and its clock; null when none applies.' }),
		due: z
			.string()
			.nullable()
			.meta({ description: 'The last day for the answer, a calendar day in UTC.', example: '2026-04-01' }),
		status: z.enum(['open', 'answered', 'closed']),
		endedAt: TimeOrNull,
		report: z.string().nullable().meta({ description: 'The report that answers it.' }),
		reason: z.string().nullable().meta({ description: 'Why it was closed without a report.' }),
	})
	.meta({ id: 'SubjectRequest' })
export type SubjectRequestRecord = Output<typeof SubjectRequestRecord>
