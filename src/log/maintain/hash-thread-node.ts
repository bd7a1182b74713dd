import { setPriority } from 'node:os'
import { workerData } from 'node:worker_threads'
import { openSql } from '../../db/open-node.ts'
import { serveThread } from '../../platform/node/serve-thread.ts'
import { nodeCodec } from '../codec/codec-node.ts'
import { ChunkStore } from '../read/chunk-store.ts'
import { type SealedRows, sealReads } from '../read/sealed-rows.ts'
import { archiveReader } from './archive-node.ts'

// The thread that hashes rows for the ledger. On Linux a thread has a priority of its own: hashing gives way to everything else.

const { url, archive } = workerData as { url: string; archive: string }
if (process.platform === 'linux') setPriority(19)
const sql = await openSql(url)
const archives = archiveReader(archive)
const { hashRows } = sealReads(sql, new ChunkStore(sql, nodeCodec, archives.read))

const calls = {
	hashRows: (rows: SealedRows) => hashRows(rows),
	close: async () => {
		archives.close()
		await sql.close()
	},
}
export type HashCalls = typeof calls
serveThread(calls)
