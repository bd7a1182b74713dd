import { and, asc, desc, eq, gte, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { ledgerEntries, reportFiles } from '../../db/schema.ts'
import { parseCheckpoint } from '../../ledger/checkpoint.ts'
import { formatProof } from '../../ledger/proof-file.ts'
import { encodeEntries, tileLevels, tilePath, tileWidth } from '../../ledger/tiles.ts'
import { hashBytes, inclusionProof } from '../../ledger/tree.ts'
import { seesAll } from '../../registry/key/authorise.ts'
import { ensureCheckpoint, readNodes } from '../ledger/checkpoint.ts'
import { readTile } from '../ledger/stored-tiles.ts'
import { listPaths, readFile } from './files.ts'
import { findKept, recordRead } from './read-report.ts'
import type { ReportRow } from './report-record.ts'
import { maxZipFiles, type ZipFile, zipOf } from './zip.ts'

const checkpointPath = 'checkpoint'

/** Where the ledger has the report, and the signed checkpoint of the bundle. */
type Evidence = { index: number; entry: string; size: number; note: string }

/**
 * A report with its evidence as ZIP: its files, the checkpoint, the proof of its entry, and the ledger up to the checkpoint,
 * so that the whole can be verified without us. The entries are of all models: for an actor with a narrower scope the ledger
 * is left out, and the proof remains.
 */
export async function bundleReport(
	context: Context,
	actor: Actor,
	id: string,
): Promise<{ row: ReportRow; zip: ReadableStream<Uint8Array<ArrayBuffer>> }> {
	const row = await findKept(context, actor, id)
	const evidence = await evidenceOf(context, row)
	if (2 * Math.ceil(evidence.size / tileWidth) > maxZipFiles)
		throw new AppError(
			'too-large',
			`A ledger of ${evidence.size} entries is too large for a ZIP archive. Use .json or .pdf, and \`plumbline audit prove report ${row.id}\`.`,
		)
	await recordRead(context, actor, row, 'zip')
	return { row, zip: zipOf(filesOf(context, row, evidence, seesAll(actor))) }
}

/** In the order of their paths. */
async function* filesOf(
	context: Context,
	row: ReportRow,
	evidence: Evidence,
	withLedger: boolean,
): AsyncGenerator<ZipFile> {
	const stored = (await listPaths(context, row.id)).filter((path) => path !== checkpointPath)
	const made: Record<string, () => Promise<string>> = {
		[checkpointPath]: async () => evidence.note,
		'proofs/report.entry': async () => evidence.entry,
		'proofs/report.tlog-proof': () => proofOf(context, evidence),
	}
	for (const path of [...stored, ...Object.keys(made)].sort()) {
		const text = await made[path]?.()
		const bytes = text === undefined ? await readFile(context, row.id, path) : utf8(text)
		if (bytes) yield { path, bytes, isCompact: path.endsWith('.pdf') }
	}
	if (!withLedger) return
	for (const [level, count] of tileLevels(evidence.size).entries())
		for (let n = 0; n * tileWidth < count; n++) {
			const width = Math.min(tileWidth, count - n * tileWidth)
			const hashes = (await readTile(context, level, n)).subarray(0, width * hashBytes)
			yield { path: `tile/${level}/${tilePath(n, width)}`, bytes: hashes, isCompact: true }
		}
	for (let from = 0; from < evidence.size; from += tileWidth) {
		const to = Math.min(from + tileWidth, evidence.size)
		const path = `tile/entries/${tilePath(from / tileWidth, to - from)}`
		yield { path, bytes: await entriesOf(context, from, to) }
	}
}

async function entriesOf({ db }: Context, from: number, to: number): Promise<Uint8Array> {
	const rows = await db
		.select({ entry: ledgerEntries.entry })
		.from(ledgerEntries)
		.where(and(gte(ledgerEntries.idx, from), lt(ledgerEntries.idx, to)))
		.orderBy(asc(ledgerEntries.idx))
	return encodeEntries(rows.map(({ entry }) => utf8(entry)))
}

async function proofOf(context: Context, { index, size, note }: Evidence): Promise<string> {
	return formatProof(index, await inclusionProof(readNodes(context, size), index, size), note)
}

/** The entry of the report as it is now, and the first checkpoint that was asked for with it: it is kept, so that the bundle does not change. */
async function evidenceOf(context: Context, row: ReportRow): Promise<Evidence> {
	const action = row.status === 'approved' ? 'sign-report' : 'create-report'
	const [found] = await context.db
		.select({ index: ledgerEntries.idx, entry: ledgerEntries.entry })
		.from(ledgerEntries)
		.where(and(eq(ledgerEntries.object, `report:${row.id}`), eq(ledgerEntries.action, action)))
		.orderBy(desc(ledgerEntries.idx))
		.limit(1)
	if (!found) throw new AppError('conflict', `The ledger has no entry ${action} of the report ${row.id}.`)
	const kept = await readFile(context, row.id, checkpointPath)
	if (kept) return { ...found, ...sizeOf(new TextDecoder().decode(kept)) }
	const { note, size } = await ensureCheckpoint(context, found.index)
	const file = { report: row.id, path: checkpointPath, part: 0, content: utf8(note) }
	const query = context.db.insert(reportFiles).values(file).onConflictDoNothing()
	await commit(context, { id: 'job:checkpoint', how: 'job' }, [], [{ query }])
	return { ...found, note, size }
}

function sizeOf(note: string): { note: string; size: number } {
	const parsed = parseCheckpoint(note)
	if (!parsed) throw new AppError('conflict', 'The checkpoint that is kept with the report is damaged.')
	return { note, size: parsed.checkpoint.size }
}
