import type { CipherKeys } from '../core/cipher.ts'
import { openSql } from '../db/open-node.ts'
import { isWriteStatement, type Sql } from '../db/sql.ts'
import { Thread, threadUrl } from '../platform/node/thread.ts'
import { AppendQueue } from './append/append-queue.ts'
import type { AppendItem } from './append/deduplicate.ts'
import { type Calls, callsOf, type ThreadData } from './calls.ts'
import { nodeCodec } from './codec/codec-node.ts'
import { openVault } from './encrypt/vault-node.ts'
import { fileRewriter } from './erase/rewrite-file-node.ts'
import { archiveChunks, archiveReader } from './maintain/archive-node.ts'
import type { HashCalls } from './maintain/hash-thread-node.ts'
import type { AppendStatus, PredictionLog } from './prediction-log.ts'
import type { RowHashes, SealedRows } from './read/sealed-rows.ts'
import { logOver } from './sql-log.ts'
import type { WriterProtocol } from './writer-thread-node.ts'

/** Readers never wait in WAL mode, except while a connection is opened. */
const readerBusyMs = 500
const statsEveryMs = 5000

/** Calls into the writing thread. */
type WriterClient = Calls<WriterProtocol>

/** Reads on a connection of this thread, writes on the writing thread's. */
const splitSql = (reader: Sql, writer: WriterClient): Sql => ({
	all: (statement) => reader.all(statement),
	values: (statement) => reader.values(statement),
	batch: (statements) =>
		statements.every((s) => !isWriteStatement(s.sql))
			? reader.batch(statements)
			: writer.batch(statements.map((s) => ({ sql: s.sql, params: [...(s.params ?? [])] }))),
	close: () => reader.close(),
})

/**
 * The log of one libSQL file, and the `Sql` of its database. Rows older than a model's retention go to Parquet files in
 * `<file>.archive/`. Closing the log closes both.
 */
export async function openLibsqlLog(
	url: string,
	dataKeys: CipherKeys = [],
): Promise<{ sql: Sql; log: PredictionLog }> {
	const archive = `${url.replace(/^file:/, '')}.archive`
	const archives = archiveReader(archive)
	const reader = await openSql(url, undefined, readerBusyMs)
	const { close, batch, scrubPages, finishScrub, ...calls } = await startWriter({ url, archive, dataKeys })
	const vault = await openVault(url, dataKeys)
	const codec = { ...nodeCodec, vault }
	const sql = splitSql(reader, { close, batch, scrubPages, finishScrub, ...calls })
	const queue = new AppendQueue((items) => calls.append(items))
	let stats: Record<string, number> = {}
	const refreshStats = () =>
		calls.stats().then(
			(s) => {
				stats = s
			},
			() => {},
		)
	const timer = setInterval(refreshStats, statsEveryMs)
	timer.unref()
	const hashing = hashThread({ url, archive, dataKeys })
	const log = logOver(sql, codec, calls, {
		hashRows: hashing.hashRows,
		append: (model, kind, rows) => queue.append({ model, kind, batch: rows }),
		archive: (model, before) => archiveChunks(sql, nodeCodec, archive, model, before),
		stats: () => ({ ...stats, ...queue.stats() }),
		scrub: async () => {
			while (await scrubPages());
			await finishScrub()
		},
		readArchive: archives.read,
		rewriteFile: fileRewriter(sql, archive, archives.read),
		close: async () => {
			await queue.drain()
			clearInterval(timer)
			archives.close()
			await hashing.close()
			await close()
			await vault.close()
			await reader.close()
		},
	})
	return { sql, log }
}

/** Rows are garbage once they are hashed: without limits the heap grows by hundreds of megabytes before it is collected. */
const hashingMemory = { youngMegabytes: 8, megabytes: 1024 }

/** The thread that hashes rows for the ledger, from the first call on. */
function hashThread(workerData: ThreadData) {
	let thread: Thread<HashCalls> | undefined
	return {
		hashRows(rows: SealedRows): Promise<RowHashes> {
			if (!thread || thread.isEnded)
				thread = new Thread(threadUrl('maintain/hash-thread-node', import.meta.url), {
					workerData,
					...hashingMemory,
				})
			return thread.call('hashRows', rows)
		},
		async close() {
			if (!thread || thread.isEnded) return
			await thread.call('close', undefined)
			await thread.close()
		},
	}
}

/** Starts the writing thread on a libSQL file. Rejects when the file cannot be opened. */
async function startWriter(workerData: ThreadData): Promise<WriterClient> {
	const thread = new Thread<Record<string, (args: readonly unknown[]) => unknown>>(
		threadUrl('writer-thread-node', import.meta.url),
		{ workerData, atOnce: Number.POSITIVE_INFINITY },
	)
	const names = (await thread.call('names', [])) as string[]
	return {
		...callsOf<WriterProtocol>(names, (name, args) => thread.call(name, args)),
		append: (items) => thread.call('append', [items], buffersOf(items)) as Promise<AppendStatus[]>,
		close: async () => {
			if (!thread.isEnded) await thread.call('close', [])
			await thread.close()
		},
	}
}

/** Every buffer of the items: they move to the writing thread instead of being copied. */
function buffersOf(items: readonly AppendItem[]): ArrayBuffer[] {
	const buffers = new Set<ArrayBuffer>()
	const add = (array: { buffer: ArrayBufferLike }) => buffers.add(array.buffer as ArrayBuffer)
	for (const { batch: b } of items) {
		for (const array of [b.timestamps, b.versions, b.environments, b.subjects, b.extras]) add(array)
		for (const array of [b.scores, b.latencies, b.hasFeatures]) add(array)
		for (const column of [b.labels, ...b.features.values(), ...b.segments.values()]) {
			add(column.kinds)
			add(column.nums)
		}
	}
	return [...buffers]
}
