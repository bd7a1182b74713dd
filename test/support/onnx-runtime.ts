import { fileURLToPath } from 'node:url'
import { loadOnnxRuntime } from '../../src/onnx-runtime-node.ts'

// .ci/run installs it there: it is an optional peer, too large to be everyone's dependency.
const cached = fileURLToPath(
	new URL('../../node_modules/.cache/onnx/node_modules/onnxruntime-node', import.meta.url),
)

/** The real runtime: installed, in the cache, or where PLUMBLINE_ONNXRUNTIME says. */
export const onnxRuntime =
	loadOnnxRuntime(process.env.PLUMBLINE_ONNXRUNTIME ?? 'onnxruntime-node') ?? loadOnnxRuntime(cached)

/** Why tests of ONNX models do not run here, when they do not. */
export const noOnnxRuntime =
	'onnxruntime-node is not installed; put it into a folder of its own and name that in PLUMBLINE_ONNXRUNTIME'
