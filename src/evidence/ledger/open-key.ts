import { eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { toHex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { serviceStates } from '../../db/schema.ts'
import { formatVerifierKey } from '../../ledger/checkpoint.ts'
import type { LedgerKey } from '../../ports/ledger-key.ts'
import { newestCheckpoint } from './checkpoint.ts'
import { ledgerKeyOf } from './key-from-pem.ts'
import { firstKeyInsert, requireCurrent, type SigningKey, signingKeys } from './keys.ts'
import { signer } from './mismatch.ts'

/** Where the private key is. */
export type KeySource = {
	/** Begins the messages of faults, such as `The key file "x" (PLUMBLINE_LEDGER_KEY)`. */
	where: string
	/** Undefined if there is none yet. Throws `invalid`. */
	read(): Promise<string | undefined>
	/** Makes one, where that is possible. Returns the key of another process that was faster. */
	create?(): Promise<string>
}

/** In a copy of a database that `backup` or `restore` made, the name of a service state. */
export const copyMark = 'ledger-copy'

const defaultOrigin = 'plumbline'

/**
 * Gives the context the key that signs the ledger. The database remembers who has signed: a process with another key, or without
 * one, does not start. A new log, over what the database holds now, is started for `origin`, a name that this log has not had,
 * and with a new key for a restored copy whose key is not there.
 */
export async function openLedgerKey(
	context: Context,
	source: KeySource | undefined,
	origin: string | undefined,
): Promise<void> {
	const keys = await signingKeys(context)
	const current = keys.at(-1)
	const name = origin ?? current?.verifier.name ?? defaultOrigin
	const isRenamed = current !== undefined && !keys.some(({ verifier }) => verifier.name === name)
	const found = await source?.read()
	const isMoved = found === undefined && source?.create !== undefined && (await isCopy(context))
	const pem = found ?? (await missingKey(context, source, isRenamed || isMoved ? undefined : current))
	if (pem === undefined || source === undefined) return
	const key = await ledgerKeyOf(pem, name, source.where)
	if (!current) {
		context.ledgerKey = key
		await commit(context, signer, [], [firstKeyInsert(context, key)])
		requireCurrent(key, await signingKeys(context))
	} else if (isRenamed || isMoved) await startLog(context, key, current)
	else {
		requireCurrent(key, keys)
		context.ledgerKey = withMacKey(key, current)
	}
}

async function isCopy({ db }: Context): Promise<boolean> {
	const rows = await db.select().from(serviceStates).where(eq(serviceStates.name, copyMark))
	return rows.length > 0
}

/** A new key where that is possible. */
async function missingKey(
	{ logger }: Context,
	source: KeySource | undefined,
	current: SigningKey | undefined,
): Promise<string | undefined> {
	if (current)
		throw new AppError(
			'invalid',
			`${source?.where ?? 'The key of the ledger'} is missing, and this ledger is signed with ${formatVerifierKey(current.verifier)}. Set PLUMBLINE_LEDGER_KEY to the file of that key, or restore it from its backup.`,
		)
	if (source?.create) {
		const made = await source.create()
		logger.warn(`${source.where} was made: it signs the ledger. Back it up, apart from the database.`)
		return made
	}
	if (source) throw new AppError('invalid', `${source.where} does not exist.`)
	logger.warn('the ledger is not signed: set PLUMBLINE_LEDGER_KEY to the file of an Ed25519 key')
	return undefined
}

const nonceBytes = 16
const padOf = (key: LedgerKey, nonce: Uint8Array) => key.derive(`plumbline ledger mac key ${toHex(nonce)}`)
const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, i) => byte ^ (b[i] as number))

/** The secret of the MACs, encrypted for a key that takes over. */
export function sealMacKey(context: Context, macKey: Uint8Array, forKey: LedgerKey): Uint8Array {
	const nonce = context.random(nonceBytes)
	return Uint8Array.of(...nonce, ...xor(macKey, padOf(forKey, nonce)))
}

/** The key with the secret that it took over from the one before. */
export function withMacKey(key: LedgerKey, { macKey: sealed }: SigningKey): LedgerKey {
	if (sealed === null) return key
	const macKey = xor(sealed.subarray(nonceBytes), padOf(key, sealed.subarray(0, nonceBytes)))
	return { ...key, macKey }
}

/**
 * Starts a new log under another name, over the entries that the database holds now, whatever was signed before: after a
 * restored backup, or when the key is lost. The entry names the log that it replaces.
 */
async function startLog(context: Context, key: LedgerKey, before: SigningKey): Promise<void> {
	const last = await newestCheckpoint(context)
	const isSameKey = toHex(before.verifier.publicKey) === toHex(key.verifier.publicKey)
	const own = isSameKey ? withMacKey(key, before) : key
	context.ledgerKey = own
	const [from, to] = [before.verifier, key.verifier].map(formatVerifierKey) as [string, string]
	await commit(
		context,
		signer,
		{
			action: 'start-ledger',
			object: `ledger:${key.verifier.name}`,
			details: { from, to, ...(last ? { size: last.size, root: toHex(last.root) } : {}) },
		},
		[
			{
				query: {
					sql: `INSERT INTO ledger_key (verifier, size, mac_key, at)
						SELECT ?1, (SELECT coalesce(max(idx) + 1, 0) FROM ledger_entry), ?2, ?3
						WHERE (SELECT verifier FROM ledger_key ORDER BY id DESC LIMIT 1) = ?4`,
					params: [to, isSameKey ? sealMacKey(context, own.macKey, key) : null, context.now(), from],
				},
				guarded: true,
			},
			{ query: context.db.delete(serviceStates).where(eq(serviceStates.name, copyMark)) },
			{ query: { sql: 'DELETE FROM ledger_tile' } },
			{ query: { sql: 'DELETE FROM ledger_checkpoint' } },
		],
	)
	context.logger.warn('a new ledger was started over what the database holds', { from, to })
}
