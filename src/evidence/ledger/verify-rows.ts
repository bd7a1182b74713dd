import { asc, eq, gt } from 'drizzle-orm'
import type { Context, Progress } from '../../context.ts'
import { sameBytes, toHex } from '../../core/bytes.ts'
import { ledgerEntries, seals } from '../../db/schema.ts'
import { blockRows } from '../../ledger/row-leaves.ts'
import { hashBytes } from '../../ledger/tree.ts'
import type { Failure } from '../../ledger/verify-log.ts'
import { erasuresOf } from '../../log/erase/erased-ids.ts'
import type { RowHashes, SealedRows } from '../../log/read/sealed-rows.ts'
import { kindOfNumber } from '../../log/row-kinds.ts'
import { type SealRow, sealedRows } from './seals.ts'

/** What it reads. */
type Rows = Pick<Context, 'sql' | 'db' | 'log'>

/** A place in the log, and what does not match there, or why nobody can say. */
export type RowMismatch = Failure

/** `rows`: how many were compared with what entries commit to. `unsealed`: stored rows that no entry commits to yet. */
export type RowCheck = { rows: number; seals: number; unsealed: number; failures: RowMismatch[] }

/** More are not listed: after so many the log as a whole is not what it was. */
const maxFailures = 1000

/**
 * Compares the stored rows with what the entries `commit-rows` commit to: no row was changed, removed, or added beside them.
 * The entries themselves must have been verified before. It reads and hashes every row.
 */
export async function verifyRows(context: Rows, onProgress?: Progress): Promise<RowCheck> {
	const check: RowCheck = { rows: 0, seals: 0, unsealed: 0, failures: [] }
	const fail: Fail = (where, what, kind = 'mismatch') => {
		if (check.failures.length < maxFailures) check.failures.push({ kind, where, what })
	}
	await checkEntries(context, fail)
	await checkCoverage(context, check, fail)
	const [all] = await context.sql.all<{ rows: number }>({
		sql: 'SELECT coalesce(sum(rows), 0) AS rows FROM log_seal',
	})
	for (let after = 0; ; ) {
		const [seal] = await context.db
			.select()
			.from(seals)
			.where(gt(seals.id, after))
			.orderBy(asc(seals.id))
			.limit(1)
		if (!seal) return check
		after = seal.id
		await checkSeal(context, seal, fail)
		check.seals++
		check.rows += seal.rows
		onProgress?.(check.rows, all?.rows ?? 0)
	}
}

type Fail = (where: string, what: string, kind?: Failure['kind']) => void

const sealName = ({ model, entry, id }: { model: string; entry: number; id: number }) =>
	`rows ${id} of ${model} (ledger entry ${entry})`

/** Each entry has its seal, with the values that it names. */
async function checkEntries(context: Rows, fail: Fail): Promise<void> {
	const missing = await context.sql.all<{ idx: number; object: string; model: string }>({
		sql: `SELECT e.idx AS idx, e.object AS object, e.model AS model FROM ledger_entry e
			WHERE e.action = 'commit-rows' AND NOT EXISTS (SELECT 1 FROM log_seal s WHERE s.entry = e.idx) ORDER BY e.idx`,
	})
	for (const { idx, object, model } of missing)
		fail(`ledger entry ${idx}`, `The rows that it commits to (${object} of ${model}) are missing.`)
}

type Count = { chunk: number; model: string | null; rows: number; known: number }

/** Each stored chunk has exactly the rows of chunks that are sealed or will be. Rows beside them were added by somebody else. */
async function checkCoverage(context: Rows, check: RowCheck, fail: Fail): Promise<void> {
	const { sql } = context
	const wrong = await sql.all<Count>({
		sql: `WITH known AS (SELECT chunk FROM log_sealed UNION SELECT chunk FROM log_unsealed),
				at AS (SELECT coalesce(a.target, k.chunk) AS chunk, a.rows AS rows
					FROM known k LEFT JOIN log_alias a ON a.id = k.chunk),
				counted AS (SELECT c.id AS chunk, c.series AS series, c.rows AS rows, sum(CASE WHEN at.chunk IS NULL THEN 0 ELSE coalesce(at.rows, c.rows) END) AS known
					FROM log_chunk c LEFT JOIN at ON at.chunk = c.id GROUP BY c.id)
			SELECT n.chunk AS chunk, s.model AS model, n.rows AS rows, n.known AS known
			FROM counted n LEFT JOIN log_series s ON s.id = n.series WHERE n.rows <> n.known ORDER BY n.chunk LIMIT ?`,
		params: [maxFailures],
	})
	for (const { chunk, model, rows, known } of wrong) {
		const what = known === 0 ? 'It was added behind the ledger:' : 'Its rows are not those that were stored:'
		fail(`chunk ${chunk} of ${model}`, `${what} ${rows} rows are there, ${known} were stored by Plumbline.`)
	}
	const gone = await sql.all<{ chunk: number }>({
		sql: `SELECT u.chunk AS chunk FROM log_unsealed u LEFT JOIN log_alias a ON a.id = u.chunk
			LEFT JOIN log_chunk c ON c.id = coalesce(a.target, u.chunk) WHERE c.id IS NULL ORDER BY u.chunk LIMIT ?`,
		params: [maxFailures],
	})
	for (const { chunk } of gone)
		fail(`chunk ${chunk}`, 'It was stored, and is missing before an entry committed to its rows.')
	const [unsealed] = await sql.all<{ rows: number }>({
		sql: `SELECT coalesce(sum(coalesce(a.rows, c.rows)), 0) AS rows FROM log_unsealed u LEFT JOIN log_alias a ON a.id = u.chunk
			JOIN log_chunk c ON c.id = coalesce(a.target, u.chunk)`,
	})
	check.unsealed = unsealed?.rows ?? 0
}

async function checkSeal(context: Rows, seal: SealRow, fail: Fail): Promise<void> {
	const where = sealName(seal)
	const [entry] = await context.db.select().from(ledgerEntries).where(eq(ledgerEntries.idx, seal.entry))
	const committed = entry && committedBy(entry.entry)
	const kind = kindOfNumber[seal.kind]
	const erasures = await erasuresOf(context.sql)
	const sealed = await sealedRows(context, seal)
	const rows = sealed.chunks.reduce((sum, chunk) => sum + chunk.rows, 0)
	const isSame =
		committed?.object === `rows:${seal.id}` &&
		committed.model === seal.model &&
		committed.details?.kind === kind &&
		committed.details?.rows === seal.rows &&
		committed.details?.root === toHex(seal.root)
	if (!isSame) {
		fail(where, 'The ledger entry does not name these rows with this root.')
		return
	}
	if (seal.deleted !== null) {
		if (!(await isDeletion(context, seal, seal.deleted)))
			fail(where, `It is marked as deleted, and the ledger entry ${seal.deleted} does not say so.`)
		return
	}
	if (rows !== seal.rows) {
		fail(where, `It names chunks of ${rows} rows; the entry commits to ${seal.rows}.`)
		return
	}
	const hashes = await context.log.hashRows(sealed)
	// Rows were erased while others were read: read them again.
	if (!sameBytes(hashes.root, seal.root) && (await erasuresOf(context.sql)) !== erasures) {
		const [current] = await context.db.select().from(seals).where(eq(seals.id, seal.id))
		return checkSeal(context, current ?? seal, fail)
	}
	const locked = hashes.faults.find(({ isLocked }) => isLocked)
	if (locked) fail(where, locked.what, 'unverifiable')
	for (const { chunk, what, isLocked } of hashes.faults) if (!isLocked) fail(`${where}, chunk ${chunk}`, what)
	if (hashes.faults.length > 0) return
	if (sameBytes(hashes.root, seal.root)) {
		// Proofs are made from them. Seals from before they were kept have none.
		if (seal.blocks.length > 0 && !sameBytes(seal.blocks, hashes.blocks))
			fail(where, 'Its stored hashes are not those of its rows.')
		return
	}
	const places = changedChunks(sealed, seal, hashes)
	for (const place of places) fail(`${where}, ${place}`, 'A row is not what was stored.')
	if (places.length === 0) fail(where, 'A row is not what was stored.')
}

/** Whether an entry says that the rows of a seal were deleted because of their age. */
async function isDeletion(context: Rows, { id, model }: SealRow, index: number): Promise<boolean> {
	const [entry] = await context.db.select().from(ledgerEntries).where(eq(ledgerEntries.idx, index))
	const deletion = entry && committedBy(entry.entry)
	return (
		deletion?.action === 'delete-rows' &&
		deletion.model === model &&
		deletion.details?.seals?.includes(id) === true
	)
}

type Committed = {
	action?: string
	object?: string
	model?: string
	details?: { kind?: string; rows?: number; root?: string; seals?: number[] }
}

function committedBy(text: string): Committed | undefined {
	try {
		return JSON.parse(text) as Committed
	} catch {
		return undefined
	}
}

/** The chunks of the 256 rows whose hash is another one. */
function changedChunks({ chunks }: SealedRows, { blocks, rows }: SealRow, found: RowHashes): string[] {
	const places: string[] = []
	if (blocks.length !== found.blocks.length) return places
	const at = (hashes: Uint8Array, i: number) => hashes.subarray(i * hashBytes, (i + 1) * hashBytes)
	const whole = blocks.length / hashBytes
	const changed = Array.from({ length: whole }, (_, i) => i).filter(
		(i) => !sameBytes(at(blocks, i), at(found.blocks, i)),
	)
	// The rows after the last whole block have no stored hash: without another culprit it is one of them.
	if (changed.length === 0 && rows > whole * blockRows) changed.push(whole)
	for (const block of changed) {
		const [from, to] = [block * blockRows, Math.min(rows, (block + 1) * blockRows)]
		let first = 0
		for (const chunk of chunks) {
			const [start, end] = [Math.max(from, first), Math.min(to, first + chunk.rows)]
			if (start < end)
				places.push(`chunk ${chunk.chunk}, one of the rows ${start - first} to ${end - first - 1}`)
			first += chunk.rows
		}
	}
	return places.length > 20 ? [] : places
}
