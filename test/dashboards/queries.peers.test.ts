import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boards } from '../../dashboards/index.ts'
import { dayMs } from '../../src/core/time.ts'
import { hasPeers } from '../support/peers.ts'
import { plumbline, processKey, type Serving, serveProcess } from '../support/process.ts'
import { checkMetrics, type Prometheus, startPrometheus } from '../support/prometheus.ts'

/** Two weeks of a lender whose incomes are in cents since five days, by the real clock as Prometheus has it. */
const today = Math.floor(Date.now() / dayMs)
const dateOf = (daysAgo: number) => new Date((today - daysAgo) * dayMs + dayMs / 2).toISOString()
const rowsOf = (daysAgo: number) =>
	Array.from({ length: 300 }, (_, i) => ({
		predictionId: `${daysAgo}-${i}`,
		version: '1',
		timestamp: dateOf(daysAgo),
		features: { income: (1000 + ((i * 37) % 97) * 10) * (daysAgo <= 5 ? 100 : 1), age: 20 + ((i * 7) % 50) },
		score: ((i * 13) % 100) / 100,
	}))
const days = Array.from({ length: 14 }, (_, i) => 14 - i)

let folder: string
let server: Serving
let prometheus: Prometheus

const call = async (method: string, path: string, body: unknown) => {
	const reply = await fetch(server.url + path, {
		method,
		headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' },
		body: JSON.stringify(body),
	})
	expect(reply.ok, `${path}: ${reply.status}`).toBe(true)
	return reply
}

async function seed(): Promise<void> {
	const features = ['income', 'age'].map((name) => ({ name, type: 'numeric' }))
	await call('POST', '/v1/models', { model: 'credit', task: 'binary', positiveLabel: '1', threshold: 0.5 })
	await call('POST', '/v1/models/credit/versions', { version: '1', features })
	await call('PUT', '/v1/models/credit/deployments/production', { champion: '1' })
	const baseline = rowsOf(15).map(({ features: f, score }) => ({ features: f, score }))
	await call('PUT', '/v1/models/credit/versions/1/baseline', baseline)
	for (const day of days) {
		const rows = rowsOf(day)
		await call('POST', '/v1/models/credit/predictions', [...rows, { predictionId: 'x', version: 'none' }])
		const outcomes = rows.map(({ predictionId, timestamp, score }, i) => {
			const isBad = score > ((i * 7) % 10) / 10
			return { predictionId, timestamp, actual: isBad ? 1 : 0 }
		})
		await call('POST', '/v1/models/credit/outcomes', outcomes)
	}
	const database = { PLUMBLINE_DATABASE_URL: `file:${join(folder, 'plumbline.db')}` }
	expect(await plumbline(['run', 'all'], database)).toMatchObject({ code: 0 })
}

describe.runIf(hasPeers('prometheus'))('with a Prometheus that scrapes a server,', () => {
	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), 'plumbline-boards-'))
		server = await serveProcess(join(folder, 'plumbline.db'), {
			PLUMBLINE_PROMETHEUS_METRICS: 'drift.psi,performance.roc_auc',
			PLUMBLINE_METRICS_PORT: '0',
		})
		await seed()
		const viewer = await call('POST', '/v1/keys', { name: 'prometheus', role: 'viewer' })
		prometheus = await startPrometheus(server.url, ((await viewer.json()) as { secret: string }).secret)
	}, 300_000)
	afterAll(async () => {
		await prometheus?.close()
		await server?.kill('SIGTERM')
		rmSync(folder, { recursive: true, force: true })
	})

	/** As Grafana fills it in. */
	const filled = (text: string) =>
		text
			.replaceAll('$__rate_interval', '1m')
			.replaceAll('$model', 'credit')
			.replaceAll('$environment', 'production')
	const queries = Object.entries(boards).flatMap(([file, { panels = [] }]) =>
		panels.flatMap((panel) =>
			('targets' in panel ? (panel.targets ?? []) : []).map(
				({ expr }) => [file, panel.title ?? '', String(expr)] as const,
			),
		),
	)

	it.each(queries)('%s, %s: has series for %s', async (_file, _title, expr) => {
		const { result } = await prometheus.ask('query', { query: filled(expr) })
		expect(result).not.toEqual([])
	})

	const variables = Object.entries(boards).flatMap(([file, { templating }]) =>
		(templating?.list ?? [])
			.filter((v) => v.type === 'query')
			.map((v) => [file, v.name, (v.query as { query: string }).query] as const),
	)

	it.each(variables)('%s, variable %s: has values for %s', async (_file, name, query) => {
		const [, series = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? []
		const values = await prometheus.ask(`label/${label}/values`, { 'match[]': filled(series) })
		expect(values).toContain(filled(`$${name}`))
	})

	it('all names and types are as promtool wants them', async () => {
		const { text } = await scrape()
		expect(checkMetrics(text)).toBe('')
	})

	it('every series of the exposition arrives', async () => {
		const { text } = await scrape()
		const names = new Set([...text.matchAll(/^# TYPE (\w+) (?:gauge|counter)/gm)].map((m) => m[1]))
		const known = await prometheus.ask('label/__name__/values', {})
		expect([...names].filter((name) => !known.includes(name))).toEqual([])
	})

	const scrape = async () => {
		const headers = { authorization: `Bearer ${processKey}` }
		return { text: await (await fetch(`${server.url}/metrics`, { headers })).text() }
	}
})
