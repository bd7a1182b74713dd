import { describe, expect } from 'vitest'
import { runJobById } from '../../../src/jobs/index.ts'
import { bytesOf, featuresOf, golden, goldenOf } from '../../explain/onnx/golden.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { damagedCopies } from '../../support/flip-bytes.ts'
import { hasPeers, onnxRuntime } from '../../support/peers.ts'
import { type TestServer, testServer } from '../../support/server.ts'

const it = withServer(() => testServer({}, onnxRuntime ? { onnx: () => onnxRuntime } : {}))

async function register(server: TestServer, model: string): Promise<void> {
	await server.post('/v1/models', { model, task: 'binary', positiveLabel: '1', threshold: 0.5 })
	const features = golden.names.map((name: string) => ({ name, type: 'numeric' }))
	await server.post(`/v1/models/${model}/versions`, { version: '1', features })
}
const upload = (server: TestServer, model: string, name: string) =>
	server.fetch(`/v1/models/${model}/versions/1/artifact?format=onnx`, {
		method: 'PUT',
		body: bytesOf(name),
	})

describe.runIf(hasPeers('onnxruntime'))('an ONNX file', () => {
	it('is replayed by its runtime to the bit, also where its graph is not read', async ({ server }) => {
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
	})

	it.for(['forest', 'logistic'])(
		'that is damaged (%s) is opened or refused with the reason',
		async (name, { server }) => {
			await register(server, `damaged-${name}`)
			for (const body of damagedCopies(bytesOf(name), 40)) {
				const path = `/v1/models/damaged-${name}/versions/1/artifact?format=onnx`
				const { status, text } = await server.fetch(path, { method: 'PUT', body })
				expect([200, 201, 400, 409, 413, 422], text).toContain(status)
			}
		},
	)
})
