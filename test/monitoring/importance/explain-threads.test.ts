import { afterAll, expect } from 'vitest'
import { modelBytes, modelRows } from '../../../bench/explain-model.ts'
import { dayMs, formatTime } from '../../../src/core/time.ts'
import { openModel } from '../../../src/explain/open-model.ts'
import { openExplainThreads } from '../../../src/platform/node/explain-pool.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { type Json, testServer } from '../../support/server.ts'

const columns = 5
const bytes = modelBytes(100, 8, columns)
const names = Array.from({ length: columns }, (_, i) => `feature_${i}`)
const rows = modelRows(60, columns)
const rowOf = (r: number) => rows.subarray(r * columns, (r + 1) * columns)

const threads = openExplainThreads()
const it = withServer(() => testServer({}, { threads }))
it.beforeAll(async ({ server }) => {
	await server.post('/v1/models', { model: 'large', task: 'binary', positiveLabel: '1' })
	const features = names.map((name) => ({ name, type: 'numeric' }))
	await server.post('/v1/models/large/versions', { version: '1', features })
	await server.fetch('/v1/models/large/versions/1/artifact', {
		method: 'PUT',
		body: bytes as Uint8Array<ArrayBuffer>,
		headers: { 'content-type': 'application/octet-stream' },
	})
	await server.post(
		'/v1/models/large/predictions',
		Array.from({ length: 60 }, (_, r) => ({
			predictionId: `p${r}`,
			version: '1',
			timestamp: formatTime(startOfTest - dayMs + r),
			features: Object.fromEntries(names.map((name, i) => [name, rowOf(r)[i]])),
		})),
	)
})
afterAll(() => threads.close())

it('explains rows of a large model in a thread, to the same numbers', async ({ server }) => {
	const model = openModel('xgboost-json', bytes)
	const all = Array.from({ length: 60 }, (_, r) => model.explain(rowOf(r)).contributions[0] as Float64Array)
	const { body } = await server.fetch('/v1/models/large/importance?version=1')
	expect(body).toMatchObject({ method: 'tree-shap/path-dependent', rows: 60, sampled: 60, explained: 60 })
	names.forEach((feature, i) => {
		const mean = all.reduce((sum, c) => sum + Math.abs(c[i] as number) / 60, 0)
		expect(body.features.find((f: Json) => f.feature === feature).meanAbsolute).toBeCloseTo(mean, 12)
	})
})

it('starts again after its thread has ended', async ({ server }) => {
	await threads.close()
	const { status } = await server.fetch('/v1/models/large/importance?version=1')
	expect(status).toBe(200)
})
