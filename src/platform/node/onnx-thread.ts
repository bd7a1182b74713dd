import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { OnnxInput } from '../../explain/onnx/runtime.ts'

// The thread that runs ONNX models. onnxruntime works in the calling thread, so a slow graph would hold up everything else.

export type OnnxQuestion =
	| { kind: 'open'; session: number; bytes: Uint8Array<ArrayBuffer> }
	| { kind: 'run'; session: number; inputs: Readonly<Record<string, OnnxInput>>; output: string }
	| { kind: 'close'; session: number }
/** `values` row by row. */
export type OnnxReply = { done: true } | { values: Float64Array<ArrayBuffer> } | { refused: string }

type Data = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | string[]
type Tensor = { type: string; data: Data; dims: readonly number[] }
type Session = {
	run(feeds: Record<string, Tensor>, fetches: readonly string[]): Promise<Record<string, Tensor>>
	release(): Promise<void>
}
/** The part of onnxruntime-node that we use; the package is optional, so its own types may not be there. */
type Ort = {
	InferenceSession: { create(bytes: Uint8Array, options: Record<string, unknown>): Promise<Session> }
	Tensor: new (type: string, data: Data, dims: readonly number[]) => Tensor
}

const sessionOptions = {
	executionProviders: ['cpu'],
	intraOpNumThreads: 1,
	interOpNumThreads: 1,
	executionMode: 'sequential',
	// Its log goes to the process's own output; what fails is thrown as well.
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

async function run(
	session: number,
	inputs: Readonly<Record<string, OnnxInput>>,
	output: string,
): Promise<Float64Array<ArrayBuffer>> {
	const feeds = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, toTensor(input)]))
	const answer = (await (sessions.get(session) as Session).run(feeds, [output]))[output]
	if (!answer || answer.type === 'string') throw new Error(`the output ${output} holds no numbers`)
	return Float64Array.from(answer.data as ArrayLike<number | bigint>, Number)
}

async function replyTo(question: OnnxQuestion): Promise<OnnxReply> {
	try {
		const { kind, session } = question
		if (kind === 'run') return { values: await run(session, question.inputs, question.output) }
		if (kind === 'open')
			sessions.set(session, await ort.InferenceSession.create(question.bytes, sessionOptions))
		else {
			await sessions.get(session)?.release()
			sessions.delete(session)
		}
		return { done: true }
	} catch (error) {
		return { refused: error instanceof Error ? error.message : String(error) }
	}
}

const port = parentPort as NonNullable<typeof parentPort>
port.on('message', (question: OnnxQuestion) => {
	void replyTo(question).then((reply) =>
		port.postMessage(reply, 'values' in reply ? [reply.values.buffer] : []),
	)
})
