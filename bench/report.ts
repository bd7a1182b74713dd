import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import type { Context } from '../src/context.ts'
import { seeded } from '../src/core/random.ts'
import { dayMs, hourMs, windowStart } from '../src/core/time.ts'
import { compute } from '../src/jobs/compute.ts'
import { decodeOutcomes, decodeResult, encodeOutcomes, encodeResult } from '../src/metrics/result-encoding.ts'
import { startServer as startHere } from '../src/node.ts'
import { benchKey, json, prepare, pump, type Server, startServer } from './ingest.ts'
import type { Measurement } from './table.ts'

const model = 'monitored'
const days = 30
const dayRows = 1000
/** Each row counts as so many, which makes ten million predictions. */
const times = 334
const maxSeconds = 10

const numeric = Array.from({ length: 25 }, (_, f) => `feature_${f}`)
const period = {
	to: windowStart('1d', Date.now() - hourMs),
	from: windowStart('1d', Date.now() - hourMs) - days * dayMs,
}

function rowsOfDay(day: number, random: () => number) {
	const pick = (...values: string[]) => values[Math.floor(random() * values.length)]
	return Array.from({ length: dayRows }, (_, i) => ({
		predictionId: `p${day}-${i}`,
		version: '1',
		timestamp: new Date(period.from + day * dayMs + Math.floor((i * dayMs) / dayRows)).toISOString(),
		features: {
			...Object.fromEntries(numeric.map((name) => [name, random() * 100])),
			sex: pick('f', 'm'),
			race: pick('a', 'b', 'c', 'd', 'e'),
		},
		segment: { branch: pick('n', 'e', 's', 'w') },
		score: random(),
	}))
}

/** A month of a model with outcomes, drift, fairness and segments, over HTTP. */
async function postMonth(url: string): Promise<void> {
	const random = seeded(5)
	const of = `${url}/v1/models/${model}`
	const actual = (score: number) => (random() < score ? 1 : 0)
	await json(`${url}/v1/models`, 'POST', {
		...{ model, task: 'binary', positiveLabel: '1', favourable: '0', threshold: 0.5, owner: 'team' },
		...{ riskTier: 'high', sensitive: ['sex', 'race'], segments: ['branch'] },
	})
	const features = [
		...numeric.map((name) => ({ name, type: 'numeric' })),
		...['sex', 'race'].map((name) => ({ name, type: 'categorical' })),
	]
	await json(`${of}/versions`, 'POST', { version: '1', features })
	const baseline = rowsOfDay(0, random).map(({ features, score }) => ({
		features,
		score,
		actual: actual(score),
	}))
	await json(`${of}/versions/1/baseline`, 'PUT', baseline)
	await json(`${of}/deployments/production`, 'PUT', { champion: '1' })
	for (let day = 0; day < days; day++) {
		const rows = rowsOfDay(day, random)
		await json(`${of}/predictions`, 'POST', rows)
		const timestamp = new Date().toISOString()
		const outcomes = rows.map(({ predictionId, score }) => ({
			predictionId,
			actual: actual(score),
			timestamp,
		}))
		await json(`${of}/outcomes`, 'POST', outcomes)
	}
}

type Stored = { series: number; hours: number; from_ms: number; revision: number; bytes: Uint8Array }

async function rewrite(
	{ sql }: Context,
	table: string,
	change: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
	const rows = await sql.all<Stored>({ sql: `SELECT series, hours, from_ms, revision, bytes FROM ${table}` })
	await sql.batch(
		rows.map(({ series, hours, from_ms, revision, bytes }) => ({
			sql: `UPDATE ${table} SET bytes = ? WHERE series = ? AND hours = ? AND from_ms = ? AND revision = ?`,
			params: [change(bytes), series, hours, from_ms, revision],
		})),
	)
}

function moreRows(bytes: Uint8Array): Uint8Array {
	const result = decodeResult(bytes)
	for (const column of result.columns) column.groups = column.groups.map((n) => n * times)
	return encodeResult({ ...result, rows: result.rows * times })
}

function moreOutcomes(bytes: Uint8Array): Uint8Array {
	const result = decodeOutcomes(bytes)
	for (const { groups } of result.attributes.values())
		for (const [value, counts] of groups)
			groups.set(value, counts.map((n: number) => n * times) as typeof counts)
	for (const band of result.scores?.bands ?? [])
		for (const name of ['rows', 'labelled', 'positives', 'scoreSum'] as const) band[name] *= times
	return encodeOutcomes({
		...result,
		predictions: result.predictions * times,
		labelled: result.labelled * times,
	})
}

/** A database with the month computed, and each of its windows as if it had had more rows. */
async function makeMonth(url: string): Promise<void> {
	const config = readConfig({
		PLUMBLINE_DATABASE_URL: url,
		PLUMBLINE_ADMIN_KEY: benchKey,
		PLUMBLINE_PORT: '0',
	})
	const server = await startHere(config, { logger: { info() {}, warn() {}, error: console.error } })
	try {
		await postMonth(server.url)
		await compute.run(server.context)
		await rewrite(server.context, 'metric_record', moreRows)
		await rewrite(server.context, 'outcome_record', moreOutcomes)
	} finally {
		await server.close()
	}
}

/** Seconds from asking for the report to its answer, once it is rendered in all forms and stored. */
async function makeReport({ url }: Server): Promise<number> {
	const began = performance.now()
	const input = {
		...{ template: 'model-monitoring', model },
		period: { from: new Date(period.from).toISOString(), to: new Date(period.to).toISOString() },
	}
	const { id } = (await json(`${url}/v1/reports`, 'POST', input)) as { id: string }
	const seconds = (performance.now() - began) / 1000
	const { rows } = (await json(`${url}/v1/reports/${id}.json`, 'GET', undefined)) as {
		rows: { included: number }
	}
	if (rows.included < 10_000_000) throw new Error(`the report is of ${rows.included} predictions`)
	return seconds
}

/** Measures a monthly report over ten million predictions: the first after a start, another one, and one that seals `backlog` rows. */
export async function benchReport(backlog: number): Promise<Measurement[]> {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'))
	const url = `file:${join(folder, 'report.db')}`
	await makeMonth(url)
	const server = await startServer({ PLUMBLINE_DATABASE_URL: url })
	try {
		const first = await makeReport(server)
		await prepare(server)
		const next = await makeReport(server)
		await pump(server, backlog, [])
		const sealing = await makeReport(server)
		const of = 'monthly report of 10M predictions in all forms'
		const row = (name: string, value: number): Measurement => ({
			...{ name, value, unit: 's', target: `< ${maxSeconds}`, ok: value < maxSeconds },
		})
		return [
			row(`${of}, the first after a start`, first),
			row('the next one, with a newer cut', next),
			{ name: `with ${backlog / 1e6}M rows to be sealed first`, value: sealing, unit: 's' },
		]
	} finally {
		await server.close()
		await rm(folder, { recursive: true, force: true })
	}
}
