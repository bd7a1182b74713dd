import { z } from 'zod'
import { TimeParameter } from '../core/schemas.ts'

export const maxItems = 1000

export const LimitParameter = z
	.string()
	.regex(/^\d{1,4}$/, `must be a whole number from 1 to ${maxItems}`)
	.transform(Number)
	.refine((n) => n >= 1 && n <= maxItems, `must be a whole number from 1 to ${maxItems}`)
	.default(100)
	.meta({
		type: 'integer',
		minimum: 1,
		maximum: maxItems,
		default: 100,
		description: 'Maximum number of items per page.',
		example: 100,
	})

export const CursorParameter = z
	.string()
	.max(1024)
	.regex(/^[\w.~-]+$/, 'is not a cursor of this list')
	.optional()
	.meta({ description: '`next` of the previous page.' })

export const pageParameters = { cursor: CursorParameter, limit: LimitParameter }

export const periodParameters = {
	from: TimeParameter.optional().meta({
		description: 'The earliest time, inclusive.',
		example: '2026-03-01T00:00:00Z',
	}),
	to: TimeParameter.optional().meta({
		description: 'The latest time, exclusive.',
		example: '2026-03-02T00:00:00Z',
	}),
}

const name = (description: string, example: string) =>
	z.string().min(1).max(1024).optional().meta({ description, example })

/** Selects the rows of a model: environment, version and period. */
export const scopeParameters = {
	environment: name('The environment. Default: `production`.', 'production'),
	version: name('The version. Default: the champion in the environment.', '7'),
	from: periodParameters.from.meta({
		description: 'Start of the period, rounded down to the hour. Default: 30 days before its end.',
		example: '2026-02-01T00:00:00Z',
	}),
	to: periodParameters.to.meta({
		description: 'End of the period, exclusive, rounded up to the hour. Default: now.',
		example: '2026-03-02T00:00:00Z',
	}),
}
/** Names in a path are not validated: what does not exist is 404, whatever it looks like. */
export const pathText = (description: string, example: string) => z.string().meta({ description, example })

export const modelPath = { model: pathText('The name of a model.', 'credit-default') }

export const Problem = z
	.strictObject({
		type: z.string().meta({ description: 'A page about this kind of problem.' }),
		title: z.string(),
		status: z.int(),
		code: z.string().meta({ description: 'One of a closed list, for programs.' }),
		detail: z.string().meta({ description: 'What is wrong and what to do, for people.' }),
		errors: z
			.array(z.strictObject({ path: z.string(), message: z.string() }))
			.meta({ description: 'Each fault with its path.' }),
		request: z
			.string()
			.optional()
			.meta({ description: 'The request that was drafted in place of the change, for `needs-approval`.' }),
	})
	.meta({ id: 'Problem', description: 'An RFC 9457 problem with a code.' })

export const pageOf = (item: z.ZodType) =>
	z.strictObject({
		items: z.array(item),
		next: z.string().nullable().meta({ description: 'The cursor of the next page; null on the last page.' }),
	})
