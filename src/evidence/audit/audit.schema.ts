import { z } from 'zod'
import { type Output, Time } from '../../core/schemas.ts'

export const EntryRecord = z
	.strictObject({
		index: z.int(),
		at: Time,
		actor: z.string(),
		action: z.string(),
		object: z.string(),
		model: z.string().nullable(),
		leafHash: z.string().meta({
			description: 'SHA-256 of a zero byte and the UTF-8 bytes of `entry`, in hexadecimal (RFC 6962, 2.1).',
		}),
		entry: z.string().meta({ description: 'The exact text of the entry.' }),
	})
	.meta({ id: 'LedgerEntry' })
export type EntryRecord = Output<typeof EntryRecord>
