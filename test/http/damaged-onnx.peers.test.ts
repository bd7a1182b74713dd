import { describe, expect } from 'vitest'
import { bytesOf, golden } from '../explain/onnx/golden.ts'
import { withServer } from '../support/fixtures.ts'
import { damagedCopies } from '../support/flip-bytes.ts'
import { hasPeers, onnxRuntime, openOnnxRuntime } from '../support/peers.ts'
import { testServer } from '../support/server.ts'

const it = withServer(() => testServer({}, onnxRuntime ? { onnx: () => onnxRuntime } : {}))
it.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'm', task: 'binary' })
	const features = golden.names.map((name: string) => ({ name, type: 'numeric' }))
	await server.post('/v1/models/m/versions', { version: '1', features })
})

describe.runIf(hasPeers('onnxruntime'))('a graph of somebody else', () => {
	it.for(['forest', 'logistic', 'network'])(
		'a damaged ONNX file (%s) is opened or refused with the reason',
		{ timeout: 120_000 },
		async (name, { server }) => {
			for (const body of damagedCopies(bytesOf(name), 40)) {
				const path = '/v1/models/m/versions/1/artifact?format=onnx'
				const { status, text } = await server.fetch(path, { method: 'PUT', body })
				expect([200, 201, 400, 409, 413, 422], text).toContain(status)
			}
		},
	)

	it('a graph that is not done in time is refused, and the next one is loaded by another thread', async () => {
		const runtime = openOnnxRuntime(1)
		await expect(runtime?.open(bytesOf('forest'))).rejects.toThrow('it was not done after')
		const patient = openOnnxRuntime()
		await expect(patient?.open(bytesOf('forest'))).resolves.toBeDefined()
	})
})
