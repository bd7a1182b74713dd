import { z } from 'zod'
import { parseTime } from './time.ts'

export const Time = z
	.string()
	.meta({ format: 'date-time', description: 'RFC 3339, UTC.', example: '2026-03-02T09:30:00.000Z' })
export const TimeOrNull = z
	.string()
	.nullable()
	.meta({ format: 'date-time', example: '2026-03-02T09:30:00.000Z' })

export const numberOrNull = z.number().nullable()
export const textOrNull = z.string().nullable()

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
