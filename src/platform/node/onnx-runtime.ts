import { createRequire } from 'node:module'
import type { OnnxRuntime } from '../../explain/onnx/runtime.ts'
import type { OnnxQuestion, OnnxReply } from './onnx-thread.ts'
import { Thread, threadUrl } from './thread.ts'

/** For loading a graph of some hundred megabytes, or some ten thousand rows; what takes longer is refused. */
const patienceMs = 60_000
const maxMegabytes = 1024

/**
 * onnxruntime-node on the CPU, in a thread of its own, without libraries of custom operators. Undefined when it is not
 * installed: it is 288 MB, and only ONNX models need it. `path` names the package where it is not beside us.
 */
export function loadOnnxRuntime(path = 'onnxruntime-node', deadlineMs = patienceMs): OnnxRuntime | undefined {
	const require = createRequire(import.meta.url)
	let found: string
	try {
		found = require.resolve(path)
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
		throw error
	}
	let thread: Thread | undefined
	let nextSession = 1
	/** The thread that is there, or another one: a graph that did not come to an end took the last one with it. */
	const current = (): Thread => {
		if (!thread || thread.isEnded)
			thread = new Thread(
				threadUrl('onnx-thread', import.meta.url),
				{ deadlineMs, megabytes: maxMegabytes },
				{ path: found },
			)
		return thread
	}
	return { open: (bytes) => openSession(current, nextSession++, bytes) }
}

async function ask(thread: Thread, question: OnnxQuestion): Promise<OnnxReply> {
	const reply = await thread.ask<OnnxReply>(question)
	if ('refused' in reply) throw new Error(reply.refused)
	return reply
}

async function openSession(
	current: () => Thread,
	session: number,
	bytes: Uint8Array,
): ReturnType<OnnxRuntime['open']> {
	let [running, closing] = [0, false]
	let loaded: { thread: Thread; done: Promise<unknown> } | undefined
	/** A session that a cache has dropped, or whose thread has ended, is loaded again when a request still has it. */
	const load = async (): Promise<Thread> => {
		const thread = current()
		if (loaded?.thread !== thread)
			loaded = {
				thread,
				done: ask(thread, { kind: 'open', session, bytes: new Uint8Array(bytes) }),
			}
		await loaded.done
		return thread
	}
	const free = async () => {
		if (!closing || running > 0 || !loaded) return
		const { thread } = loaded
		loaded = undefined
		if (!thread.isEnded) await ask(thread, { kind: 'close', session })
	}
	await load()
	return {
		async run(inputs, output) {
			running++
			try {
				const reply = await ask(await load(), { kind: 'run', session, inputs, output })
				return rowsOf(reply, Object.values(inputs)[0]?.rows ?? 0, output)
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

function rowsOf(reply: OnnxReply, rows: number, output: string): Float64Array[] {
	const { values } = reply as { values: Float64Array }
	const width = values.length / rows
	if (!Number.isInteger(width))
		throw new Error(`the output ${output} has not a row for each row of the input`)
	return Array.from({ length: rows }, (_, r) => values.slice(r * width, (r + 1) * width))
}
