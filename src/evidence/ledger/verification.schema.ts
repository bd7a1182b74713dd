import { z } from 'zod'
import type { Output } from '../../core/schemas.ts'
import type { VerifiedLog } from '../../ledger/verify-log.ts'

export const Verification = z
	.strictObject({
		status: z.enum(['verified', 'mismatch', 'unverifiable']).meta({
			description:
				'`mismatch`: something is not what was signed. `unverifiable`: there is nothing to verify, or it cannot be read.',
		}),
		entries: z.int().meta({ description: 'How many entries were checked.' }),
		size: z.int().meta({ description: 'How many entries the newest checkpoint covers.' }),
		root: z
			.string()
			.nullable()
			.meta({ description: 'The root that the newest checkpoint has, in hexadecimal.' }),
		records: z.int().meta({
			description: 'How many rows, files and reports were compared with what the entries commit to.',
		}),
		failures: z.array(
			z.strictObject({
				where: z.string().meta({ description: 'The entry, row, file or tile.' }),
				what: z.string().meta({ description: 'What is wrong with it.' }),
			}),
		),
	})
	.meta({ id: 'Verification', description: 'What a verification of the ledger found.' })
export type Verification = Output<typeof Verification>

/** A mismatch outweighs what is unverifiable. */
export function toVerification({ failures, ...log }: VerifiedLog, records: number): Verification {
	const has = (kind: string) => failures.some((failure) => failure.kind === kind)
	const status = has('mismatch')
		? 'mismatch'
		: has('unverifiable') || log.entries === 0
			? 'unverifiable'
			: 'verified'
	return { status, ...log, records, failures: failures.map(({ where, what }) => ({ where, what })) }
}
