import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dayMs, formatTime, hourMs, windowStart } from '../../src/core/time.ts'
import { type CreditRow, creditRows } from '../support/credit-data.ts'
import { creditPath, hasPeers, peersPython } from '../support/peers.ts'
import { plumbline, processKey, type Serving, serveProcess } from '../support/process.ts'
import type { Json } from '../support/server.ts'

const canRun = hasPeers('python', 'credit')
const threshold = 0.5
const until = windowStart('1d', Date.now())
const applicants = 3000

let folder: string
let scoring: { url: string; names: string[]; child: ChildProcess }
let server: Serving
let rows: CreditRow[]
let scores: number[]

/** The lender's own service: it trains two models and serves one of them, by the real library. */
function startScoring(): Promise<typeof scoring> {
	const script = new URL('../support/scoring-service.py', import.meta.url).pathname
	const env = { ...process.env, OMP_NUM_THREADS: '1' }
	const child = spawn(peersPython, [script, creditPath], { env, stdio: ['ignore', 'pipe', 'inherit'] })
	return new Promise((resolve, reject) => {
		createInterface(child.stdout).once('line', (line) => {
			const { port, names } = JSON.parse(line)
			resolve({ url: `http://127.0.0.1:${port}`, names, child })
		})
		child.once('exit', (code) => reject(new Error(`the scoring service ended with ${code}`)))
	})
}

const askScoring = async (path: string, body: Json): Promise<Json> =>
	(await fetch(scoring.url + path, { method: 'POST', body: JSON.stringify(body) })).json()

async function call(method: string, path: string, json?: unknown): Promise<{ status: number; body: Json }> {
	const response = await fetch(server.url + path, {
		method,
		headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' },
		...(json === undefined ? {} : { body: JSON.stringify(json) }),
	})
	return { status: response.status, body: await response.json() }
}

const env = () => ({
	PLUMBLINE_URL: server.url,
	PLUMBLINE_KEY: processKey,
	PLUMBLINE_DATABASE_URL: `file:${join(folder, 'credit.db')}`,
})

/** Scores applicants with the model that is served now, and logs what it was asked and what it said. */
async function decide(batch: readonly CreditRow[], day: number): Promise<number[]> {
	const features = batch.map((row) => Object.fromEntries(scoring.names.map((n) => [n, row[n] ?? null])))
	const { scores: said } = await askScoring('/score', { rows: features })
	const sent = batch.map((row, i) => ({
		predictionId: `app-${row.ID}`,
		version: '7',
		timestamp: formatTime(day + Math.floor((i / batch.length) * 23 * hourMs)),
		features: features[i],
		score: said[i],
		label: said[i] >= threshold ? 'declined' : 'approved',
	}))
	const { body } = await call('POST', '/v1/models/credit/predictions', sent)
	expect([body.accepted, body.rejected]).toEqual([batch.length, []])
	return said
}

async function register(): Promise<string> {
	const file = Buffer.from(await (await fetch(`${scoring.url}/models/a.json`)).arrayBuffer())
	const sha256 = createHash('sha256').update(file).digest('hex')
	await call('POST', '/v1/models', {
		model: 'credit',
		task: 'binary',
		positiveLabel: 'declined',
		threshold,
		sensitive: ['SEX', 'EDUCATION', 'MARRIAGE', 'AGE'],
	})
	const version = await call('POST', '/v1/models/credit/versions', {
		version: '7',
		features: scoring.names.map((name) => ({ name, type: 'numeric' })),
		artifact: { sha256, format: 'xgboost-json' },
		manifest: { features: scoring.names, threshold },
		lineage: { run: 'run-4f1c', dataset: 'uci-credit-2005', commit: '9fceb02d', image: 'scoring@sha256:11' },
	})
	expect(version.status).toBe(201)
	const uploaded = await fetch(`${server.url}/v1/models/credit/versions/7/artifact`, {
		method: 'PUT',
		headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/octet-stream' },
		body: file,
	})
	expect(uploaded.status).toBe(201)
	await call('PUT', '/v1/models/credit/deployments/production', { champion: '7' })
	return sha256
}

let digest: string
const explanationOf = (row: CreditRow, query = '') =>
	call('GET', `/v1/models/credit/predictions/app-${row.ID}/explanation${query}`)

beforeAll(async () => {
	if (!canRun) return
	folder = await mkdtemp(join(tmpdir(), 'plumbline-why-'))
	scoring = await startScoring()
	server = await serveProcess(join(folder, 'credit.db'))
	digest = await register()
	rows = creditRows(5).rows.slice(0, applicants)
	scores = []
	for (let day = 0; day < 3; day++)
		scores.push(...(await decide(rows.slice(day * 1000, day * 1000 + 1000), until - (5 - day) * dayMs)))
})

afterAll(async () => {
	if (!canRun) return
	scoring.child.kill('SIGTERM')
	await server.kill('SIGTERM')
	await rm(folder, { recursive: true, force: true })
})

describe.runIf(canRun)('an applicant who was declined', () => {
	const declined = () => rows.findIndex((_, i) => (scores[i] as number) >= threshold)

	it('is explained by the model itself, as the library would', async () => {
		const { status, body } = await explanationOf(rows[declined()] as CreditRow)
		expect(status).toBe(200)
		expect(body).toMatchObject({
			predictionId: `app-${rows[declined()]?.ID}`,
			version: '7',
			score: scores[declined()],
			decision: 'declined',
			replay: { status: 'matched', replayed: scores[declined()] },
			space: 'log-odds',
		})
		const { values } = await askScoring('/contributions', { model: 'a', rows: [rows[declined()]] })
		const theirs = new Map<string, number>(scoring.names.map((name, i) => [name, values[0][i]]))
		expect(body.base).toBeCloseTo(values[0].at(-1), 5)
		expect(body.contributions).toHaveLength(scoring.names.length)
		for (const { feature, value, contribution } of body.contributions) {
			expect(Math.abs(contribution - (theirs.get(feature) as number))).toBeLessThan(2e-6)
			expect(value).toBe((rows[declined()] as CreditRow)[feature])
		}
		const margin = Math.log((scores[declined()] as number) / (1 - (scores[declined()] as number)))
		const sum = body.contributions.reduce((all: number, c: Json) => all + c.contribution, body.base)
		expect(Math.abs(sum - margin)).toBeLessThan(1e-5)
	})

	it('would be approved with the changes that are named', async () => {
		const still = await explanationOf(rows[declined()] as CreditRow)
		expect([still.body.counterfactuals, still.body.counterfactualsStatus.status]).toEqual([[], 'none'])
		const query = `?movable=${encodeURIComponent(scoring.names.join(','))}`
		const { body } = await explanationOf(rows[declined()] as CreditRow, query)
		expect(body.counterfactuals.length).toBeGreaterThan(0)
		for (const { changes, score, decision } of body.counterfactuals) {
			expect([score < threshold, decision]).toEqual([true, 'approved'])
			const changed = { ...rows[declined()], ...changes }
			const whatIf = await call('POST', `/v1/models/credit/predictions/app-${rows[declined()]?.ID}/what-if`, {
				changes,
			})
			expect(whatIf.body).toMatchObject({ score, decision: 'approved' })
			// The lender's own service agrees.
			expect((await askScoring('/score', { rows: [changed] })).scores).toEqual([score])
		}
	})

	it('is traced to the data, the run and the file', async () => {
		const { body } = await explanationOf(rows[declined()] as CreditRow)
		const { artifact, run, dataset, commit, image } = body.lineage
		expect([run, dataset, commit, image]).toEqual([
			'run-4f1c',
			'uci-credit-2005',
			'9fceb02d',
			'scoring@sha256:11',
		])
		expect(JSON.stringify(artifact)).toContain(digest)
		const back = await plumbline(['lineage', `prediction:credit/app-${rows[declined()]?.ID}`], env())
		expect([back.code, back.out]).toEqual([0, expect.stringContaining('uci-credit-2005')])
		const forward = await call('GET', `/v1/lineage?from=${encodeURIComponent('dataset:uci-credit-2005')}`)
		expect(JSON.stringify(forward.body)).toContain('credit@7')
	})

	it('can be asked about on the command line', async () => {
		const { code, out } = await plumbline(['explain', 'credit', `app-${rows[declined()]?.ID}`], env())
		expect([code, out]).toEqual([0, expect.stringContaining('declined')])
	})
})

describe.runIf(canRun)('a model that is swapped without being registered', () => {
	it('matches before, is found by the replay of a day, and opens one incident', async () => {
		const before = await plumbline(['run', 'all'], env())
		expect([before.code, before.err]).toEqual([0, ''])
		const calm = await call('GET', '/v1/incidents?model=credit')
		const replays = (incident: Json) => incident.alerts.some((a: Json) => a.metric.startsWith('replay.'))
		expect(calm.body.items.filter(replays)).toEqual([])

		await askScoring('/serve', { model: 'b' })
		await decide(creditRows(5).rows.slice(applicants, applicants + 500), until - dayMs)
		const after = await plumbline(['run', 'all'], env())
		expect([after.code, after.err]).toEqual([0, ''])
		const { body } = await call('GET', '/v1/incidents?model=credit')
		expect(body.items.filter(replays)).toMatchObject([{ severity: 'critical', status: 'open' }])

		const asked = await explanationOf(creditRows(5).rows[applicants] as CreditRow)
		expect(asked.body.replay).toMatchObject({ status: 'mismatched' })
		expect(asked.body.replay.reason).toMatch(/differ/)
		expect(asked.body.reasons).toEqual([])
	})
})
