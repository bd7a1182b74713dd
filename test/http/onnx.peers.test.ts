import { createHash } from 'node:crypto'
import { describe, expect } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { openOnnx } from '../../src/explain/onnx/open-onnx.ts'
import { bytesOf, featuresOf, goldenOf } from '../explain/onnx/golden.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import { hasPeers, onnxRuntime } from '../support/peers.ts'
import { type Json, type TestServer, testServer } from '../support/server.ts'

const isRunnable = hasPeers('onnxruntime')

const it = withServer(() => testServer({}, { onnx: () => onnxRuntime }))
it.beforeAll(async ({ server }) => {
	if (!isRunnable) return
	server.clock.now = startOfTest + dayMs
})
it.afterAll(({ server }) => isRunnable && server.close())

/** Registers a golden model, logs all of its rows with the scores that the runtime gives, and answers those. */
async function serve(server: TestServer, name: string): Promise<number[]> {
	const { rows, background } = goldenOf(name)
	const features = [...rows, ...background].map(featuresOf)
	const names = Object.keys(features[0] ?? {})
	const bytes = bytesOf(name)
	const sha256 = createHash('sha256').update(bytes).digest('hex')
	await server.post('/v1/models', {
		model: name,
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
		owner: 'risk',
	})
	const specs = names.map((feature) => ({
		name: feature,
		type: feature === 'region' ? 'categorical' : 'numeric',
	}))
	const version = { version: '1', features: specs, artifact: { sha256, format: 'onnx' } }
	expect((await server.post(`/v1/models/${name}/versions`, version)).status).toBe(201)
	const put = await server.fetch(`/v1/models/${name}/versions/1/artifact`, {
		method: 'PUT',
		body: bytes,
		headers: { 'content-type': 'application/octet-stream' },
	})
	expect(put.status, put.text).toBe(201)
	const model = await openOnnx(bytes, { features: names.map((n) => ({ name: n })) }, onnxRuntime)
	const scores = (await model.scores(features.map((f) => model.encode(f).x))).map((s) => s[0] as number)
	const sent = features.map((row, i) => ({
		predictionId: `p${i}`,
		version: '1',
		timestamp: new Date(startOfTest - dayMs + i * 60_000).toISOString(),
		features: row,
		score: scores[i],
	}))
	expect((await server.post(`/v1/models/${name}/predictions`, sent)).body).toMatchObject({
		accepted: sent.length,
		rejected: [],
	})
	return scores
}

const explain = async (server: TestServer, name: string, id: string): Promise<Json> =>
	(await server.fetch(`/v1/models/${name}/predictions/${id}/explanation`)).body

const sumOf = (answer: Json): number =>
	answer.contributions.reduce((sum: number, c: Json) => sum + c.contribution, answer.base)

describe.runIf(isRunnable)('the explanation of a prediction of an ONNX model', () => {
	it.for([
		['forest', 'tree-shap/interventional', 'probability'],
		['hist', 'tree-shap/interventional', 'log-odds'],
		['columns', 'linear-shap', 'log-odds'],
	] as const)('%s is exact, and its replay matches to the bit', async ([name, method, space], { server }) => {
		const scores = await serve(server, name)
		const answer = await explain(server, name, 'p3')
		expect(answer.replay).toEqual({ status: 'matched', logged: scores[3], replayed: scores[3], reason: null })
		expect(answer).toMatchObject({ method, space, explanation: { status: 'exact' } })
		expect(Math.abs(sumOf(answer) - answer.margin)).toBeLessThan(1e-5)
	})

	it('of a network is labelled by its method, and adds up to the score', async ({ server }) => {
		const scores = await serve(server, 'network')
		const answer = await explain(server, 'network', 'p3')
		expect(answer.replay).toMatchObject({ status: 'matched', reason: null })
		expect(answer).toMatchObject({ method: 'exact/kernel-shap', space: 'probability' })
		expect(Math.abs(sumOf(answer) - (scores[3] as number))).toBeLessThan(1e-9)
	})
})
