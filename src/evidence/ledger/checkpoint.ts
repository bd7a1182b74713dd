import { asc, desc, gte, sql } from 'drizzle-orm'
import { openIncidentOnce, resolveIncidentAbout } from '../../alerting/incident/incident-without-rule.ts'
import type { Context } from '../../context.ts'
import { sameBytes, toHex, utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { sleep } from '../../core/retry.ts'
import { dayMs } from '../../core/time.ts'
import { type Change, commit } from '../../db/commit.ts'
import { ledgerCheckpoints, ledgerEntries } from '../../db/schema.ts'
import {
	checkpointText,
	formatVerifierKey,
	isSignedBy,
	parseCheckpoint,
	signatureLine,
	signedNote,
	type VerifierKey,
} from '../../ledger/checkpoint.ts'
import { isEntryMac } from '../../ledger/entry-mac.ts'
import { formatProof } from '../../ledger/proof-file.ts'
import { inclusionProof, leafHash, rootFromInclusion, rootOf } from '../../ledger/tree.ts'
import type { RowFault } from '../../log/read/sealed-rows.ts'
import type { LedgerKey } from '../../ports/ledger-key.ts'
import { serviceModel } from '../../rules/rule-set.ts'
import { commitState } from './commit-state.ts'
import {
	firstKeyInsert,
	macsSince,
	requireCurrent,
	requireKey,
	type SigningKey,
	signingKeys,
} from './keys.ts'
import { mismatch, mismatchAbout, openMismatch, signer } from './mismatch.ts'
import { sealRows } from './seal-rows.ts'
import { GrowingTiles, readNodes } from './stored-tiles.ts'

export { readNodes } from './stored-tiles.ts'

/** A signed checkpoint. `note`: its text with the signatures. */
export type SignedCheckpoint = { note: string; size: number; root: Uint8Array }

/** How many entries one checkpoint adds at most, which bounds its memory: a long backlog takes several. */
const maxAdded = 65_536
const readAtOnce = 1024
export const maxConflicts = 20

/**
 * Signs what was added to the ledger, and returns the newest checkpoint; undefined while there are no entries. The stages, in order:
 *
 *   sealRows         the rows that ingest stored: entries `commit-rows`
 *   commitState      the rows of other tables that were changed: an entry `commit-state`
 *   readState        the keys, the newest checkpoint, how many entries there are
 *   checkLast        the stored checkpoint is ours; the copy outside of the database is not newer
 *   addEntries       each new entry: its index, its leaf hash, its MAC; then into the tiles
 *   checkConsistent  the tree has the root that was signed last
 *   sign             the new root
 *   store            tiles and checkpoint in one guarded commit, then the copy outside of the database
 *
 * Whatever does not match opens a critical incident, and nothing is signed until somebody has resolved it.
 */
export async function checkpoint(context: Context): Promise<SignedCheckpoint | undefined> {
	const key = requireKey(context)
	await readState(context, key)
	await addCommitments(context)
	for (let conflicts = 0; ; ) {
		const state = await readState(context, key)
		try {
			const kept = await checkLast(context, state)
			if (state.size === (state.last?.size ?? 0)) return state.last
			await store(context, key, state, await grow(context, key, state, kept))
		} catch (error) {
			// Another process has signed in the meantime: go on from its checkpoint.
			if (!(error instanceof AppError && error.code === 'conflict') || ++conflicts > maxConflicts) throw error
		}
	}
}

/** Entries that commit to the data. A change that no entry explains is not committed to. */
async function addCommitments(context: Context): Promise<void> {
	const { faults } = await sealRows(context)
	// Rows whose keys this process lacks wait for one that has them.
	await reportRows(
		context,
		faults.filter(({ isLocked }) => !isLocked),
	)
	const { mismatches } = await commitState(context)
	const [found] = mismatches
	if (found) throw await mismatch(context, `${found.where}: ${found.what}.`)
}

const rowsAbout = 'ledger-rows'

/** Rows that cannot be read, or are not as many as ingest stored, are in no entry. They stop neither other rows nor signing. */
async function reportRows(context: Context, faults: readonly RowFault[]): Promise<void> {
	if (faults.length === 0)
		return resolveIncidentAbout(context, signer, rowsAbout, 'all rows are committed to')
	await openIncidentOnce(context, signer, {
		about: rowsAbout,
		model: serviceModel,
		environment: '',
		severity: 'critical',
		title: 'rows are not what was stored, so that the ledger cannot commit to them',
		notes: faults.slice(0, 10).map(({ chunk, what }) => `Rows of chunk ${chunk}: ${what}.`),
	})
}

/** The newest checkpoint, made first if it does not cover the entry. Throws `not-found` for an entry that does not exist. */
export async function ensureCheckpoint(context: Context, index: number): Promise<SignedCheckpoint> {
	const last = await newestCheckpoint(context)
	if (last && index < last.size) return last
	const made = await checkpoint(context)
	if (made && index < made.size) return made
	throw new AppError(
		'not-found',
		`The ledger has no entry ${index}. It has ${made?.size ?? 0} entries, from 0 on.`,
	)
}

/** A `.tlog-proof` of an entry, in the tree of the newest checkpoint. */
export async function proofFile(context: Context, index: number): Promise<string> {
	const { note, size, root } = await ensureCheckpoint(context, index)
	const read = readNodes(context, size)
	const hashes = await inclusionProof(read, index, size)
	const found = rootFromInclusion(await read(0, index), index, size, hashes)
	// Tiles are read here for the first time since they were signed.
	if (!found || !sameBytes(found, root))
		throw await mismatch(context, `The tiles do not lead from entry ${index} to the root of ${size} entries.`)
	return formatProof(index, hashes, note)
}

export async function newestCheckpoint({ db }: Context): Promise<SignedCheckpoint | undefined> {
	const [row] = await db.select().from(ledgerCheckpoints).orderBy(desc(ledgerCheckpoints.size)).limit(1)
	return row
}

type State = { keys: SigningKey[]; last: SignedCheckpoint | undefined; size: number }

async function readState(context: Context, key: LedgerKey): Promise<State> {
	let keys = await signingKeys(context)
	if (keys.length === 0) {
		await commit(context, signer, [], [firstKeyInsert(context, key)])
		keys = await signingKeys(context)
	}
	requireCurrent(key, keys)
	const open = await openMismatch(context)
	if (open !== undefined)
		throw new AppError(
			'unavailable',
			`Nothing is signed while the incident ${open} is open: the ledger does not match what was signed. Resolve it, then try again.`,
		)
	const [row] = await context.db
		.select({ size: sql<number>`coalesce(max(${ledgerEntries.idx}) + 1, 0)` })
		.from(ledgerEntries)
	return { keys, last: await newestCheckpoint(context), size: row?.size ?? 0 }
}

/** What was signed last cannot have been changed, and no newer checkpoint of this log exists elsewhere. Returns the copy there. */
async function checkLast(
	context: Context,
	{ keys, last, size }: State,
): Promise<{ size: number; root: Uint8Array } | undefined> {
	if (last) {
		const note = parseCheckpoint(last.note)
		const isSame = note?.checkpoint.size === last.size && sameBytes(note.checkpoint.root, last.root)
		if (!note || !isSame || !(await isSignedByOneOf(note, keys)))
			throw await mismatch(
				context,
				`The stored checkpoint of ${last.size} entries is not one that was signed.`,
			)
		if (last.size > size)
			throw await mismatch(
				context,
				`A checkpoint of ${last.size} entries was signed, and the database has ${size}.`,
			)
	}
	const kept = await readCheckpointFile(context, keys)
	// The file is written last, so it is never ahead of its database, as that is now.
	if (kept && kept.size > (last?.size ?? 0)) {
		if (((await newestCheckpoint(context))?.size ?? 0) >= kept.size)
			throw new AppError('conflict', 'Another process has signed the ledger in the meantime. Try again.')
		throw await mismatch(
			context,
			`${context.checkpointFile?.path} is of ${kept.size} entries, and the newest checkpoint of the database of ${last?.size ?? 0}: the database is an older copy, or a new one.`,
		)
	}
	// A process that ended before it had written the file.
	if (last && (kept?.size ?? 0) < last.size) await context.checkpointFile?.write(last.note)
	return kept
}

async function isSignedByOneOf(
	note: NonNullable<ReturnType<typeof parseCheckpoint>>,
	keys: readonly SigningKey[],
): Promise<boolean> {
	for (const { verifier } of keys) if (await isSignedBy(note, verifier)) return true
	return false
}

/** The checkpoint outside of the database, unless it is of a log that this one has replaced. */
async function readCheckpointFile(context: Context, keys: readonly SigningKey[]) {
	const text = await context.checkpointFile?.read()
	if (text === undefined) return undefined
	const note = parseCheckpoint(text)
	if (!note || !(await isSignedByOneOf(note, keys)))
		throw await mismatch(
			context,
			`${context.checkpointFile?.path} is not a checkpoint that a key of this log has signed.`,
		)
	return note.checkpoint.origin === keys.at(-1)?.verifier.name ? note.checkpoint : undefined
}

type Grown = SignedCheckpoint & { tiles: GrowingTiles }

async function grow(
	context: Context,
	key: LedgerKey,
	state: State,
	kept: { size: number; root: Uint8Array } | undefined,
): Promise<Grown> {
	const from = state.last?.size ?? 0
	const size = Math.min(state.size, from + maxAdded)
	const tiles = await GrowingTiles.open(context, from)
	await addEntries(context, key, tiles, from, size, macsSince(state.keys))
	await checkConsistent(context, tiles, state.last, kept)
	const root = await rootOf(tiles.read, size)
	return { tiles, size, root, note: await signRoot(size, root, [key]) }
}

async function addEntries(
	context: Context,
	{ macKey }: LedgerKey,
	tiles: GrowingTiles,
	from: number,
	to: number,
	macsFrom: number,
): Promise<void> {
	for (let next = from; next < to; ) {
		const rows = await context.db
			.select({
				idx: ledgerEntries.idx,
				entry: ledgerEntries.entry,
				leaf: ledgerEntries.leafHash,
				mac: ledgerEntries.mac,
			})
			.from(ledgerEntries)
			.where(gte(ledgerEntries.idx, next))
			.orderBy(asc(ledgerEntries.idx))
			.limit(Math.min(readAtOnce, to - next))
		if (rows.length === 0) throw await mismatch(context, `Entry ${next} is missing.`)
		for (const { idx, entry, leaf, mac } of rows) {
			if (idx !== next) throw await mismatch(context, `Entry ${next} is missing.`)
			if (!sameBytes(leafHash(entry), leaf))
				throw await mismatch(context, `Entry ${idx} is not the text that its leaf hash was made from.`)
			if (idx >= macsFrom && !(mac && isEntryMac(macKey, leaf, mac)))
				throw await mismatch(context, `Entry ${idx} was not written by a process that has the key.`)
			tiles.add(leaf)
			next++
		}
		if (next < to) await sleep(0)
	}
}

async function checkConsistent(
	context: Context,
	{ read }: GrowingTiles,
	last: SignedCheckpoint | undefined,
	kept: { size: number; root: Uint8Array } | undefined,
): Promise<void> {
	if (last && !sameBytes(await rootOf(read, last.size), last.root))
		throw await mismatch(context, `The tiles have another root for ${last.size} entries than was signed.`)
	if (kept && !sameBytes(await rootOf(read, kept.size), kept.root))
		throw await mismatch(
			context,
			`${context.checkpointFile?.path} has another root for ${kept.size} entries than the database.`,
		)
}

/** A checkpoint with the signatures of the keys, the first of which names the log. */
export async function signRoot(
	size: number,
	root: Uint8Array,
	keys: readonly [LedgerKey, ...LedgerKey[]],
): Promise<string> {
	const text = checkpointText({ origin: keys[0].verifier.name, size, root })
	const lines: string[] = []
	for (const { verifier, sign } of keys) lines.push(signatureLine(verifier, await sign(utf8(text))))
	const note = signedNote(text, lines)
	const parsed = parseCheckpoint(note)
	for (const { verifier } of keys)
		if (!parsed || !(await isSignedBy(parsed, verifier)))
			throw new AppError(
				'unavailable',
				`The signature is not one of the key ${formatVerifierKey(verifier)}. Check where PLUMBLINE_LEDGER_KEY comes from.`,
			)
	return note
}

/** Fails with `conflict` if another process has signed, if another key signs now, or if an incident was opened. */
export const checkpointInsert = (
	context: Context,
	{ size, root, note }: SignedCheckpoint,
	lastSize: number,
	current: VerifierKey,
): Change => ({
	query: {
		sql: `INSERT INTO ledger_checkpoint (size, root, at, note) SELECT ?1, ?2, ?3, ?4
			WHERE (SELECT coalesce(max(size), 0) FROM ledger_checkpoint) = ?5
				AND (SELECT verifier FROM ledger_key ORDER BY id DESC LIMIT 1) = ?6
				AND NOT EXISTS (SELECT 1 FROM incident WHERE about = ?7 AND status <> 'resolved')`,
		params: [size, root, context.now(), note, lastSize, formatVerifierKey(current), mismatchAbout],
	},
	guarded: true,
})

async function store(context: Context, key: LedgerKey, state: State, grown: Grown): Promise<void> {
	const { size, root, note, tiles } = grown
	const insert = checkpointInsert(context, grown, state.last?.size ?? 0, key.verifier)
	await commit(context, signer, [], [insert, ...tiles.changes()])
	await context.checkpointFile?.write(note)
	context.logger.info('a checkpoint was signed', { size, root: toHex(root) })
}

const keepAllMs = 7 * dayMs

/** Deletes stored checkpoints that are older than a week, except the last one of each day. */
export async function pruneCheckpoints(context: Context): Promise<void> {
	const query = {
		sql: `DELETE FROM ledger_checkpoint WHERE at < ?1
			AND size NOT IN (SELECT max(size) FROM ledger_checkpoint GROUP BY at / ${dayMs})`,
		params: [context.now() - keepAllMs],
	}
	const changes: Change[] = [{ query }]
	await commit(context, signer, [], changes)
}
