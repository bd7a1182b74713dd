import { Worker } from 'node:worker_threads'
import type { TreeEnsemble } from '../../explain/trees/ensemble.ts'
import type { Explained, Piece, ThreadData } from './explain-thread.ts'

/** Threads that explain rows of one model at the same time. The caller closes it. */
export type ExplainPool = {
	/** The expected margin of each output. */
	base: Float64Array
	/**
	 * Shapley values of encoded rows (row-major, `columns` wide): `outputs * columns` a row, columns of the first output
	 * first. Calls may overlap. Rejects when a thread has ended. Throws RangeError for a part of a row.
	 */
	explain(rows: Float64Array): Promise<Float64Array>
	close(): Promise<void>
}

/** Rows that a thread takes at once, at most: enough that messages cost nothing, few enough that threads end together. */
const rowsOfPiece = 512

/** Memory that all threads read, rather than a copy of the model in each. */
function shared(e: TreeEnsemble): TreeEnsemble {
	const copy = (part: unknown) => {
		if (!ArrayBuffer.isView(part)) return part
		const view = part as Float64Array
		const room = new (view.constructor as Float64ArrayConstructor)(new SharedArrayBuffer(view.byteLength))
		room.set(view)
		return room
	}
	return Object.fromEntries(Object.entries(e).map(([name, part]) => [name, copy(part)])) as TreeEnsemble
}

type Job = { piece: Piece; done: (contributions: Float64Array) => void; failed: (error: Error) => void }
type Thread = { worker: Worker; busy: Map<number, Job> }

/**
 * Starts threads on a model; with a background the values are interventional, else path-dependent. Rejects when a thread
 * cannot start.
 */
export async function openExplainPool(
	ensemble: TreeEnsemble,
	{ threads, background }: { threads: number; background?: readonly Float64Array[] },
): Promise<ExplainPool> {
	const data: ThreadData = { ensemble: shared(ensemble), ...(background ? { background } : {}) }
	const waiting: Job[] = []
	let gone: Error | undefined
	const opened: Thread[] = []
	const fail = (error: Error) => {
		gone ??= error
		for (const job of [...waiting.splice(0), ...opened.flatMap((t) => [...t.busy.values()])]) job.failed(gone)
	}
	// Two pieces a thread: the next one is there when the last one is done.
	const feed = (thread: Thread) => {
		while (thread.busy.size < 2) {
			const job = waiting.shift()
			if (!job) return
			thread.busy.set(job.piece.id, job)
			thread.worker.postMessage(job.piece, [job.piece.rows.buffer])
		}
	}
	const bases = await Promise.all(
		Array.from({ length: Math.max(1, threads) }, () => startThread(data, opened, feed, fail)),
	).catch(async (error) => {
		await Promise.all(opened.map((t) => t.worker.terminate()))
		throw error
	})
	let nextId = 1
	const take = (rows: Float64Array): Promise<Float64Array> =>
		new Promise((done, failed) => {
			if (gone) return failed(gone)
			waiting.push({ piece: { id: nextId++, rows: rows.slice() }, done, failed })
			for (const thread of opened) feed(thread)
		})
	const { columns, outputs } = ensemble
	return {
		base: bases[0] as Float64Array,
		async explain(rows) {
			if (rows.length % columns !== 0)
				throw new RangeError(`${rows.length} values are not rows of ${columns} columns`)
			const out = new Float64Array(rows.length * outputs)
			const each = Math.ceil(rows.length / columns / (2 * opened.length))
			const step = Math.max(1, Math.min(rowsOfPiece, each)) * columns
			const pieces = Array.from({ length: Math.ceil(rows.length / step) }, async (_, i) => {
				out.set(await take(rows.subarray(i * step, (i + 1) * step)), i * step * outputs)
			})
			await Promise.all(pieces)
			return out
		},
		async close() {
			fail(new Error('the pool is closed'))
			await Promise.all(opened.map((t) => t.worker.terminate()))
		},
	}
}

function startThread(
	data: ThreadData,
	opened: Thread[],
	feed: (thread: Thread) => void,
	fail: (error: Error) => void,
): Promise<Float64Array> {
	// The source runs as it stands; the package holds what was emitted from it.
	const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
	const url = new URL(`./explain-thread.${extension}`, import.meta.url)
	const thread: Thread = { worker: new Worker(url, { workerData: data }), busy: new Map() }
	opened.push(thread)
	return new Promise((resolve, reject) => {
		const failed = (error: Error) => {
			fail(error)
			reject(error)
		}
		thread.worker.on('message', (message: { base: Float64Array } | Explained) => {
			if ('base' in message) return resolve(message.base)
			const job = thread.busy.get(message.id)
			thread.busy.delete(message.id)
			feed(thread)
			job?.done(message.contributions)
		})
		thread.worker.on('error', (error) => failed(error as Error))
		thread.worker.on('exit', () => failed(new Error('an explaining thread has ended')))
	})
}
