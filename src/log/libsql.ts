import { openSql } from '../db/open-node.ts'
import { isWriteStatement, type Sql, type Statement } from '../db/sql.ts'
import { AppendQueue } from './append-queue.ts'
import { archiveChunks, archiveReader } from './archive-node.ts'
import { nodeCodec } from './codec-node.ts'
import type { Item } from './deduplicate.ts'
import type { AppendStatus, PredictionLog, StoredPrediction } from './prediction-log.ts'
import { type Backend, logOver } from './sql-log.ts'
import { startWriter, type WriterClient } from './writer-node.ts'

/** Readers never wait in WAL mode, but while a connection is made. */
const readerBusyMs = 500

/** Every buffer of an item, to be handed over to the writing thread. */
function buffersOf(items: readonly Item[]): ArrayBuffer[] {
	const buffers = new Set<ArrayBuffer>()
	const add = (array: { buffer: ArrayBufferLike }) => buffers.add(array.buffer as ArrayBuffer)
	for (const { batch: b } of items) {
		for (const array of [
			b.timestamps,
			b.versions,
			b.environments,
			b.subjects,
			b.extras,
			b.scores,
			b.latencies,
			b.hasFeatures,
		])
			add(array)
		for (const column of [b.labels, ...b.features.values(), ...b.segments.values()]) {
			add(column.kinds)
			add(column.nums)
		}
	}
	return [...buffers]
}

/** Reads on a connection of this thread (readers never wait in WAL mode); writes on the writing thread's. */
const splitSql = (reader: Sql, writer: WriterClient): Sql => ({
	all: <Row>(statement: Statement) => reader.all<Row>(statement),
	values: (statement) => reader.values(statement),
	batch: (statements) =>
		statements.every((s) => !isWriteStatement(s.sql))
			? reader.batch(statements)
			: writer.call({
					call: 'batch',
					statements: statements.map((s) => ({ sql: s.sql, params: [...(s.params ?? [])] })),
				}),
	close: () => reader.close(),
})

/**
 * The log of one libSQL file and the `Sql` of its database. Rows older than a model's retention go to Parquet files
 * in `<file>.archive/`. The caller closes the log, then nothing else.
 */
export async function openLibsqlLog(url: string): Promise<{ sql: Sql; log: PredictionLog }> {
	const archive = `${url.replace(/^file:/, '')}.archive`
	const archives = archiveReader(archive)
	const reader = await openSql(url, undefined, readerBusyMs)
	const writer = await startWriter(url, archive)
	const sql = splitSql(reader, writer)
	const queue = new AppendQueue((items) =>
		writer.call<AppendStatus[]>({ call: 'append', items: [...items] }, buffersOf(items)),
	)
	const backend: Backend = {
		append: (items) => writer.call({ call: 'append', items: [...items] }),
		read: (model, predictionId) =>
			writer.call<StoredPrediction | undefined>({ call: 'read', model, predictionId }),
		groups: (model, predictionId) => writer.call({ call: 'groups', model, predictionId }),
		actuals: (model, ids) => writer.call({ call: 'actuals', model, ids }),
		backfillSummaries: (most) => writer.call({ call: 'tallyStored', most }),
		stats: () => writer.call({ call: 'stats' }),
		close: async () => {
			await queue.drain()
			clearInterval(timer)
			archives.close()
			await writer.close()
			await reader.close()
		},
	}
	let last: Record<string, number> = {}
	const refresh = () =>
		writer.call<Record<string, number>>({ call: 'stats' }).then(
			(s) => (last = s),
			() => {},
		)
	const timer = setInterval(refresh, 5000)
	timer.unref()
	const log = logOver(sql, nodeCodec, backend, {
		append: (model, kind, batch) => queue.append({ model, kind, batch }),
		archive: (model, before) => archiveChunks(sql, nodeCodec, archive, model, before),
		stats: () => ({ ...last, ...queue.stats() }),
		readArchive: archives.read,
	})
	return { sql, log }
}
