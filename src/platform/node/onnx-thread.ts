import { createRequire } from 'node:module'
import { workerData } from 'node:worker_threads'
import type { OnnxInput } from '../../explain/onnx/runtime.ts'
import { Moved, serveThread } from './serve-thread.ts'

// onnxruntime works in the calling thread, so a slow graph would hold up everything else.

type Data = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | string[]
type Tensor = { type: string; data: Data; dims: readonly number[] }
type Session = {
	run(feeds: Record<string, Tensor>, fetches: readonly string[]): Promise<Record<string, Tensor>>
	release(): Promise<void>
}
/** The part of onnxruntime-node that is used here. The package is optional, so its own types may be absent. */
type Ort = {
	InferenceSession: { create(bytes: Uint8Array, options: Record<string, unknown>): Promise<Session> }
	Tensor: new (type: string, data: Data, dims: readonly number[]) => Tensor
}

const sessionOptions = {
	executionProviders: ['cpu'],
	intraOpNumThreads: 1,
	interOpNumThreads: 1,
	executionMode: 'sequential',
	// Only fatal errors: its log goes to the process's output, and failures are thrown as well.
	logSeverityLevel: 4,
}

const { path } = workerData as { path: string }
const ort = createRequire(import.meta.url)(path) as Ort
const sessions = new Map<number, Session>()

function toTensor({ type, rows, width, values }: OnnxInput): Tensor {
	const { Tensor } = ort
	const dims = [rows, width]
	const plain = values as Float64Array
	if (type === 'string') return new Tensor('string', values as string[], dims)
	if (type === 'double') return new Tensor('float64', plain, dims)
	if (type === 'int64')
		return new Tensor(
			'int64',
			BigInt64Array.from(plain, (v) => BigInt(v)),
			dims,
		)
	if (type === 'int32') return new Tensor('int32', Int32Array.from(plain), dims)
	if (type === 'bool') return new Tensor('bool', Uint8Array.from(plain), dims)
	return new Tensor('float32', Float32Array.from(plain), dims)
}

type Run = { session: number; inputs: Readonly<Record<string, OnnxInput>>; output: string }

const calls = {
	async open({ session, bytes }: { session: number; bytes: Uint8Array }): Promise<void> {
		sessions.set(session, await ort.InferenceSession.create(bytes, sessionOptions))
	},
	/** The output's values, row by row. */
	async run({ session, inputs, output }: Run) {
		const feeds = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, toTensor(input)]))
		const tensor = (await (sessions.get(session) as Session).run(feeds, [output]))[output]
		if (!tensor || tensor.type === 'string') throw new Error(`the output ${output} holds no numbers`)
		const values = Float64Array.from(tensor.data as ArrayLike<number | bigint>, Number)
		return new Moved(values, [values.buffer])
	},
	async close(session: number): Promise<void> {
		await sessions.get(session)?.release()
		sessions.delete(session)
	},
}
export type OnnxCalls = typeof calls
serveThread(calls)
