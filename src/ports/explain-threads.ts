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
