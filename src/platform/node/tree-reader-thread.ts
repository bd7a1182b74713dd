import { parentPort } from 'node:worker_threads'
import { readTreeFile, type TreeFormat } from '../../explain/formats/read-tree-file.ts'
import type { TreeFile } from '../../explain/formats/tree-file.ts'
import { ArtifactError } from '../../explain/model.ts'

// A thread that reads one file of trees.

export type TreeReading = { format: TreeFormat; bytes: Uint8Array<ArrayBuffer>; rounds: number | undefined }
export type TreeRead = { file: TreeFile } | { refused: string }

/** The memory of the trees changes hands: as large as the file, it is not copied. */
const memoryOf = ({ ensemble }: TreeFile): ArrayBuffer[] =>
	Object.values(ensemble).flatMap((part) => (ArrayBuffer.isView(part) ? [part.buffer as ArrayBuffer] : []))

const port = parentPort as NonNullable<typeof parentPort>
port.on('message', ({ format, bytes, rounds }: TreeReading) => {
	try {
		const file = readTreeFile(format, bytes, rounds)
		port.postMessage({ file } satisfies TreeRead, memoryOf(file))
	} catch (error) {
		// An error that is sent as it is loses its class.
		if (!(error instanceof ArtifactError)) throw error
		port.postMessage({ refused: error.message } satisfies TreeRead)
	}
})
