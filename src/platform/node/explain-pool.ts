import { SerialQueue } from '../../core/serial-queue.ts'
import type { TreeEnsemble } from '../../explain/trees/ensemble.ts'
import type { ExplainThreads } from '../../ports/threads.ts'
import type { ExplainCalls, ThreadData } from './explain-thread.ts'
import { places, Thread, threadUrl } from './thread.ts'

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

/** Rows per call of a thread: enough that messages cost nothing, few enough that threads end together. */
const maxRowsPerCall = 512
/** The next call waits in the thread when the last one ends. */
const callsPerThread = 2

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

/**
 * Starts threads on a model; with a background the values are interventional, else path-dependent. Rejects when a thread
 * cannot start.
 */
export async function openExplainPool(
	ensemble: TreeEnsemble,
	{ threads: count, background }: { threads: number; background?: readonly Float64Array[] },
): Promise<ExplainPool> {
	const { columns, outputs } = ensemble
	const workerData: ThreadData = { ensemble: shared(ensemble), ...(background ? { background } : {}) }
	const threads = Array.from(
		{ length: Math.max(1, count) },
		() =>
			new Thread<ExplainCalls>(threadUrl('explain-thread', import.meta.url), {
				workerData,
				atOnce: callsPerThread,
			}),
	)
	const close = async () => {
		await Promise.all(threads.map((thread) => thread.close()))
	}
	const bases = await Promise.all(threads.map((thread) => thread.call('base', undefined))).catch(
		async (error) => {
			await close()
			throw error
		},
	)
	const place = places(callsPerThread * threads.length)
	/** In the thread with the fewest calls; in one that has ended, if any has, where the call is rejected. */
	const explainPart = async (rows: Float64Array<ArrayBuffer>): Promise<Float64Array> => {
		const release = await place()
		try {
			const free = threads.reduce((a, b) => (b.isEnded || b.running < a.running ? b : a))
			return await free.call('explain', rows, [rows.buffer])
		} finally {
			release()
		}
	}
	return {
		base: bases[0] as Float64Array,
		async explain(rows) {
			if (rows.length % columns !== 0)
				throw new RangeError(`${rows.length} values are not rows of ${columns} columns`)
			const out = new Float64Array(rows.length * outputs)
			const each = Math.ceil(rows.length / columns / (callsPerThread * threads.length))
			const step = Math.max(1, Math.min(maxRowsPerCall, each)) * columns
			const parts = Array.from({ length: Math.ceil(rows.length / step) }, async (_, i) => {
				out.set(await explainPart(rows.slice(i * step, (i + 1) * step)), i * step * outputs)
			})
			await Promise.all(parts)
			return out
		},
		close,
	}
}

/** An unused thread is closed after this time, with the memory of its model. */
const idleMs = 30_000

/** One thread beside the one that answers requests. It holds the model that was explained last. */
export function openExplainThreads(): ExplainThreads {
	const queue = new SerialQueue()
	let open: { ensemble: TreeEnsemble; pool: ExplainPool } | undefined
	let idle: NodeJS.Timeout | undefined
	const shut = async () => {
		const { pool } = open ?? {}
		open = undefined
		await pool?.close()
	}
	return {
		explain: (ensemble, rows) =>
			queue.run(async () => {
				clearTimeout(idle)
				try {
					if (open?.ensemble !== ensemble) {
						await shut()
						open = { ensemble, pool: await openExplainPool(ensemble, { threads: 1 }) }
					}
					const { pool } = open
					return { base: pool.base, contributions: await pool.explain(rows) }
				} catch (error) {
					// A thread that has ended answers no more calls.
					await shut()
					throw error
				} finally {
					idle = setTimeout(() => void queue.run(shut), idleMs)
					idle.unref()
				}
			}),
		close: () => {
			clearTimeout(idle)
			return queue.run(shut)
		},
	}
}
