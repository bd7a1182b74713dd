import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { commit, type EntryDraft } from '../../db/commit.ts'
import { formatVerifierKey, keyIdOf } from '../../ledger/checkpoint.ts'
import { entryText } from '../../ledger/entry.ts'
import { leafHash, rootOf } from '../../ledger/tree.ts'
import { handOver, handOverAction, handOverText } from '../../ledger/trusted-keys.ts'
import type { LedgerKey } from '../../ports/ledger-key.ts'
import { authoriseGlobs } from '../../registry/key/authorise.ts'
import { checkpoint, checkpointInsert, maxConflicts, signRoot } from './checkpoint.ts'
import { ledgerKeyOf } from './key-from-pem.ts'
import { requireKey } from './keys.ts'
import { type KeySource, sealMacKey } from './open-key.ts'
import { GrowingTiles } from './stored-tiles.ts'

export type Rotated = { from: string; to: string; entry: number }

/**
 * Hands over to another key: an entry that both sign, and the checkpoint that covers it, signed by both, in one commit. From then
 * on only the other key signs, and processes with this one sign nothing.
 */
export async function rotateLedgerKey(context: Context, actor: Actor, source: KeySource): Promise<Rotated> {
	authoriseGlobs(actor, 'admin', ['*'])
	const from = requireKey(context)
	const pem = await source.read()
	if (pem === undefined) throw new AppError('not-found', `${source.where} does not exist.`)
	const to = await ledgerKeyOf(pem, from.verifier.name, source.where)
	const [fromKey, toKey] = [from, to].map(({ verifier }) => formatVerifierKey(verifier)) as [string, string]
	if (fromKey === toKey)
		throw new AppError('conflict', `${source.where} is the key that signs already. Name another file.`)
	const text = handOverText(from.verifier, to.verifier)
	const details = handOver(
		{ key: from.verifier, signature: await from.sign(text) },
		{ key: to.verifier, signature: await to.sign(text) },
	)
	const draft = { action: handOverAction, object: `ledger-key:${keyIdOf(to.verifier)}`, details }
	for (let conflicts = 0; ; ) {
		try {
			return { from: fromKey, to: toKey, entry: await commitHandOver(context, actor, [from, to], draft) }
		} catch (error) {
			// Somebody has added an entry in between.
			if (!(error instanceof AppError && error.code === 'conflict') || ++conflicts > maxConflicts) throw error
		}
	}
}

/** Returns the index of the entry. */
async function commitHandOver(
	context: Context,
	actor: Actor,
	[from, to]: [LedgerKey, LedgerKey],
	draft: EntryDraft,
): Promise<number> {
	const last = await checkpoint(context)
	const index = last?.size ?? 0
	const at = context.now()
	const entry = entryText({ ...draft, at: formatTime(at), actor: { id: actor.id, how: actor.how } })
	const tiles = await GrowingTiles.open(context, index)
	tiles.add(leafHash(entry))
	const size = index + 1
	const root = await rootOf(tiles.read, size)
	const note = await signRoot(size, root, [from, to])
	const takeOver = {
		sql: `INSERT INTO ledger_key (verifier, size, mac_key, at)
			SELECT ?1, ?2, ?3, ?4 WHERE (SELECT coalesce(max(idx) + 1, 0) FROM ledger_entry) = ?5`,
		params: [formatVerifierKey(to.verifier), size, sealMacKey(context, from.macKey, to), at, index],
	}
	// The entry has the text that was signed, so the time stands still.
	await commit({ ...context, now: () => at }, actor, draft, [
		checkpointInsert(context, { size, root, note }, index, from.verifier),
		{ query: takeOver, guarded: true },
		...tiles.changes(),
	])
	await context.checkpointFile?.write(note)
	return index
}
