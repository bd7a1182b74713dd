import { Worker } from 'node:worker_threads'
import type { TreeFile } from '../../explain/formats/tree-file.ts'
import { ArtifactError } from '../../explain/model.ts'
import type { TreeReader } from './tree-reader.ts'
import type { TreeRead, TreeReading } from './tree-reader-thread-node.ts'

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

function readInThread(workerData: TreeReading): Promise<TreeFile> {
	// The source runs as it stands; the package holds what was emitted from it.
	const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
	const url = new URL(`./tree-reader-thread-node.${extension}`, import.meta.url)
	const worker = new Worker(url, { workerData, transferList: [workerData.bytes.buffer] })
	return new Promise((resolve, reject) => {
		worker.on('message', (read: TreeRead) => {
			if ('file' in read) resolve(read.file)
			else reject(new ArtifactError(read.refused))
		})
		worker.on('error', reject)
		worker.on('exit', () => reject(new Error('the thread that reads a model file has ended')))
	})
}
