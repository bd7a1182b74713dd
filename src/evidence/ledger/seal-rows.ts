import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { toHex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { type Change, commit, type EntryDraft } from '../../db/commit.ts'
import { encodeKeys, keyBytes, keysFromSeed } from '../../ledger/row-keys.ts'
import type { RowFault, RowHashes } from '../../log/read/sealed-rows.ts'
import { kindNumber, kindOfNumber, type RowKind } from '../../log/row-kinds.ts'

/** Rows of one seal: its proofs stay short, and thousands of single rows share one entry. */
const maxSealRows = 65_536
/** Chunks that are read, hashed and committed at once. */
const maxSliceChunks = 4000
const maxSliceRows = 4 * maxSealRows
/** Of a seal that somebody waits for. */
const maxRowsNow = 4096
/** Of one run, so that a large backlog does not hold up the next checkpoint for long. */
const maxRunRows = 2 ** 20

const sealer: Pick<Actor, 'id' | 'how'> = { id: 'job:checkpoint', how: 'job' }

/** `more`: rows are left for the next run. `faults`: chunks whose rows are not what ingest stored; they are not sealed. */
export type SealResult = { rows: number; more: boolean; faults: RowFault[] }

/**
 * Commits the ledger to the rows that ingest stored since the last time, oldest first: an entry `commit-rows` for up to 65,536
 * rows of a model and kind.
 */
export async function sealRows(context: Context, maxRows = maxRunRows): Promise<SealResult> {
	const result: SealResult = { rows: 0, more: false, faults: [] }
	for (let after = -1; ; ) {
		const slice = await nextSlice(context, after, Math.min(maxSliceRows, maxRows - result.rows))
		if (slice.length === 0) return result
		if (result.rows >= maxRows) return { ...result, more: true }
		after = (slice.at(-1) as Unsealed).chunk
		const { rows, faults } = await sealSlice(context, slice)
		result.rows += rows
		result.faults.push(...faults)
	}
}

/** Seals the rows of a chunk, and those of its kind that were stored just after it. Does nothing when it is sealed. */
export async function sealChunk(context: Context, chunk: number): Promise<void> {
	const slice = await nextSlice(context, chunk - 1, maxRowsNow)
	const [head] = slice
	if (head?.chunk !== chunk) return
	const alike = slice.filter(({ model, kind }) => model === head.model && kind === head.kind)
	await sealSlice(context, seals(alike)[0] as Unsealed[])
}

type Unsealed = { chunk: number; rows: number; kind: number; model: string }

/** At least one chunk, if there is one; those of encrypted models once there are keys to read them with. A chunk that is neither stored nor folded stays unsealed: verification names it. */
async function nextSlice(context: Context, after: number, maxRows: number): Promise<Unsealed[]> {
	const chunks = await context.sql.all<Unsealed>({
		sql: `SELECT u.chunk AS chunk, coalesce(a.rows, c.rows) AS rows, c.kind AS kind, s.model AS model
			FROM log_unsealed u LEFT JOIN log_alias a ON a.id = u.chunk
			JOIN log_chunk c ON c.id = coalesce(a.target, u.chunk) JOIN log_series s ON s.id = c.series
			WHERE u.chunk > ?1 AND (?2 OR s.model NOT IN (SELECT name FROM model WHERE encrypt = 1))
			ORDER BY u.chunk LIMIT ?3`,
		params: [after, (await context.log.encryptionFault()) === undefined ? 1 : 0, maxSliceChunks],
	})
	let rows = 0
	const end = chunks.findIndex((chunk) => {
		rows += chunk.rows
		return rows > maxRows
	})
	return end === -1 ? chunks : chunks.slice(0, Math.max(1, end))
}

/** The chunks by model and kind, in runs of at most `maxSealRows` rows. */
function seals(slice: readonly Unsealed[]): Unsealed[][] {
	const open = new Map<string, { chunks: Unsealed[]; rows: number }>()
	const all: Unsealed[][] = []
	for (const chunk of slice) {
		const key = `${chunk.kind} ${chunk.model}`
		let seal = open.get(key)
		if (!seal || seal.rows + chunk.rows > maxSealRows) {
			seal = { chunks: [], rows: 0 }
			open.set(key, seal)
			all.push(seal.chunks)
		}
		seal.chunks.push(chunk)
		seal.rows += chunk.rows
	}
	return all
}

type Seal = { model: string; kind: RowKind; chunks: Unsealed[]; rows: number; keys: Uint8Array } & RowHashes

async function sealSlice(
	context: Context,
	slice: readonly Unsealed[],
): Promise<{ rows: number; faults: RowFault[] }> {
	const done: Seal[] = []
	const faults: RowFault[] = []
	for (const chunks of seals(slice)) {
		const seal = await hashSeal(context, chunks, faults)
		if (seal) done.push(seal)
	}
	if (done.length > 0 && !(await store(context, done))) return { rows: 0, faults }
	return { rows: done.reduce((sum, { rows }) => sum + rows, 0), faults }
}

/** Leaves out chunks whose rows cannot be read as ingest stored them. */
async function hashSeal(context: Context, chunks: Unsealed[], faults: RowFault[]): Promise<Seal | undefined> {
	const { model, kind: number } = chunks[0] as Unsealed
	const kind = kindOfNumber[number] as RowKind
	const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0)
	const keys = encodeKeys(keysFromSeed(context.random(keyBytes), rows))
	const hashes = await context.log.hashRows({ model, kind, chunks, keys, erased: [] })
	if (hashes.faults.length === 0) return { model, kind, chunks, rows, keys, ...hashes }
	faults.push(...hashes.faults)
	const bad = new Set(hashes.faults.map(({ chunk }) => chunk))
	const good = chunks.filter(({ chunk }) => !bad.has(chunk))
	return good.length > 0 && good.length < chunks.length ? hashSeal(context, good, faults) : undefined
}

/** One commit with all seals of a slice. False when another process has sealed one of the chunks in the meantime. */
async function store(context: Context, all: readonly Seal[]): Promise<boolean> {
	const [last] = await context.sql.all<{ id: number }>({
		sql: 'SELECT coalesce(max(id), 0) AS id FROM log_seal',
	})
	const firstId = (last?.id ?? 0) + 1
	const entries = all.map(
		({ model, kind, rows, root }, i): EntryDraft => ({
			action: 'commit-rows',
			object: `rows:${firstId + i}`,
			model,
			details: { kind, rows, root: toHex(root) },
		}),
	)
	try {
		await commit(
			context,
			sealer,
			entries,
			all.flatMap((seal, i) => sealChanges(seal, firstId + i, i)),
		)
		return true
	} catch (error) {
		if (error instanceof AppError && error.code === 'conflict') return false
		throw error
	}
}

/** `position`: of the seal's entry among those of the commit. */
function sealChanges(
	{ model, kind, chunks, rows, keys, root, blocks }: Seal,
	id: number,
	position: number,
): Change[] {
	let first = 0
	const list = chunks.map((chunk) => {
		const part = [chunk.chunk, first, chunk.rows]
		first += chunk.rows
		return part
	})
	return [
		{
			query: {
				sql: 'DELETE FROM log_unsealed WHERE chunk IN (SELECT value ->> 0 FROM json_each(?))',
				params: [JSON.stringify(list)],
			},
		},
		// All of them, or another process was faster.
		{ query: { sql: 'INSERT INTO guard (ok) VALUES (changes() = ?)', params: [list.length] } },
		{
			query: {
				sql: `INSERT OR IGNORE INTO log_seal (id, model, kind, rows, keys, root, blocks, entry)
					SELECT ?, ?, ?, ?, ?, ?, ?, coalesce(max(idx) + 1, 0) + ? FROM ledger_entry`,
				params: [id, model, kindNumber[kind], rows, keys, root, blocks, position],
			},
			guarded: true,
		},
		{
			query: {
				sql: `INSERT INTO log_sealed (chunk, seal, first, rows)
					SELECT value ->> 0, ?, value ->> 1, value ->> 2 FROM json_each(?)`,
				params: [id, JSON.stringify(list)],
			},
		},
	]
}
