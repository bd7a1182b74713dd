import { readTreeFile, type TreeFormat } from '../../explain/formats/read-tree-file.ts'
import type { TreeFile } from '../../explain/formats/tree-file.ts'
import { Moved, serveThread } from './serve-thread.ts'

/** The memory of the trees moves: it is as large as the file. */
const memoryOf = ({ ensemble }: TreeFile) =>
	Object.values(ensemble).flatMap((part) => (ArrayBuffer.isView(part) ? [part.buffer] : []))

const calls = {
	read({ format, bytes, rounds }: { format: TreeFormat; bytes: Uint8Array; rounds: number | undefined }) {
		const file = readTreeFile(format, bytes, rounds)
		return new Moved(file, memoryOf(file))
	},
}
export type TreeReaderCalls = typeof calls
serveThread(calls)
