import { createRequire } from 'node:module'
import type { OnnxRuntime } from '../../explain/onnx/runtime.ts'
import type { OnnxCalls } from './onnx-thread.ts'
import { Thread, threadUrl } from './thread.ts'

/** Enough to load a graph of some hundred megabytes, or to run some ten thousand rows. */
const maxCallMs = 60_000
const maxMegabytes = 1024

/**
 * onnxruntime-node on the CPU, in a thread of its own, without libraries of custom operators. Undefined when it is not
 * installed: it is 288 MB, and only ONNX models need it. `path` names the package where it is installed elsewhere.
 */
export function loadOnnxRuntime(path = 'onnxruntime-node', deadlineMs = maxCallMs): OnnxRuntime | undefined {
	const require = createRequire(import.meta.url)
	let found: string
	try {
		found = require.resolve(path)
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
		throw error
	}
	let thread: Thread<OnnxCalls> | undefined
	let nextSession = 1
	/** The running thread, or a new one: a graph that exceeds its deadline takes its thread with it. */
	const current = (): Thread<OnnxCalls> => {
		if (!thread || thread.isEnded)
			thread = new Thread(threadUrl('onnx-thread', import.meta.url), {
				deadlineMs,
				megabytes: maxMegabytes,
				workerData: { path: found },
			})
		return thread
	}
	return { open: (bytes) => openSession(current, nextSession++, bytes) }
}

async function openSession(
	current: () => Thread<OnnxCalls>,
	session: number,
	bytes: Uint8Array,
): ReturnType<OnnxRuntime['open']> {
	let [running, closing] = [0, false]
	let loaded: { thread: Thread<OnnxCalls>; done: Promise<void> } | undefined
	/** Loads a session again that a cache has closed, or whose thread has ended, when a request still uses it. */
	const load = async (): Promise<Thread<OnnxCalls>> => {
		const thread = current()
		if (loaded?.thread !== thread)
			loaded = { thread, done: thread.call('open', { session, bytes: new Uint8Array(bytes) }) }
		await loaded.done
		return thread
	}
	const free = async () => {
		if (!closing || running > 0 || !loaded) return
		const { thread } = loaded
		loaded = undefined
		if (!thread.isEnded) await thread.call('close', session)
	}
	await load()
	return {
		async run(inputs, output) {
			running++
			try {
				const values = await (await load()).call('run', { session, inputs, output })
				return rowsOf(values, Object.values(inputs)[0]?.rows ?? 0, output)
			} finally {
				running--
				await free()
			}
		},
		async close() {
			closing = true
			await free()
		},
	}
}

function rowsOf(values: Float64Array, rows: number, output: string): Float64Array[] {
	const width = values.length / rows
	if (!Number.isInteger(width))
		throw new Error(`the output ${output} does not have one row for each row of the input`)
	return Array.from({ length: rows }, (_, r) => values.slice(r * width, (r + 1) * width))
}
