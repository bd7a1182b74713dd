import { parentPort, workerData } from 'node:worker_threads'
import { explainRows } from '../../explain/shap/explain-rows.ts'
import { planBackground } from '../../explain/shap/interventional.ts'
import { planPaths } from '../../explain/shap/path-dependent.ts'
import type { TreeEnsemble } from '../../explain/trees/ensemble.ts'

// A thread that explains rows of one model, piece after piece.

export type ThreadData = { ensemble: TreeEnsemble; background?: readonly Float64Array[] }
export type Piece = { id: number; rows: Float64Array<ArrayBuffer> }
export type Explained = { id: number; contributions: Float64Array<ArrayBuffer> }

const { ensemble: e, background } = workerData as ThreadData
const port = parentPort as NonNullable<typeof parentPort>
const plan = background ? planBackground(e, background) : planPaths(e)

port.on('message', ({ id, rows }: Piece) => {
	const contributions = new Float64Array(rows.length * e.outputs)
	explainRows(plan, rows, contributions)
	port.postMessage({ id, contributions } satisfies Explained, [contributions.buffer])
})
port.postMessage({ base: plan.base })
