import type { TreeFormat } from '../explain/formats/read-tree-file.ts'
import type { TreeFile } from '../explain/formats/tree-file.ts'
import type { TreeEnsemble } from '../explain/trees/ensemble.ts'

/** Explains rows in another thread than the one that serves requests. */
export type ExplainThreads = {
	/** Path-dependent values of encoded rows, row-major, and the expected margins. Calls run one after another. */
	explain(
		ensemble: TreeEnsemble,
		rows: Float64Array,
	): Promise<{ base: Float64Array; contributions: Float64Array }>
	close(): Promise<void>
}

/**
 * Reads a file of trees in another thread than the one that serves requests; the caller keeps the bytes. Throws ArtifactError
 * as `readTreeFile` does, and Error when the thread has ended.
 */
export type TreeReader = (format: TreeFormat, bytes: Uint8Array, rounds?: number) => Promise<TreeFile>
