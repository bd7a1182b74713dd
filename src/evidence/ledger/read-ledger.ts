import { and, asc, eq, gte, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { ledgerEntries } from '../../db/schema.ts'
import { formatVerifierKey } from '../../ledger/checkpoint.ts'
import { encodeEntries, parseTilePath, tileWidth } from '../../ledger/tiles.ts'
import { hashBytes } from '../../ledger/tree.ts'
import { authorise, authoriseGlobs } from '../../registry/key/authorise.ts'
import { inReach } from '../../registry/model/find-model.ts'
import { ensureCheckpoint, newestCheckpoint, proofFile } from './checkpoint.ts'
import { requireKey } from './keys.ts'
import { readTile } from './stored-tiles.ts'

/** The public half of the key that signs. */
export function readLedgerKey(context: Context, actor: Actor): { key: string; origin: string } {
	authorise(actor, 'auditor')
	const { verifier } = requireKey(context)
	return { key: formatVerifierKey(verifier), origin: verifier.name }
}

/** The newest checkpoint, as a signed note. The first one is made when it is asked for. */
export async function readCheckpoint(context: Context, actor: Actor): Promise<string> {
	authorise(actor, 'auditor')
	requireKey(context)
	return ((await newestCheckpoint(context)) ?? (await ensureCheckpoint(context, 0))).note
}

const noTile = (path: string, why: string) =>
	new AppError('not-found', `There is no tile ${JSON.stringify(path.slice(0, 256))}: ${why}.`)

/** The number and width that a path names, of which the newest checkpoint has all. */
function parsePath(path: string): { n: number; width: number } {
	const parsed = parseTilePath(path)
	if (parsed) return parsed
	throw noTile(path, 'a path is like 000, x001/234, or 000.p/5 for a partial tile')
}

const notCovered = 'the newest checkpoint does not have that many hashes'
const levelPattern = /^(0|[1-9]|[1-5]\d|6[0-3])$/

/** The hashes of a tile of the signed tree. */
export async function readTreeTile(
	context: Context,
	actor: Actor,
	level: string,
	path: string,
): Promise<Uint8Array<ArrayBuffer>> {
	authorise(actor, 'auditor')
	requireKey(context)
	const { n, width } = parsePath(path)
	if (!levelPattern.test(level)) throw noTile(path, 'its level is a number from 0 to 63')
	const hashes = await readTile(context, Number(level), n)
	if (hashes.length < width * hashBytes) throw noTile(`${level}/${path}`, notCovered)
	return hashes.slice(0, width * hashBytes) as Uint8Array<ArrayBuffer>
}

/** Entries of the signed tree, as a bundle of tlog-tiles. They are of all models. */
export async function readEntryBundle(
	context: Context,
	actor: Actor,
	path: string,
): Promise<Uint8Array<ArrayBuffer>> {
	authoriseGlobs(actor, 'auditor', ['*'])
	requireKey(context)
	const { n, width } = parsePath(path)
	const [from, to] = [n * tileWidth, n * tileWidth + width]
	const last = await newestCheckpoint(context)
	if (to > (last?.size ?? 0)) throw noTile(`entries/${path}`, notCovered)
	const rows = await context.db
		.select({ entry: ledgerEntries.entry })
		.from(ledgerEntries)
		.where(and(gte(ledgerEntries.idx, from), lt(ledgerEntries.idx, to)))
		.orderBy(asc(ledgerEntries.idx))
	await commit(
		context,
		actor,
		{ action: 'read-entries', object: 'ledger', details: { entries: [from, to] } },
		[],
	)
	return encodeEntries(rows.map(({ entry }) => utf8(entry)))
}

/** A `.tlog-proof` of an entry. One of a model outside the actor's scope counts as missing. */
export async function readProof(context: Context, actor: Actor, index: string): Promise<string> {
	authorise(actor, 'auditor')
	requireKey(context)
	const isIndex = /^(0|[1-9]\d{0,14})$/.test(index)
	const [row] = isIndex
		? await context.db
				.select({ idx: ledgerEntries.idx })
				.from(ledgerEntries)
				.where(and(eq(ledgerEntries.idx, Number(index)), await inReach(context, actor, ledgerEntries.model)))
		: []
	if (!row)
		throw new AppError(
			'not-found',
			`The ledger has no entry ${JSON.stringify(index.slice(0, 32))}. Its entries are numbered from 0.`,
		)
	return proofFile(context, row.idx)
}
