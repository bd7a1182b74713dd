import type { ElementType } from './read-onnx.ts'

/** An input of many rows: `values` row by row. */
export type OnnxInput = { type: ElementType; rows: number; width: number; values: Float64Array | string[] }

/** A loaded graph. `run` returns the named output row by row; it rejects when the graph cannot be run. */
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
 * The file with another output: a tensor in the graph that the runtime's binding cannot return otherwise, since it does not
 * support the sequences of maps that ZipMap makes. Protobuf merges repeated messages, so the output is appended.
 */
export function withOutput(bytes: Uint8Array, name: string, elementType: 1 | 11): Uint8Array {
	const type = message(2, message(1, Uint8Array.of(8, elementType)))
	const graph = message(7, message(12, message(1, text.encode(name)), type))
	const all = new Uint8Array(bytes.length + graph.length)
	all.set(bytes)
	all.set(graph, bytes.length)
	return all
}
