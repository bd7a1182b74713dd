import { setPriority } from 'node:os'
import { workerData } from 'node:worker_threads'
import { openSql } from '../../db/open-node.ts'
import { serveThread } from '../../platform/node/serve-thread.ts'
import type { ThreadData } from '../calls.ts'
import { nodeCodec } from '../codec/codec-node.ts'
import { openVault } from '../encrypt/vault-node.ts'
import { ChunkStore } from '../read/chunk-store.ts'
import { type SealedRows, sealReads } from '../read/sealed-rows.ts'
import { archiveReader } from './archive-node.ts'

// The thread that hashes rows for the ledger. On Linux a thread has a priority of its own: hashing gives way to everything else.

const { url, archive, dataKeys } = workerData as ThreadData
if (process.platform === 'linux') setPriority(19)
const sql = await openSql(url)
const vault = await openVault(url, dataKeys)
const archives = archiveReader(archive)
// Chunks are hashed one after another, each once: to keep many would only take memory.
const keptChunks = 4
const store = new ChunkStore(sql, { ...nodeCodec, vault }, archives.read, true, keptChunks)
const { hashRows } = sealReads(sql, store)

const calls = {
	hashRows: (rows: SealedRows) => hashRows(rows),
	close: async () => {
		archives.close()
		await vault.close()
		await sql.close()
	},
}
export type HashCalls = typeof calls
serveThread(calls)
