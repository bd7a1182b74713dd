import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { formatTime, hourMs } from '../../src/core/time.ts'
import { openEvents } from '../support/event-stream.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

export type Target = {
	url: string
	/** An admin key. */
	key: string
	/** Does everything that is due. */
	runJobs(): Promise<void>
}

const model = 'smoke'
const hours = 72
const rowsPerHour = 40

type Json = Record<string, unknown>

/** Made-up but steady: every runtime gets the same rows. Each hour has all regions alike, so that part of a day is no drift. */
const row = (n: number, timestamp: number, incomeFactor: number) => ({
	predictionId: `p${n}`,
	version: '1',
	timestamp: formatTime(timestamp),
	features: {
		income: (2000 + ((n * 7919) % 3000)) * incomeFactor,
		region: ['north', 'south', 'east'][Math.floor(n / hours) % 3],
	},
	score: ((n * 104_729) % 1000) / 1000,
	latencyMs: 5 + (n % 20),
})

const ndjson = (rows: readonly unknown[]) => rows.map((r) => `${JSON.stringify(r)}\n`).join('')

function client({ url, key }: Target) {
	return async (method: string, path: string, body?: unknown): Promise<Json> => {
		const type = typeof body === 'string' ? 'application/x-ndjson' : 'application/json'
		const headers = {
			authorization: `Bearer ${key}`,
			...(body === undefined ? {} : { 'content-type': type }),
		}
		const sent = typeof body === 'string' ? body : JSON.stringify(body)
		const response = await fetch(`${url}${path}`, {
			method,
			headers,
			...(body === undefined ? {} : { body: sent }),
		})
		const text = await response.text()
		expect(response.status, `${method} ${path}: ${text.slice(0, 500)}`).toBeLessThan(300)
		return JSON.parse(text)
	}
}

const swapped = 'swapped'
const linear = { format: 'linear-json', link: 'logit', intercept: 0, coefficients: { x: 1 } }

/** A model whose file is uploaded, and predictions of another one. */
async function logSwapped(call: ReturnType<typeof client>): Promise<void> {
	await call('POST', '/v1/models', { model: swapped, task: 'binary', positiveLabel: '1', threshold: 0.5 })
	const features = [{ name: 'x', type: 'numeric' }]
	await call('POST', `/v1/models/${swapped}/versions`, { version: '1', features })
	const path = `/v1/models/${swapped}/versions/1/artifact`
	expect(await call('PUT', path, linear)).toMatchObject({ format: 'linear-json', features: ['x'] })
	const at = formatTime(Date.now() - hourMs)
	const rows = Array.from({ length: 40 }, (_, n) => {
		const x = n / 10 + 0.05
		const score = 1 / (1 + Math.exp(n < 10 ? -x : x))
		return { predictionId: `s${n}`, version: '1', timestamp: at, features: { x }, score }
	})
	await call('POST', `/v1/models/${swapped}/predictions`, rows)
}

async function expectMismatch(call: ReturnType<typeof client>): Promise<void> {
	expect(await call('GET', `/v1/models/${swapped}/replays`)).toMatchObject({
		items: [{ sampled: 40, matched: 10, mismatched: 30, unavailable: 0 }],
	})
	const { items } = (await call('GET', `/v1/incidents?model=${swapped}`)) as { items: Json[] }
	const alerts = items.flatMap((i) => i.alerts as { rule: string }[])
	expect(alerts.map((a) => a.rule)).toContain('replay-mismatch')
}

/** A serving process follows its deployment: by waiting, and as a stream of events. */
async function expectFollowed({ url, key }: Target, call: ReturnType<typeof client>): Promise<void> {
	await call('POST', '/v1/models', { model: 'followed', task: 'binary' })
	for (const version of ['1', '2'])
		await call('POST', '/v1/models/followed/versions', { version, features: [] })
	const path = '/v1/models/followed/deployments/production'
	await call('PUT', path, { champion: '1' })
	const headers = { authorization: `Bearer ${key}` }
	const etag = (await fetch(url + path, { headers })).headers.get('etag') as string
	const wait = (time: string) =>
		fetch(`${url}${path}?wait=${time}`, { headers: { ...headers, 'if-none-match': etag } })
	expect((await wait('1s')).status).toBe(304)
	const stream = await openEvents(url + path, headers)
	expect(await stream.next()).toMatchObject({ event: 'deployment', id: '1', data: { champion: '1' } })
	const waiting = wait('60s')
	await call('PUT', path, { champion: '2' })
	expect(await (await waiting).json()).toMatchObject({ revision: 2, champion: '2' })
	expect(await stream.next()).toMatchObject({ event: 'deployment', id: '2', data: { champion: '2' } })
	stream.close()
	const later = await openEvents(url + path, { ...headers, 'last-event-id': '1' })
	expect(await later.next()).toMatchObject({ id: '2' })
	later.close()
}

/**
 * The main job on any runtime: a model, its baseline, three days in which one feature's unit has changed, and then
 * the metrics, the incident and the records that follow from it.
 */
export async function smoke(target: Target): Promise<void> {
	const call = client(target)
	expect(await call('GET', '/')).toMatchObject({ name: 'plumbline', version, status: 'ok' })
	await call('POST', '/v1/models', { model, task: 'binary', positiveLabel: '1', threshold: 0.5 })
	const features = [
		{ name: 'income', type: 'numeric' },
		{ name: 'region', type: 'categorical' },
	]
	await call('POST', `/v1/models/${model}/versions`, { version: '1', features })
	const end = Math.floor(Date.now() / hourMs) * hourMs
	const old = end - 30 * 24 * hourMs
	const baseline = Array.from({ length: 2000 }, (_, n) => row(100_000 + n, old, 1))
	expect(await call('PUT', `/v1/models/${model}/versions/1/baseline`, ndjson(baseline))).toMatchObject({
		rows: 2000,
	})
	await call('PUT', `/v1/models/${model}/deployments/production`, { champion: '1' })

	const total = hours * rowsPerHour
	const rows = Array.from({ length: total }, (_, n) => row(n, end - ((n % hours) + 0.5) * hourMs, 3))
	for (let from = 0; from < total; from += 720) {
		const answer = await call('POST', `/v1/models/${model}/predictions`, ndjson(rows.slice(from, from + 720)))
		expect(answer).toMatchObject({ accepted: 720, duplicates: 0, rejected: [] })
	}
	expect(await call('POST', `/v1/models/${model}/predictions`, [rows[0], { version: '1' }])).toMatchObject({
		accepted: 0,
		duplicates: 1,
		rejected: [{ index: 1, code: 'invalid' }],
	})
	await expectFollowed(target, call)
	await logSwapped(call)
	await target.runJobs()
	await expectMismatch(call)

	const metrics = await call('GET', `/v1/models/${model}/metrics?metric=drift.psi&window=1d&limit=500`)
	const psi = (feature: string) =>
		(metrics.items as { subject: { feature?: string }; value: number | null }[])
			.filter((a) => a.subject.feature === feature)
			.map((a) => a.value ?? 0)
	expect(Math.max(...psi('income'))).toBeGreaterThan(1)
	expect(Math.max(...psi('region'))).toBeLessThan(0.1)

	const { items } = (await call('GET', `/v1/incidents?model=${model}`)) as { items: { id: string }[] }
	expect(items).toHaveLength(1)
	const incident = await call('GET', `/v1/incidents/${items[0]?.id}`)
	expect(incident).toMatchObject({ model, environment: 'production', status: 'open' })
	const subjects = (incident.alerts as { subject: { feature?: string } }[]).map((a) => a.subject.feature)
	expect(subjects).toContain('income')
	expect(subjects).not.toContain('region')

	expect(await call('GET', `/v1/models/${model}/predictions/p7`)).toMatchObject({
		features: rows[7]?.features,
	})
	const { items: entries } = (await call('GET', '/v1/audit/entries?limit=100')) as { items: Json[] }
	expect(entries.length).toBeGreaterThan(3)
}
