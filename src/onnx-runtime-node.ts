import { createRequire } from 'node:module'
import type { OnnxInput, OnnxRuntime } from './explain/onnx/runtime.ts'

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

function toTensor({ Tensor }: Ort, { type, rows, width, values }: OnnxInput): Tensor {
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

/**
 * onnxruntime-node on the CPU, one thread a session, without libraries of custom operators. Undefined when it is not
 * installed: it is 288 MB, and only ONNX models need it. `path` names the package where it is not beside us.
 */
export function loadOnnxRuntime(path = 'onnxruntime-node'): OnnxRuntime | undefined {
	const require = createRequire(import.meta.url)
	let ort: Ort
	try {
		ort = require(path) as Ort
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
		throw error
	}
	return {
		async open(bytes) {
			const create = () => ort.InferenceSession.create(bytes, sessionOptions)
			let session: Promise<Session> | undefined = create()
			let [running, closing] = [0, false]
			// A session that a cache has dropped may still be asked by a request that had it: it is loaded again, then freed.
			const free = async () => {
				if (!closing || running > 0 || !session) return
				const freed = session
				session = undefined
				await (await freed).release()
			}
			await session
			return {
				async run(inputs, output) {
					session ??= create()
					running++
					try {
						return await answerOf(ort, await session, inputs, output)
					} finally {
						running--
						await free()
					}
				},
				async close() {
					closing = true
					await free()
				},
			}
		},
	}
}

const sessionOptions = {
	executionProviders: ['cpu'],
	intraOpNumThreads: 1,
	interOpNumThreads: 1,
	executionMode: 'sequential',
	// Its log goes to the process's own output; what fails is thrown as well.
	logSeverityLevel: 4,
}

async function answerOf(
	ort: Ort,
	session: Session,
	inputs: Readonly<Record<string, OnnxInput>>,
	output: string,
): Promise<Float64Array[]> {
	const feeds = Object.fromEntries(
		Object.entries(inputs).map(([name, input]) => [name, toTensor(ort, input)]),
	)
	const rows = Object.values(inputs)[0]?.rows ?? 0
	const answer = (await session.run(feeds, [output]))[output]
	if (!answer || answer.type === 'string') throw new Error(`the output ${output} holds no numbers`)
	const width = answer.data.length / rows
	if (!Number.isInteger(width))
		throw new Error(`the output ${output} has not a row for each row of the input`)
	const values = answer.data as ArrayLike<number | bigint>
	return Array.from({ length: rows }, (_, r) =>
		Float64Array.from({ length: width }, (_, k) => Number(values[r * width + k])),
	)
}
