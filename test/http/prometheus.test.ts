import { expect } from 'vitest'
import { gauge, histogram, metricsOnly, render } from '../../src/http/prometheus.ts'
import { Traffic } from '../../src/http/traffic.ts'
import { compute } from '../../src/jobs/compute.ts'
import { rollUp } from '../../src/jobs/index.ts'
import { ExportedMetrics } from '../../src/monitoring/windows/exported-points.ts'
import { withServer } from '../support/fixtures.ts'
import { type TestServer, testServer } from '../support/server.ts'

const exported = new ExportedMetrics(['drift.psi', 'performance.roc_auc', 'service.rate'], 100)
const traffic = new Traffic()
const test = withServer(() => testServer({ exported, traffic }))

const rowsOf = (day: string, count: number, shift: number) =>
	Array.from({ length: count }, (_, i) => ({
		predictionId: `${day}-${i}`,
		version: '1',
		timestamp: `${day}T10:00:00Z`,
		features: { income: 1000 + (i % 97) * 10 * shift, age: 20 + (i % 50) },
		score: (i % 100) / 100,
	}))
const outcomesOf = (day: string, count: number) =>
	Array.from({ length: count }, (_, i) => ({
		predictionId: `${day}-${i}`,
		timestamp: `${day}T12:00:00Z`,
		actual: i % 100 > 50 ? 1 : 0,
	}))
const run = async (server: TestServer) => {
	await rollUp.run(server.context)
	await compute.run(server.context)
}
const incident = (id: string, model: string, severity: string, status: string) => ({
	sql: `INSERT INTO incident (id, model, environment, status, severity, title, began, opened_at, channels, revision)
		VALUES (?, ?, 'production', ?, ?, '', 0, 0, '[]', 1)`,
	params: [id, model, status, severity],
})
const features = ['income', 'age'].map((name) => ({ name, type: 'numeric' }))

test.beforeAll(async ({ server }) => {
	for (const model of ['credit', 'motor']) {
		await server.post('/v1/models', { model, task: 'binary', positiveLabel: '1', threshold: 0.5 })
		await server.post(`/v1/models/${model}/versions`, { version: '1', features })
		const baseline = rowsOf('2026-02-01', 500, 1).map(({ features: f, score }) => ({ features: f, score }))
		await server.fetch(`/v1/models/${model}/versions/1/baseline`, { method: 'PUT', json: baseline })
		await server.post(`/v1/models/${model}/predictions`, [
			...rowsOf('2026-02-27', 200, 1),
			...rowsOf('2026-02-28', 200, 3),
			{ predictionId: 'x', version: 'none' },
		])
	}
	await server.post('/v1/models/credit/outcomes', outcomesOf('2026-02-28', 200))
	await run(server)
	await server.context.sql.batch([
		incident('inc_1', 'credit', 'warning', 'open'),
		incident('inc_2', 'credit', 'warning', 'acknowledged'),
		incident('inc_3', 'credit', 'warning', 'resolved'),
		incident('inc_4', 'motor', 'critical', 'open'),
	])
})

const scrape = async (server: TestServer, key?: string) =>
	(await server.fetch('/metrics', key === undefined ? {} : { key })).text
const newest = async (server: TestServer, metric: string, feature?: string) => {
	const query = `metric=${metric}&window=1d${feature ? `&feature=${feature}` : ''}`
	return (await server.fetch(`/v1/models/credit/metrics?${query}`)).body.items.at(-1).value
}

test('counts what is not resolved by model and severity, with zeros', async ({ server }) => {
	const text = await scrape(server)
	expect(text).toContain('plumbline_incidents{model="credit",severity="warning"} 2\n')
	expect(text).toContain('plumbline_incidents{model="motor",severity="critical"} 1\n')
	expect(text).toContain('plumbline_incidents{model="motor",severity="info"} 0\n')
})

test('counts rejected rows for as long as the database lives, and accepted ones of the process', async ({
	server,
}) => {
	const text = await scrape(server)
	expect(text).toContain('plumbline_rejected_rows_total{model="credit",code="unknown-version"} 1\n')
	expect(text).toContain('plumbline_accepted_rows_total{model="credit",kind="prediction"} 400\n')
	expect(text).toContain('plumbline_accepted_rows_total{model="credit",kind="outcome"} 200\n')
	await server.context.sql.batch([{ sql: 'DELETE FROM rejected_row' }])
	await server.post('/v1/models/credit/predictions', [{ predictionId: 'y', version: 'none' }])
	expect(await scrape(server)).toContain(
		'plumbline_rejected_rows_total{model="credit",code="unknown-version"} 2\n',
	)
})

test('shows the newest values of the declared metrics, as the interface answers them', async ({ server }) => {
	const text = await scrape(server)
	const psi = await newest(server, 'drift.psi', 'income')
	expect(psi).toBeGreaterThan(0.2)
	const labels = 'model="credit",environment="production"'
	expect(text).toContain(`plumbline_metric{${labels},metric="drift.psi",feature="income"} ${psi}\n`)
	const auc = await newest(server, 'performance.roc_auc')
	expect(text).toContain(`plumbline_metric{${labels},metric="performance.roc_auc",feature=""} ${auc}\n`)
	const end = Date.parse('2026-03-01T00:00:00Z') / 1000
	expect(text).toContain(
		`plumbline_metric_window_end_timestamp_seconds{${labels},metric="drift.psi"} ${end}\n`,
	)
	expect(text).toContain('plumbline_metric_left_out 0\n')
	expect(text).not.toContain('quality.')
})

test('follows what is computed anew', async ({ server }) => {
	const before = await scrape(server)
	const more = rowsOf('2026-03-01', 200, 5)
	await server.post('/v1/models/credit/predictions', more)
	await run(server)
	const psi = await newest(server, 'drift.psi', 'income')
	const line = `plumbline_metric{model="credit",environment="production",metric="drift.psi",feature="income"} ${psi}\n`
	expect(before).not.toContain(line)
	expect(await scrape(server)).toContain(line)
})

test('names only models in the scope of the key, and none without a key', async ({ server }) => {
	const key = await server.keyOf('viewer', { models: ['mot*'] })
	const text = await scrape(server, key)
	expect(text).toContain('model="motor"')
	expect(text).not.toContain('credit')
	const { status, text: refused } = await server.fetch('/metrics', { key: null })
	expect(status).toBe(401)
	expect(refused).not.toMatch(/credit|motor/)
	const ingest = await server.fetch('/metrics', { key: await server.keyOf('ingest') })
	expect(ingest.status).toBe(403)
})

test('stops at its limit, and says how many series it left out', async ({ server }) => {
	const few = new ExportedMetrics(['drift.*'], 7)
	const { values, leftOut } = await few.read(server.context, () => true)
	expect(values).toHaveLength(7)
	const all = await new ExportedMetrics(['drift.*'], 10_000).read(server.context, () => true)
	expect(leftOut).toBe(all.values.length - 7)
	expect(values).toEqual(all.values.slice(0, 7))
	// Of another part of the models the same holds, although their values were not kept.
	const motor = await few.read(server.context, (model) => model === 'motor')
	expect(motor.values).toEqual(all.values.filter((v) => v.model === 'motor').slice(0, 7))
})

test('names the nearest metric for one that does not exist', () => {
	expect(() => new ExportedMetrics(['drift.pis'], 1)).toThrow(
		'PLUMBLINE_PROMETHEUS_METRICS: There is no metric "drift.pis". Did you mean "drift.psi"?',
	)
})

test('puts latencies into buckets by operation and class of status', async ({ server }) => {
	const text = await scrape(server)
	const of = 'operation="postPredictions",status="2xx"'
	const count = /duration_seconds_count\{operation="postPredictions",status="2xx"\} (\d+)/.exec(text)?.[1]
	expect(Number(count)).toBeGreaterThan(2)
	expect(text).toContain(`plumbline_http_request_duration_seconds_bucket{${of},le="+Inf"} ${count}\n`)
	expect(text).toContain(`plumbline_http_request_duration_seconds_bucket{${of},le="0.005"} `)
})

test('serves metrics alone on a port of their own, without a key', async ({ server }) => {
	const own = metricsOnly({ context: server.context, options: { exported }, traffic })
	const reply = await own(new Request('http://127.0.0.1:1/metrics'))
	expect(reply.status).toBe(200)
	expect(await reply.text()).toContain('plumbline_incidents{model="credit",severity="warning"} 2\n')
	for (const path of ['/', '/v1/models', '/metrics/x', '/healthz'])
		expect((await own(new Request(`http://127.0.0.1:1${path}`))).status).toBe(404)
	expect((await own(new Request('http://127.0.0.1:1/metrics', { method: 'POST' }))).status).toBe(404)
})

test('writes the text format: escaped labels, cumulative buckets, numbers that are not finite', () => {
	const text = render([
		gauge('a', 'An a.', [
			{ labels: { l: 'a"b\\c\nd\0e' }, value: Number.POSITIVE_INFINITY },
			{ value: Number.NaN },
		]),
		histogram('h', 'An h.', [{ labels: { o: 'x' }, bounds: [0.1, 1], counts: [2, 0, 1], sum: 3.5 }]),
		gauge('none', 'Nothing.', []),
	])
	expect(text).toBe(
		`# HELP a An a.
# TYPE a gauge
a{l="a\\"b\\\\c\\nd\ufffde"} +Inf
a NaN
# HELP h An h.
# TYPE h histogram
h_bucket{o="x",le="0.1"} 2
h_bucket{o="x",le="1"} 2
h_bucket{o="x",le="+Inf"} 3
h_sum{o="x"} 3.5
h_count{o="x"} 3
`,
	)
})
