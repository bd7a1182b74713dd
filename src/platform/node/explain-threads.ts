import type { TreeEnsemble } from '../../explain/trees/ensemble.ts'
import type { ExplainThreads } from '../../ports/explain-threads.ts'
import { type ExplainPool, openExplainPool } from './explain-pool.ts'

/** A thread that nobody asks anything goes, with the memory of its model. */
const idleMs = 30_000

type Open = { ensemble: TreeEnsemble; pool: ExplainPool }

/** One thread beside the one that answers requests: it holds the model that was explained last. */
export function openExplainThreads(): ExplainThreads {
	let open: Open | undefined
	let idle: NodeJS.Timeout | undefined
	let tail: Promise<unknown> = Promise.resolve()
	const shut = async () => {
		const { pool } = open ?? {}
		open = undefined
		await pool?.close()
	}
	const next = <T>(run: () => Promise<T>): Promise<T> => {
		const result = tail.then(run)
		tail = result.catch(() => undefined)
		return result
	}
	return {
		explain: (ensemble, rows) =>
			next(async () => {
				clearTimeout(idle)
				try {
					if (open?.ensemble !== ensemble) {
						await shut()
						open = { ensemble, pool: await openExplainPool(ensemble, { threads: 1 }) }
					}
					const { pool } = open
					return { base: pool.base, contributions: await pool.explain(rows) }
				} catch (error) {
					// A thread that has ended answers nobody any more.
					await shut()
					throw error
				} finally {
					idle = setTimeout(() => void next(shut), idleMs)
					idle.unref()
				}
			}),
		close: () => {
			clearTimeout(idle)
			return next(shut)
		},
	}
}
