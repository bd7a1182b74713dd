import { describe, expect } from 'vitest'
import { formatTime } from '../../../src/core/time.ts'
import { Chance } from '../../../src/demo/random.ts'
import { attribute } from '../../../src/jobs/attribute.ts'
import { compute } from '../../../src/jobs/compute.ts'
import { rollUp } from '../../../src/jobs/index.ts'
import { bytesOf, golden } from '../../explain/onnx/golden.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { hasPeers, onnxRuntime } from '../../support/peers.ts'
import { type TestServer, testServer } from '../../support/server.ts'

const it = withServer(() => testServer({}, onnxRuntime ? { onnx: () => onnxRuntime } : {}))

describe.runIf(hasPeers('onnxruntime'))('importance of an ONNX model', () => {
	const model = '/v1/models/forest'
	it.beforeAll(async ({ server }) => {
		await server.post('/v1/models', { model: 'forest', task: 'binary', positiveLabel: '1', threshold: 0.5 })
		const features = golden.names.map((name) => ({ name, type: 'numeric' }))
		await server.post(`${model}/versions`, { version: '1', features })
		const { status } = await server.fetch(`${model}/versions/1/artifact`, {
			method: 'PUT',
			body: bytesOf('forest'),
			headers: { 'content-type': 'application/octet-stream' },
		})
		expect(status).toBe(201)
	})

	const log = (server: TestServer, name: string, rows: number) => {
		const chance = new Chance(rows)
		const sent = Array.from({ length: rows }, (_, i) => ({
			predictionId: `${name}-${i}`,
			version: '1',
			timestamp: formatTime(startOfTest - 7_200_000 + i),
			score: 0.5,
			features: Object.fromEntries(golden.names.map((feature) => [feature, 4 * chance.uniform() - 2])),
		}))
		return server.post(`${model}/predictions`, sent)
	}

	it('says what is missing before there are rows to compare with', async ({ server }) => {
		await log(server, 'early', 10)
		const { status, body } = await server.fetch(`${model}/importance?version=1`)
		expect(status).toBe(409)
		expect(body.detail).toContain('takes 30 rows to compare with, of a baseline or logged')
		await rollUp.run(server.context)
		await compute.run(server.context)
		const run = await attribute.run(server.context)
		expect(run).toMatchObject({ failed: [], waiting: { 'forest@1 production': expect.any(String) } })
	})

	it('compares with the first rows of the version, since its file holds no expectations', async ({
		server,
	}) => {
		await log(server, 'later', 60)
		const { status, body } = await server.fetch(`${model}/importance?version=1`)
		expect({ status, explained: body.explained }).toEqual({ status: 200, explained: 70 })
		expect(body.method).toBe('tree-shap/interventional')
		expect(body.features[0].meanAbsolute).toBeGreaterThan(0)
		await rollUp.run(server.context)
		await compute.run(server.context)
		const run = await attribute.run(server.context)
		expect(run).toMatchObject({ failed: [], waiting: {} })
		expect(run).toHaveProperty('hours', 1)
	})
})
