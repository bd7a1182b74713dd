import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { openSql } from '../db/open-node.ts'
import type { Statement } from '../db/sql.ts'
import { type Failure, type Functions, toFailure } from './calls.ts'
import { nodeCodec } from './codec/codec-node.ts'
import { engineCalls, LogEngine } from './engine.ts'
import { FileLock } from './keys/file-lock-node.ts'
import { KeyRuns } from './keys/key-runs.ts'
import { archiveReader } from './maintain/archive-node.ts'

// The thread that owns the writing connection: appends, and every other write of the process, one after another.

const { url, archive } = workerData as { url: string; archive: string }
const port = parentPort as NonNullable<typeof parentPort>
const sql = await openSql(url)
const lock = new FileLock(`${url.replace(/^file:/, '')}-index`)
const archives = archiveReader(archive)
const engine = await LogEngine.open({
	sql,
	codec: nodeCodec,
	random: (count) => new Uint8Array(randomBytes(count)),
	readArchive: archives.read,
	runs: { index: new KeyRuns(sql), hold: lock.hold },
})

/** What this thread does for the others. */
const protocol = {
	...engineCalls(engine),
	batch: (statements: readonly Statement[]) => sql.batch(statements),
	close: async () => {
		archives.close()
		await Promise.all([lock.release(), sql.close()])
	},
}
export type WriterProtocol = typeof protocol
export type WriterMessage = { id: number; name: keyof WriterProtocol; args: never[] }
export type WriterReply = { id: number; value?: unknown; failure?: Failure } | { names: string[] }

const writes: readonly (keyof WriterProtocol)[] = ['append', 'backfillSummaries', 'batch']
/** The driver blocks this thread while it waits for a lock: messages that arrived meanwhile are delivered just after. */
const deliveryMs = 50
let tail: Promise<void> = Promise.resolve()
let locked: { at: number; failure: Failure } | undefined

const reply = (message: WriterReply) => port.postMessage(message)

port.on('message', ({ id, name, args }: WriterMessage) => {
	const arrived = performance.now()
	tail = tail.then(async () => {
		const isWrite = writes.includes(name)
		try {
			// A write that arrived during the wait for another process's lock has waited with the one that failed, and fails too.
			if (isWrite && locked && arrived < locked.at + deliveryMs) reply({ id, failure: locked.failure })
			else reply({ id, value: await (protocol as Functions)[name]?.(...args) })
		} catch (error) {
			const failure = toFailure(error)
			if (isWrite && /SQLITE_(BUSY|LOCKED)/.test(failure.message)) locked = { at: performance.now(), failure }
			reply({ id, failure })
		}
		if (name === 'close') port.close()
	})
})
reply({ names: Object.keys(protocol) })
