import { randomBytes } from 'node:crypto'
import { workerData } from 'node:worker_threads'
import { SerialQueue } from '../core/serial-queue.ts'
import { openSql } from '../db/open-node.ts'
import type { Statement } from '../db/sql.ts'
import { serveThread } from '../platform/node/serve-thread.ts'
import type { Functions, ThreadData } from './calls.ts'
import { nodeCodec } from './codec/codec-node.ts'
import { openVault } from './encrypt/vault-node.ts'
import { engineCalls, LogEngine } from './engine.ts'
import { finishScrub, scrubPages } from './erase/scrub-node.ts'
import { FileLock } from './keys/file-lock-node.ts'
import { KeyRuns } from './keys/key-runs.ts'
import { archiveReader } from './maintain/archive-node.ts'

// The thread that owns the writing connection: appends, and every other write of the process, one after another.

const { url, archive, dataKeys } = workerData as ThreadData
const sql = await openSql(url)
const lock = new FileLock(`${url.replace(/^file:/, '')}-index`)
const archives = archiveReader(archive)
const vault = await openVault(url, dataKeys)
const engine = await LogEngine.open({
	sql,
	codec: { ...nodeCodec, vault },
	random: (count) => new Uint8Array(randomBytes(count)),
	readArchive: archives.read,
	runs: { index: new KeyRuns(sql), hold: lock.hold },
})

/** What this thread does for the others. */
const protocol = {
	...engineCalls(engine),
	scrubPages: () => scrubPages(sql),
	finishScrub: () => finishScrub(sql),
	batch: (statements: readonly Statement[]) => sql.batch(statements),
	close: async () => {
		archives.close()
		await Promise.all([lock.release(), sql.close(), vault.close()])
	},
}
export type WriterProtocol = typeof protocol

const writes: readonly string[] = [
	'append',
	'backfillSummaries',
	'batch',
	'eraseInChunk',
	'scrubPages',
	'finishScrub',
] satisfies (keyof WriterProtocol)[]
/** The driver blocks this thread while it waits for a lock: calls that arrived meanwhile are delivered just after. */
const deliveryMs = 50
let locked: { at: number; error: unknown } | undefined

/** A write that arrived while another one waited for another process's lock, in vain, has waited with it and fails too. */
async function write(arrived: number, work: () => unknown): Promise<unknown> {
	if (locked && arrived < locked.at + deliveryMs) throw locked.error
	try {
		return await work()
	} catch (error) {
		if (/SQLITE_(BUSY|LOCKED)/.test(String(error))) locked = { at: performance.now(), error }
		throw error
	}
}

const queue = new SerialQueue()
const inTurn = (name: string, run: Functions[string]) => (args: never[]) => {
	const arrived = performance.now()
	const work = () => run(...args)
	return queue.run(() => (writes.includes(name) ? write(arrived, work) : work()))
}

serveThread({
	names: () => Object.keys(protocol),
	...Object.fromEntries(
		Object.entries(protocol as Functions).map(([name, run]) => [name, inTurn(name, run)]),
	),
})
