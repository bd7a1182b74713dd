import { workerData } from 'node:worker_threads'
import { explainRows } from '../../explain/shap/explain-rows.ts'
import { planBackground } from '../../explain/shap/interventional.ts'
import { planPaths } from '../../explain/shap/path-dependent.ts'
import type { TreeEnsemble } from '../../explain/trees/ensemble.ts'
import { Moved, serveThread } from './serve-thread.ts'

// A thread explains rows of one model.

export type ThreadData = { ensemble: TreeEnsemble; background?: readonly Float64Array[] }

const { ensemble, background } = workerData as ThreadData
const plan = background ? planBackground(ensemble, background) : planPaths(ensemble)

const calls = {
	base: () => plan.base,
	explain(rows: Float64Array) {
		const contributions = new Float64Array(rows.length * ensemble.outputs)
		explainRows(plan, rows, contributions)
		return new Moved(contributions, [contributions.buffer])
	},
}
export type ExplainCalls = typeof calls
serveThread(calls)
