import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dayMs, windowStart } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { baselineCsv, creditRows, days, healthyDays, trafficCsv } from '../support/credit-data.ts'
import { hasPeers } from '../support/peers.ts'
import { plumbline, processKey, type Serving, serveProcess } from '../support/process.ts'

const seed = 11
const until = windowStart('1d', Date.now())
let folder: string
let data: ReturnType<typeof creditRows>

beforeAll(async () => {
	if (!hasPeers('credit')) return
	folder = await mkdtemp(join(tmpdir(), 'plumbline-credit-'))
	data = creditRows(seed)
	await writeFile(join(folder, 'train.csv'), baselineCsv(data))
	await writeFile(join(folder, 'traffic.csv'), trafficCsv(data, until, seed))
	await writeFile(join(folder, 'resent.csv'), trafficCsv(data, until, seed))
	const features = data.names.map((name) => ({ name, type: 'numeric' }))
	const model = {
		model: 'credit',
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
		tags: ['credit'],
		versions: [{ version: '1', features }],
		deployments: { production: { champion: '1' } },
	}
	await writeFile(join(folder, 'models.yaml'), JSON.stringify({ models: [model] }))
})
afterAll(() => hasPeers('credit') && rm(folder, { recursive: true, force: true }))

const envOf = (server: Serving, database: string) => ({
	PLUMBLINE_URL: server.url,
	PLUMBLINE_KEY: processKey,
	PLUMBLINE_DATABASE_URL: `file:${join(folder, database)}`,
})

async function prepare(server: Serving, database: string): Promise<void> {
	const env = envOf(server, database)
	for (const args of [
		['models', 'apply', join(folder, 'models.yaml')],
		['baseline', 'credit@1', '--from', join(folder, 'train.csv')],
	]) {
		const result = await plumbline(args, env)
		expect([result.code, result.err]).toEqual([0, ''])
	}
}

const get = async (server: Serving, path: string) =>
	(await fetch(server.url + path, { headers: { authorization: `Bearer ${processKey}` } })).json()

/** Every stored statistic, as one text without the times of computing. */
async function statistics(server: Serving): Promise<string> {
	const items: unknown[] = []
	let next: string | null = null
	do {
		const page = await get(
			server,
			`/v1/models/credit/metrics?limit=1000&window=1d${next === null ? '' : `&cursor=${next}`}`,
		)
		items.push(
			...page.items.map(({ computedAt: _, supersedes: __, ...rest }: Record<string, unknown>) => rest),
		)
		next = page.next
	} while (next !== null)
	// What a resumed send repeats is counted as a duplicate; all else must be equal to the last bit.
	return JSON.stringify(items.filter((i) => (i as { metric: string }).metric !== 'quality.duplicates'))
}

type Alert = { subject: { feature?: string }; window: { from: string } }
let undisturbed: string

describe.runIf(hasPeers('credit'))('thirty thousand real applicants', () => {
	it('raise incidents on exactly what was broken, when it was broken', async () => {
		const server = await serveProcess(join(folder, 'calm.db'))
		try {
			await prepare(server, 'calm.db')
			const sent = await plumbline(
				['send', 'credit', '--version', '1', '--from', join(folder, 'traffic.csv')],
				envOf(server, 'calm.db'),
			)
			expect([sent.code, sent.out]).toEqual([0, '20000 accepted, 0 duplicates, 0 rejected\n'])
			const run = await plumbline(['run', 'all'], envOf(server, 'calm.db'))
			expect([run.code, run.err]).toEqual([0, ''])
			undisturbed = await statistics(server)
			const { items } = await get(server, '/v1/incidents?limit=1000')
			const alerts: Alert[] = items.flatMap((incident: { alerts: Alert[] }) => incident.alerts)
			const features = new Set(alerts.map((a) => a.subject.feature))
			expect(features).toEqual(new Set(['LIMIT_BAL', 'PAY_0']))
			const broken = until - (days - healthyDays) * dayMs
			for (const alert of alerts) expect(Date.parse(alert.window.from)).toBeGreaterThanOrEqual(broken)
			expect(items).toHaveLength(1) // one cause, one incident
		} finally {
			await server.kill('SIGTERM')
		}
	})

	it('are there once each, and summed to the bit, after the server was killed again and again', async () => {
		const chance = new Chance(seed)
		const database = join(folder, 'killed.db')
		let server = await serveProcess(database)
		const port = new URL(server.url).port
		await prepare(server, 'killed.db')
		const sending = plumbline(
			['send', 'credit', '--version', '1', '--from', join(folder, 'resent.csv'), '--json'],
			envOf(server, 'killed.db'),
		)
		let done = false
		void sending.then(() => {
			done = true
		})
		let kills = 0
		while (!done && kills < 6) {
			await new Promise((resolve) => setTimeout(resolve, 60 + 240 * chance.uniform()))
			if (done) break
			await server.kill('SIGKILL')
			kills++
			server = await serveProcess(database, { PLUMBLINE_PORT: port })
		}
		try {
			const result = await sending
			expect([result.code, result.err]).toEqual([0, ''])
			const { accepted, duplicates, rejectedCount } = JSON.parse(result.out)
			expect([accepted + duplicates, rejectedCount]).toEqual([20_000, 0])
			expect(kills).toBeGreaterThan(0)
			const again = await plumbline(
				['send', 'credit', '--version', '1', '--from', join(folder, 'traffic.csv'), '--restart', '--json'],
				envOf(server, 'killed.db'),
			)
			expect(JSON.parse(again.out)).toMatchObject({ accepted: 0, duplicates: 20_000 })
			expect((await plumbline(['run', 'all'], envOf(server, 'killed.db'))).code).toBe(0)
			expect(await statistics(server)).toBe(undisturbed)
		} finally {
			await server.kill('SIGTERM')
		}
	})
})
