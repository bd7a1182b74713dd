import { Worker } from 'node:worker_threads'
import { type Failure, fromFailure } from './failure.ts'
import type { WriterCall } from './writer-thread-node.ts'

type Answer = { ready?: true; id?: number; value?: unknown; failure?: Failure }

/** Calls into the writing thread. `transfer` hands buffers over instead of copying them. */
export type WriterClient = {
	call<T>(message: WriterCall, transfer?: ArrayBuffer[]): Promise<T>
	close(): Promise<void>
}

/** Starts the writing thread on a libSQL file. Rejects when the file cannot be opened. */
export function startWriter(url: string, archive: string): Promise<WriterClient> {
	// The source runs as it stands; the package holds what was emitted from it.
	const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
	const worker = new Worker(new URL(`./writer-thread-node.${extension}`, import.meta.url), {
		workerData: { url, archive },
	})
	const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
	let nextId = 1
	let gone: Error | undefined
	const fail = (error: Error) => {
		gone ??= error
		for (const { reject } of waiting.values()) reject(error)
		waiting.clear()
	}
	const client: WriterClient = {
		call: (message, transfer) =>
			new Promise((resolve, reject) => {
				if (gone) return reject(gone)
				const id = nextId++
				waiting.set(id, { resolve, reject })
				worker.postMessage({ id, message }, transfer)
			}),
		close: async () => {
			if (!gone) await client.call({ call: 'close' })
			gone ??= new Error('the log is closed')
			await worker.terminate()
		},
	}
	return new Promise((resolve, reject) => {
		worker.on('message', (answer: Answer) => {
			if (answer.ready) return resolve(client)
			const call = waiting.get(answer.id as number)
			waiting.delete(answer.id as number)
			if (answer.failure) call?.reject(fromFailure(answer.failure))
			else call?.resolve(answer.value as never)
		})
		worker.on('error', (error) => {
			fail(error as Error)
			reject(error)
		})
		worker.on('exit', () => fail(new Error('the writing thread has ended')))
	})
}
