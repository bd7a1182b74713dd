import { SerialQueue } from '../../core/serial-queue.ts'
import { ArtifactError } from '../../explain/model.ts'
import type { TreeReader } from '../../ports/threads.ts'
import { Thread, ThreadError, threadUrl } from './thread.ts'
import type { TreeReaderCalls } from './tree-reader-thread.ts'

/** For half a gigabyte of trees. */
const limits = { deadlineMs: 120_000, megabytes: 4096 }

/** One file at a time, each in a thread of its own, so that its memory is freed with the thread. */
export function openTreeReader(): TreeReader {
	const queue = new SerialQueue()
	return (format, bytes, rounds) =>
		queue.run(async () => {
			const thread = new Thread<TreeReaderCalls>(threadUrl('tree-reader-thread', import.meta.url), limits)
			// A copy moves to the thread: stores and caches may hold the caller's bytes.
			const copy = new Uint8Array(bytes)
			try {
				return await thread.call('read', { format, bytes: copy, rounds }, [copy.buffer])
			} catch (cause) {
				if (!(cause instanceof ThreadError)) throw cause
				if (cause.thrown === 'ArtifactError') throw new ArtifactError(cause.message)
				if (cause.isEnded) throw new Error('the thread that reads a model file has ended', { cause })
				throw new ArtifactError(`The file cannot be read: ${cause.message}. Check that it is whole.`, {
					cause,
				})
			} finally {
				void thread.close()
			}
		})
}
