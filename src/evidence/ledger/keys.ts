import { asc } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { Change } from '../../db/commit.ts'
import { ledgerKeys } from '../../db/schema.ts'
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '../../ledger/checkpoint.ts'
import type { LedgerKey } from '../../ports/ledger-key.ts'

/** A key that has signed this log. `size`: how many entries there were when it took over. */
export type SigningKey = { verifier: VerifierKey; size: number; macKey: Uint8Array | null }

/** The keys of the log, oldest first. */
export async function signingKeys({ db }: Pick<Context, 'db'>): Promise<SigningKey[]> {
	const rows = await db.select().from(ledgerKeys).orderBy(asc(ledgerKeys.id))
	return rows.flatMap(({ verifier, size, macKey }) => {
		const key = parseVerifierKey(verifier)
		return key ? [{ verifier: key, size, macKey }] : []
	})
}

/** Remembers the first key of a database. Entries from before it, of processes without a key, have no MACs. */
export const firstKeyInsert = (context: Context, { verifier }: LedgerKey): Change => ({
	query: {
		sql: `INSERT INTO ledger_key (verifier, size, at)
			SELECT ?, (SELECT coalesce(max(idx) + 1, 0) FROM ledger_entry WHERE mac IS NULL), ?
			WHERE NOT EXISTS (SELECT 1 FROM ledger_key)`,
		params: [formatVerifierKey(verifier), context.now()],
	},
})

/** The key of this process. Throws `unavailable` without one. */
export function requireKey({ ledgerKey }: Pick<Context, 'ledgerKey'>): LedgerKey {
	if (ledgerKey) return ledgerKey
	throw new AppError(
		'unavailable',
		'The ledger is not signed here, since this process has no key. Set PLUMBLINE_LEDGER_KEY.',
	)
}

/** Throws unless the key is the one that signs the log now. */
export function requireCurrent({ verifier }: LedgerKey, keys: readonly SigningKey[]): void {
	const current = keys.at(-1)?.verifier
	const own = formatVerifierKey(verifier)
	if (current === undefined || formatVerifierKey(current) === own) return
	if (current.name !== verifier.name)
		throw new AppError(
			'unavailable',
			`The ledger of this database goes on under the name ${current.name}, not ${verifier.name}. Set PLUMBLINE_LEDGER_ORIGIN=${current.name}, then start again.`,
		)
	throw new AppError(
		'unavailable',
		`The ledger of this database is signed with the key ${formatVerifierKey(current)}, and this process has ${own}. Set PLUMBLINE_LEDGER_KEY to the file of the former, then start again.`,
	)
}

/** From which entry on each has a MAC of the current key: since this log began, whatever hand-overs there were since then. */
export function macsSince(keys: readonly SigningKey[]): number {
	let at = keys.length - 1
	const isHandOver = (i: number) =>
		keys[i]?.macKey !== null && keys[i - 1]?.verifier.name === keys[i]?.verifier.name
	while (at > 0 && isHandOver(at)) at--
	return keys[at]?.size ?? 0
}
