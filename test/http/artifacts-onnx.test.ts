import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runJobById } from '../../src/jobs/index.ts'
import { bytesOf, featuresOf, golden, goldenOf } from '../explain/onnx/golden.ts'
import { startOfTest } from '../support/context.ts'
import { noOnnxRuntime, onnxRuntime } from '../support/onnx-runtime.ts'
import { testServer } from '../support/server.ts'

let server: Awaited<ReturnType<typeof testServer>>
let bare: typeof server
beforeAll(async () => {
	server = await testServer({}, { onnx: () => onnxRuntime })
	bare = await testServer()
})
afterAll(async () => {
	await server.close()
	await bare.close()
})

async function register(of: typeof server, model: string): Promise<void> {
	await of.post('/v1/models', { model, task: 'binary', positiveLabel: '1', threshold: 0.5 })
	const features = golden.names.map((name: string) => ({ name, type: 'numeric' }))
	await of.post(`/v1/models/${model}/versions`, { version: '1', features })
}
const upload = (of: typeof server, model: string, name: string) =>
	of.fetch(`/v1/models/${model}/versions/1/artifact?format=onnx`, {
		method: 'PUT',
		body: bytesOf(name) as Uint8Array<ArrayBuffer>,
	})

describe('an ONNX file', () => {
	it('is refused where there is nothing to run it, with the way out', async () => {
		await register(bare, 'forest')
		const { status, body } = await upload(bare, 'forest', 'forest')
		expect([status, body.detail]).toEqual([422, expect.stringContaining('onnxruntime-node')])
	})

	it.runIf(onnxRuntime !== undefined || process.env.CI)(
		'is replayed by its runtime to the bit, also where its graph is not read',
		async () => {
			expect(onnxRuntime, noOnnxRuntime).toBeDefined()
			for (const name of ['forest', 'logistic', 'network']) {
				await register(server, name)
				const uploaded = await upload(server, name, name)
				expect(uploaded).toMatchObject({ status: 201, body: { format: 'onnx', outputs: 1 } })
				expect(uploaded.body.warnings.join()).toMatch(name === 'network' ? /can only be estimated/ : /^$/)
				const { rows, runtime } = goldenOf(name)
				const sent = rows.slice(0, 30).map((row, i) => ({
					predictionId: `p${i}`,
					version: '1',
					timestamp: new Date(startOfTest).toISOString(),
					features: featuresOf(row),
					score: runtime[i]?.at(-1),
				}))
				const { body } = await server.post(`/v1/models/${name}/predictions`, sent)
				expect(body).toMatchObject({ accepted: sent.length, rejected: [] })
			}
			expect(await runJobById(server.context, 'replay', 'test')).toMatchObject({ status: 'ok' })
			for (const name of ['forest', 'logistic', 'network'])
				expect((await server.fetch(`/v1/models/${name}/replays`)).body.items, name).toMatchObject([
					{ status: 'matched', mismatched: 0, unavailable: 0 },
				])
		},
	)
})
