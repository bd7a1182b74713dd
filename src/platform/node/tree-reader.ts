import { ArtifactError } from '../../explain/model.ts'
import type { TreeReader } from '../../ports/tree-reader.ts'
import { Thread, ThreadError, threadUrl } from './thread.ts'
import type { TreeRead, TreeReading } from './tree-reader-thread.ts'

/** For half a gigabyte of trees. */
const limits = { deadlineMs: 120_000, megabytes: 4096 }

/** A thread for each file, one at a time: what reading takes goes with it. */
export function openTreeReader(): TreeReader {
	let tail: Promise<unknown> = Promise.resolve()
	return (format, bytes, rounds) => {
		// A copy, since stores and caches may hold the bytes; it is made when its turn comes, and changes hands.
		const result = tail.then(() => readInThread({ format, bytes: new Uint8Array(bytes), rounds }))
		tail = result.catch(() => undefined)
		return result
	}
}

async function readInThread(reading: TreeReading): ReturnType<TreeReader> {
	const thread = new Thread(threadUrl('tree-reader-thread', import.meta.url), limits)
	try {
		const read = await thread.ask<TreeRead>(reading, [reading.bytes.buffer])
		if ('file' in read) return read.file
		throw new ArtifactError(read.refused)
	} catch (cause) {
		if (!(cause instanceof ThreadError)) throw cause
		if (cause.isEnded) throw new Error('the thread that reads a model file has ended', { cause })
		throw new ArtifactError(`The file cannot be read: ${cause.message}. Check that it is whole.`, { cause })
	} finally {
		thread.close()
	}
}
