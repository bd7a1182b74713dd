import { z } from 'zod'
import { parseTime } from './time.ts'
import { isVisible } from './visible-text.ts'

/** The type of what a use case returns. An optional member is absent, never undefined. */
export type Output<S extends z.ZodType> = Exact<z.output<S>>
type Exact<T> = unknown extends T
	? T
	: T extends object
		? { [K in keyof T]: Exact<Exclude<T[K], undefined>> }
		: T

export const Time = z
	.string()
	.meta({ format: 'date-time', description: 'RFC 3339, UTC.', example: '2026-03-02T09:30:00.000Z' })
export const TimeOrNull = z
	.string()
	.nullable()
	.meta({ format: 'date-time', example: '2026-03-02T09:30:00.000Z' })

export const numberOrNull = z.number().nullable()

/** RFC 3339 with an offset, to milliseconds since the epoch. A `+` that a client left unencoded arrives as a space. */
export const TimeParameter = z
	.string()
	.transform((text, issues) => {
		const ms = parseTime(text.replace(/ (\d\d:?\d\d)$/, '+$1'))
		if (ms !== undefined) return ms
		issues.addIssue({
			code: 'custom',
			message: 'must be RFC 3339 with an offset, such as 2026-03-01T00:00:00Z',
		})
		return z.NEVER
	})
	.meta({ format: 'date-time', description: 'RFC 3339 with an offset.', example: '2026-03-01T00:00:00Z' })

/** Why somebody does something, in their words. */
export const Reason = z.string().trim().min(1).max(1000).refine(isVisible, 'must have visible characters')
