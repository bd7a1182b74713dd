import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { openSql } from '../db/open-node.ts'
import type { Statement } from '../db/sql.ts'
import { archiveReader } from './archive-node.ts'
import { nodeCodec } from './codec-node.ts'
import type { Item } from './deduplicate.ts'
import { LogEngine } from './engine.ts'
import { type Failure, toFailure } from './failure.ts'
import { FileLock } from './file-lock-node.ts'
import { KeyRuns } from './key-runs.ts'

// The thread that owns the writing connection: log commits and every other write of the process, one after another.

export type WriterCall =
	| { call: 'append'; items: Item[] }
	| { call: 'read'; model: string; predictionId: string }
	| { call: 'groups'; model: string; predictionId: string }
	| { call: 'actuals'; model: string; ids: readonly string[] }
	| { call: 'tallyStored'; most: number }
	| { call: 'batch'; statements: Statement[] }
	| { call: 'stats' }
	| { call: 'close' }

const { url, archive } = workerData as { url: string; archive: string }
const port = parentPort as NonNullable<typeof parentPort>
const sql = await openSql(url)
const random = (count: number) => new Uint8Array(randomBytes(count))
const index = new FileLock(`${url.replace(/^file:/, '')}-index`)
const archives = archiveReader(archive)
const engine = await new LogEngine({
	sql,
	codec: nodeCodec,
	random,
	readArchive: archives.read,
	keys: (s) => new KeyRuns(s),
	holdIndex: index.hold,
}).open()

const answer = (message: WriterCall): Promise<unknown> | unknown => {
	switch (message.call) {
		case 'append':
			return engine.append(message.items)
		case 'read':
			return engine.read(message.model, message.predictionId)
		case 'groups':
			return engine.groups(message.model, message.predictionId)
		case 'actuals':
			return engine.actuals(message.model, message.ids)
		case 'tallyStored':
			return engine.backfillSummaries(message.most)
		case 'batch':
			return sql.batch(message.statements)
		case 'stats':
			return engine.stats()
		case 'close':
			archives.close()
			return Promise.all([index.release(), sql.close()]).then(() => undefined)
	}
}

const writes: readonly WriterCall['call'][] = ['append', 'tallyStored', 'batch']
/** The driver waits in this thread: messages that came meanwhile are delivered just after. */
const deliveryMs = 50
let tail: Promise<void> = Promise.resolve()
let locked: { at: number; failure: Failure } | undefined
port.on('message', ({ id, message }: { id: number; message: WriterCall }) => {
	const arrived = performance.now()
	tail = tail.then(async () => {
		const isWrite = writes.includes(message.call)
		try {
			// What came while another process held the database has waited with the call that found it locked.
			if (isWrite && locked && arrived < locked.at + deliveryMs)
				port.postMessage({ id, failure: locked.failure })
			else port.postMessage({ id, value: await answer(message) })
		} catch (error) {
			const failure = toFailure(error)
			if (isWrite && /SQLITE_(BUSY|LOCKED)/.test(failure.message)) locked = { at: performance.now(), failure }
			port.postMessage({ id, failure })
		}
		if (message.call === 'close') port.close()
	})
})
port.postMessage({ ready: true })
