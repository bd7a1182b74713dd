import type { TreeFormat } from '../explain/formats/read-tree-file.ts'
import type { TreeFile } from '../explain/formats/tree-file.ts'
import type { TreeEnsemble } from '../explain/trees/ensemble.ts'

/** Explains rows away from the thread that answers requests. */
export type ExplainThreads = {
	/** Path-dependent values of encoded rows, row-major, and the expected margins. Calls wait for one another. */
	explain(
		ensemble: TreeEnsemble,
		rows: Float64Array,
	): Promise<{ base: Float64Array; contributions: Float64Array }>
	close(): Promise<void>
}

/**
 * Reads a file of trees away from the thread that answers requests; the bytes stay the caller's. Throws ArtifactError as
 * `readTreeFile` does, and rejects when its thread has ended.
 */
export type TreeReader = (format: TreeFormat, bytes: Uint8Array, rounds?: number) => Promise<TreeFile>
