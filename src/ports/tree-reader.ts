import type { TreeFormat } from '../explain/formats/read-tree-file.ts'
import type { TreeFile } from '../explain/formats/tree-file.ts'

/**
 * Reads a file of trees away from the thread that answers requests; the bytes stay the caller's. Throws ArtifactError as
 * `readTreeFile` does, and rejects when its thread has ended.
 */
export type TreeReader = (format: TreeFormat, bytes: Uint8Array, rounds?: number) => Promise<TreeFile>
