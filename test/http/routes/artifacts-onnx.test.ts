import { expect, it } from 'vitest'
import { bytesOf, golden } from '../../explain/onnx/golden.ts'
import { testServer } from '../../support/server.ts'

it('an ONNX file is refused, with a hint, where nothing can run it', async () => {
	const server = await testServer()
	await server.post('/v1/models', { model: 'forest', task: 'binary', positiveLabel: '1', threshold: 0.5 })
	await server.post('/v1/models/forest/versions', {
		version: '1',
		features: golden.names.map((name) => ({ name, type: 'numeric' })),
	})
	const { status, body } = await server.fetch('/v1/models/forest/versions/1/artifact?format=onnx', {
		method: 'PUT',
		body: bytesOf('forest'),
	})
	expect([status, body.detail]).toEqual([422, expect.stringContaining('onnxruntime-node')])
	await server.close()
})
