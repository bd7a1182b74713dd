import { z } from 'zod'
import { type Output, Reason, Time, TimeOrNull, TimeParameter } from '../../core/schemas.ts'

const models = z.array(z.string().min(1).max(256)).min(1).max(100)

export const EraseInput = z
	.strictObject({
		reason: Reason.meta({
			description: 'For the ledger, which keeps it for good: it must not name the subject.',
			example: 'request under Art. 17 GDPR, case 4711',
		}),
		models: models.optional().meta({
			description: 'Only in these models. Default: in every model in the scope of your key.',
			example: ['credit-default'],
		}),
	})
	.meta({ id: 'EraseInput' })
export type EraseInput = z.output<typeof EraseInput>

const count = z.int().min(0)

export const Erasure = z
	.strictObject({
		status: z.literal('erased'),
		counts: z
			.strictObject({
				predictions: count,
				outcomes: count,
				features: count,
				groups: count,
				explanations: count.meta({
					description: 'Stored samples, replays, questions and reports that had values of the subject.',
				}),
			})
			.meta({ description: 'What was erased now: zeros when there was nothing left.' }),
		entry: z.int().meta({ description: 'The index of the ledger entry.' }),
	})
	.meta({ id: 'Erasure' })
export type Erasure = Output<typeof Erasure>

export const HoldInput = z
	.strictObject({
		subject: z.string().min(1).max(256).optional(),
		model: z.string().min(1).max(256).optional(),
		reason: Reason.meta({
			description: 'For the ledger, which keeps it for good: it must not name the subject.',
			example: 'litigation 12-345',
		}),
		until: TimeParameter.optional().meta({
			description: 'When the hold ends. Default: when it is lifted.',
			example: '2027-03-01T00:00:00Z',
		}),
	})
	.refine(({ subject, model }) => (subject === undefined) !== (model === undefined), {
		path: ['subject'],
		message: 'send exactly one of subject and model',
	})
	.meta({ id: 'HoldInput', description: 'Exactly one of `subject` and `model`.' })
export type HoldInput = z.output<typeof HoldInput>

export const Hold = z
	.strictObject({
		id: z.string(),
		subject: z.string().nullable().meta({ description: 'Null for a model, and once the hold has ended.' }),
		model: z.string().nullable(),
		reason: z.string(),
		author: z.string(),
		status: z.enum(['active', 'ended']),
		createdAt: Time,
		until: TimeOrNull,
		liftedAt: TimeOrNull,
	})
	.meta({ id: 'Hold' })
export type Hold = Output<typeof Hold>
