import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect } from 'vitest'
import { minuteMs } from '../../../src/core/time.ts'
import { connectIntegrations } from '../../../src/integrations/index.ts'
import type { RunEvent } from '../../../src/integrations/openlineage/run-event.ts'
import { deliver } from '../../../src/jobs/deliver.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import type { TestServer } from '../../support/server.ts'

type Received = { path: string; authorization: string | undefined; event: RunEvent }

const it = withServerPerTest()
let catalogue: Server
let received: Received[]
/** Status codes of the next answers; then 201. */
let planned: number[]

it.beforeEach(async ({ server }) => {
	received = []
	planned = []
	catalogue = createServer(async (request, response) => {
		const chunks: Buffer[] = []
		for await (const chunk of request) chunks.push(chunk as Buffer)
		const status = planned.shift() ?? 201
		if (status < 300)
			received.push({
				path: request.url ?? '',
				authorization: request.headers.authorization,
				event: JSON.parse(Buffer.concat(chunks).toString()),
			})
		response.writeHead(status, status === 429 ? { 'retry-after': '30' } : {}).end('{}')
	})
	await new Promise<void>((resolve) => catalogue.listen(0, '127.0.0.1', resolve))
	connectIntegrations(server.context, {
		PLUMBLINE_OPENLINEAGE_URL: `http://127.0.0.1:${(catalogue.address() as AddressInfo).port}`,
		PLUMBLINE_OPENLINEAGE_API_KEY: 'catalogue-key',
	})
	await server.post('/v1/models', { model: 'credit', task: 'binary' })
})
afterEach(() => new Promise((resolve) => catalogue.close(resolve)))

const register = (server: TestServer, version = '7') =>
	server.post('/v1/models/credit/versions', {
		version,
		features: [{ name: 'income', type: 'numeric' }],
		artifact: { sha256: 'a'.repeat(64), format: 'xgboost-json' },
		lineage: { run: 'mlflow:4f1c', dataset: 's3://data/credit/train.parquet@sha256:dd', commit: '9fceb02' },
	})
const run = (server: TestServer) => deliver.run(server.context)
const told = () => received.map(({ event }) => `${event.job.name} ${event.eventType}`)

describe('OpenLineage events', () => {
	it('report a version, a baseline and a deployment, each with its start and its completion', async ({
		server,
	}) => {
		await register(server)
		await server.fetch('/v1/models/credit/versions/7/baseline', {
			method: 'PUT',
			json: [1, 2].map((income) => ({ features: { income } })),
		})
		await server.fetch('/v1/models/credit/deployments/production', { method: 'PUT', json: { champion: '7' } })
		expect(await run(server)).toMatchObject({ delivered: 6, failed: [], remaining: 0 })
		expect(told().sort()).toEqual([
			'credit.baseline COMPLETE',
			'credit.baseline START',
			'credit.deploy.production COMPLETE',
			'credit.deploy.production START',
			'credit.train COMPLETE',
			'credit.train START',
		])
		const find = (name: string) =>
			received.find((r) => r.event.job.name === name && r.event.eventType === 'COMPLETE')
		const trained = find('credit.train') as Received
		expect([trained.path, trained.authorization]).toEqual(['/api/v1/lineage', 'Bearer catalogue-key'])
		expect(trained.event).toMatchObject({
			eventTime: '2026-03-02T00:00:00.000Z',
			schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
			inputs: [
				{
					namespace: 's3://data',
					name: 'credit/train.parquet',
					facets: { version: { datasetVersion: 'sha256:dd' } },
				},
			],
			outputs: [{ namespace: 'plumbline', name: 'credit@7', facets: { version: { datasetVersion: '7' } } }],
		})
		// The graph of data sets goes on: what was trained is what is deployed.
		expect(find('credit.deploy.production')?.event.inputs[0]?.name).toBe('credit@7')
		const runs = new Map(received.map(({ event }) => [event.job.name, event.run.runId]))
		expect(new Set(received.map(({ event }) => event.run.runId)).size).toBe(3)
		for (const id of runs.values())
			expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
	})

	it('are sent once: not again for the same content, nor by a second process', async ({ server }) => {
		await register(server)
		await register(server)
		await Promise.all([run(server), run(server), run(server)])
		await run(server)
		expect(told()).toEqual(['credit.train START', 'credit.train COMPLETE'])
	})

	it('wait while the catalogue is unreachable, all of them and in their order', async ({ server }) => {
		await register(server, '7')
		await register(server, '8')
		planned = [503]
		expect(await run(server)).toMatchObject({ delivered: 0, failed: ['lineage of credit'] })
		// One that is away is not asked for every message.
		expect([planned, received]).toEqual([[], []])
		for (let i = 0; i < 3; i++) {
			server.clock.advance(minuteMs)
			await run(server)
		}
		const ends = received.map(({ event }) => [event.outputs[0]?.name ?? '', event.eventType].join(' '))
		expect(ends.sort()).toEqual([' START', ' START', 'credit@7 COMPLETE', 'credit@8 COMPLETE'])
		for (const id of new Set(received.map((r) => r.event.run.runId))) {
			const events = received.filter((r) => r.event.run.runId === id)
			expect(events.map((r) => r.event.eventType)).toEqual(['START', 'COMPLETE'])
		}
	})

	it('are retried for a long time before one is given up', async ({ server }) => {
		await register(server)
		planned = Array.from({ length: 60 }, () => 502)
		for (let i = 0; i < 60; i++) {
			server.clock.advance(16 * minuteMs)
			await run(server)
		}
		server.clock.advance(16 * minuteMs)
		await run(server)
		expect(told()).toEqual(['credit.train START', 'credit.train COMPLETE'])
	})

	it('wait as long as the catalogue requires', async ({ server }) => {
		await register(server)
		planned = [429]
		await run(server)
		server.clock.advance(20_000)
		await run(server)
		expect(told()).toEqual([])
		server.clock.advance(11_000)
		await run(server)
		expect(told()).toEqual(['credit.train START', 'credit.train COMPLETE'])
	})

	it('continue with the others when one is refused permanently', async ({ server }) => {
		await register(server, '7')
		await register(server, '8')
		planned = [422]
		await run(server)
		expect(told().filter((t) => t.endsWith('COMPLETE'))).toHaveLength(2)
	})

	it('delay no incident, however many wait', async ({ server }) => {
		const { sql } = server.context
		await sql.batch([
			{
				sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
					INSERT INTO outbox (key, kind, payload, created_at, not_before, attempts)
					SELECT 'k' || i, 'lineage', '{"type":"START","fact":"version","model":"credit","version":"' || i || '"}', 0, 0, 0 FROM n`,
			},
			{
				sql: `INSERT INTO outbox (key, kind, payload, created_at, not_before, attempts)
					VALUES ('x', 'incident', '{"incidentId":"inc_gone"}', 0, 0, 0)`,
			},
		])
		expect((await run(server)).failed[0]).toBe('inc_gone')
	})

	it('are not kept where no catalogue is connected', async ({ server }) => {
		delete server.context.lineageSink
		await register(server)
		expect(await server.context.sql.values({ sql: 'SELECT * FROM outbox' })).toEqual([])
	})
})
