import { z } from 'zod'
import type { Output } from '../../core/schemas.ts'

const hash = z.string().regex(/^[0-9a-f]{64}$/)

export const RowProof = z
	.strictObject({
		row: z.strictObject({
			index: z.int().meta({ description: 'Position among the rows that the entry commits to, from 0.' }),
			size: z.int().meta({ description: 'The number of these rows.' }),
			leaf: hash.meta({
				description: 'HMAC-SHA-256(key, payload). The data of the Merkle leaf are its 32 bytes.',
			}),
			key: hash.nullable().meta({ description: 'Null once the row is erased.' }),
			payload: z.string().nullable().meta({
				description:
					'Canonical JSON of the row as it was sent, with defaults filled in. Null once it is erased.',
			}),
			hashes: z.array(hash).meta({ description: 'From the row to the root in the entry (RFC 6962, 2.1.1).' }),
		}),
		entry: z.strictObject({
			index: z.int(),
			text: z
				.string()
				.meta({ description: 'The entry `commit-rows`; `details.root` is the root over the rows.' }),
		}),
		proof: z.string().nullable().meta({
			description: 'The `.tlog-proof` of the entry (C2SP tlog-proof). Null for a log without a key.',
		}),
	})
	.meta({ id: 'RowProof' })
export type RowProof = Output<typeof RowProof>

export const rowKinds = ['prediction', 'outcome', 'feature', 'group'] as const
