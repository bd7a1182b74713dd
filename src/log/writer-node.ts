import { Thread, threadUrl } from '../platform/node/thread.ts'
import type { AppendItem } from './append/deduplicate.ts'
import { type Calls, callsOf } from './calls.ts'
import type { AppendStatus } from './prediction-log.ts'
import type { WriterProtocol } from './writer-thread-node.ts'

/** Calls into the writing thread. */
export type WriterClient = Calls<WriterProtocol>

/** Starts the writing thread on a libSQL file. Rejects when the file cannot be opened. */
export async function startWriter(url: string, archive: string): Promise<WriterClient> {
	const thread = new Thread<Record<string, (args: readonly unknown[]) => unknown>>(
		threadUrl('writer-thread-node', import.meta.url),
		{ workerData: { url, archive }, atOnce: Number.POSITIVE_INFINITY },
	)
	const names = (await thread.call('names', [])) as string[]
	return {
		...callsOf<WriterProtocol>(names, (name, args) => thread.call(name, args)),
		append: (items) => thread.call('append', [items], buffersOf(items)) as Promise<AppendStatus[]>,
		close: async () => {
			if (!thread.isEnded) await thread.call('close', [])
			await thread.close()
		},
	}
}

/** Every buffer of the items: they move to the writing thread instead of being copied. */
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
