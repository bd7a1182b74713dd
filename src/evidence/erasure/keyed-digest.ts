import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Context } from '../../context.ts'
import { toHex, utf8 } from '../../core/bytes.ts'
import { inList } from '../../db/database.ts'
import { logState } from '../../db/schema.ts'

const stateKey = 'digest_key'

/** The secret of keyed digests: that of the ledger's key, or one that the log makes for itself where there is no key. */
export async function digestKey(context: Context): Promise<Uint8Array> {
	if (context.ledgerKey) return context.ledgerKey.macKey
	await context.db
		.insert(logState)
		.values({ key: stateKey, value: toHex(context.random(32)) })
		.onConflictDoNothing()
	const [row] = await context.db
		.select()
		.from(logState)
		.where(inList(logState.key, [stateKey]))
	return utf8(row?.value ?? '')
}

/** HMAC-SHA-256 over the parts, as hexadecimal: who does not have the key learns nothing about them, and cannot try names. */
export const keyedDigest = (key: Uint8Array, ...parts: readonly string[]): string =>
	toHex(hmac(sha256, key, utf8(JSON.stringify(parts))))

/** How the ledger names a subject. */
export const subjectDigest = async (context: Context, subject: string): Promise<string> =>
	keyedDigest(await digestKey(context), 'subject', subject)
