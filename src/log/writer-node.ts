import { Worker } from 'node:worker_threads'
import { threadUrl } from '../platform/node/thread.ts'
import type { AppendItem } from './append/deduplicate.ts'
import { type Calls, callsOf, fromFailure } from './calls.ts'
import type { WriterMessage, WriterProtocol, WriterReply } from './writer-thread-node.ts'

/** Calls into the writing thread. */
export type WriterClient = Calls<WriterProtocol>

/** Starts the writing thread on a libSQL file. Rejects when the file cannot be opened. */
export function startWriter(url: string, archive: string): Promise<WriterClient> {
	const worker = new Worker(threadUrl('writer-thread-node', import.meta.url), {
		workerData: { url, archive },
	})
	const calls = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
	let nextId = 1
	let ended: Error | undefined
	const end = (error: Error) => {
		ended ??= error
		for (const { reject } of calls.values()) reject(error)
		calls.clear()
	}
	const call = (name: WriterMessage['name'], args: never[]) =>
		new Promise<unknown>((resolve, reject) => {
			if (ended) return reject(ended)
			const id = nextId++
			calls.set(id, { resolve, reject })
			const message: WriterMessage = { id, name, args }
			worker.postMessage(message, name === 'append' ? buffersOf(args[0] as unknown as AppendItem[]) : [])
		})
	const close = async () => {
		if (!ended) await call('close', [])
		ended ??= new Error('the log is closed')
		await worker.terminate()
	}
	return new Promise((resolve, reject) => {
		worker.on('message', (reply: WriterReply) => {
			if ('names' in reply)
				return resolve({
					...callsOf<WriterProtocol>(reply.names, (name, args) => call(name as WriterMessage['name'], args)),
					close,
				})
			const pending = calls.get(reply.id)
			calls.delete(reply.id)
			if (reply.failure) pending?.reject(fromFailure(reply.failure))
			else pending?.resolve(reply.value)
		})
		worker.on('error', (error) => {
			end(error as Error)
			reject(error)
		})
		worker.on('exit', () => end(new Error('the writing thread has ended')))
	})
}

/** Every buffer of the items: they are handed over to the writing thread instead of copied. */
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
