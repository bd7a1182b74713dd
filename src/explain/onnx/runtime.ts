import type { ElementType } from './read-onnx.ts'

/** An input of many rows: `values` row by row. */
export type OnnxInput = { type: ElementType; rows: number; width: number; values: Float64Array | string[] }

/** A graph that is loaded. `run` answers the named output row by row; it rejects with Error for what cannot be run. */
export type OnnxSession = {
	run(inputs: Readonly<Record<string, OnnxInput>>, output: string): Promise<Float64Array[]>
	close(): Promise<void>
}

/** What runs ONNX graphs. Absent on workers and where onnxruntime-node is not installed. */
export type OnnxRuntime = { open(bytes: Uint8Array): Promise<OnnxSession> }

export const missingRuntime =
	'an ONNX model is run by onnxruntime-node, which is not installed; ' +
	'run `ONNXRUNTIME_NODE_INSTALL=skip npm i onnxruntime-node` beside Plumbline and start it again'

const text = new TextEncoder()

function message(field: number, ...parts: Uint8Array[]): Uint8Array {
	const length = parts.reduce((sum, p) => sum + p.length, 0)
	const head = [field * 8 + 2]
	let left = length
	for (; left > 127; left = Math.floor(left / 128)) head.push((left % 128) + 128)
	head.push(left)
	const all = new Uint8Array(head.length + length)
	all.set(head)
	let at = head.length
	for (const part of parts) {
		all.set(part, at)
		at += part.length
	}
	return all
}

/**
 * The file with one output more: a tensor inside the graph that the runtime's binding could not hand out otherwise (it
 * knows no sequences of maps, which ZipMap makes). Protobuf merges a message that comes twice, so it is appended.
 */
export function withOutput(bytes: Uint8Array, name: string, elementType: 1 | 11): Uint8Array {
	const type = message(2, message(1, Uint8Array.of(8, elementType)))
	const graph = message(7, message(12, message(1, text.encode(name)), type))
	const all = new Uint8Array(bytes.length + graph.length)
	all.set(bytes)
	all.set(graph, bytes.length)
	return all
}
