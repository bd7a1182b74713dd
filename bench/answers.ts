import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { openModel } from '../src/explain/open-model.ts'
import { modelBytes, modelRows } from './explain-model.ts'
import { benchKey, json, prepare, pump, quantile, type Server, send, startServer } from './ingest.ts'
import type { Measurement } from './table.ts'

const columns = 20
const logged = 8000
const dayMs = 86_400_000
const path = '/v1/models/credit'
const names = Array.from({ length: columns }, (_, f) => `feature_${f}`)

/** Registers a model of 100 trees of depth 6 with decisions of three days. Returns the ids of the declined ones. */
async function prepareCredit({ url }: Server): Promise<string[]> {
	const bytes = modelBytes(100, 6, columns)
	const model = openModel('xgboost-json', bytes, { manifest: { features: names } })
	const all = modelRows(logged, columns)
	const rows = Array.from({ length: logged }, (_, r) =>
		Object.fromEntries(names.map((name, f) => [name, all[r * columns + f]])),
	)
	const scores = rows.map((row) => model.score(model.margin(model.encode(row).x))[0] as number)
	const threshold = quantile(
		[...scores].sort((a, b) => a - b),
		0.7,
	)
	await json(`${url}/v1/models`, 'POST', { model: 'credit', task: 'binary', positiveLabel: '1', threshold })
	await json(`${url}${path}/versions`, 'POST', {
		version: '1',
		features: names.map((name) => ({ name, type: 'numeric' })),
		manifest: { features: names },
		artifact: { sha256: createHash('sha256').update(bytes).digest('hex'), format: 'xgboost-json' },
	})
	const put = await send(
		`${url}${path}/versions/1/artifact`,
		'PUT',
		'application/octet-stream',
		Buffer.from(bytes),
	)
	if (put.status >= 300) throw new Error(put.body)
	const began = Date.now() - 3 * dayMs
	for (let from = 0; from < logged; from += 1000)
		await json(
			`${url}${path}/predictions`,
			'POST',
			rows.slice(from, from + 1000).map((features, i) => ({
				predictionId: `p${from + i}`,
				version: '1',
				timestamp: new Date(began + ((from + i) / logged) * (3 * dayMs - 60_000)).toISOString(),
				features,
				score: scores[from + i],
			})),
		)
	await approveReasons(url)
	return scores.flatMap((score, i) => (score >= threshold ? [`p${i}`] : []))
}

async function approveReasons(url: string): Promise<void> {
	const keyOf = async (role: string) => {
		const made = (await json(`${url}/v1/keys`, 'POST', { name: role, role })) as { secret: string }
		return made.secret
	}
	const as = async (key: string, at: string, body: object) => {
		const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
		const answer = await fetch(url + path + at, { method: 'POST', headers, body: JSON.stringify(body) })
		if (!answer.ok) throw new Error(await answer.text())
		return (await answer.json()) as { revision: number; digest: string }
	}
	const entries = names.map((name, i) => ({
		code: `R${i}`,
		text: `The applicant's ${name}`,
		features: [name],
	}))
	const table = { method: '5(i)', entries }
	const { revision, digest } = await as(await keyOf('analyst'), '/reason-tables', { table, reason: 'bench' })
	for (const role of ['approver', 'approver'])
		await as(await keyOf(role), `/reason-tables/${revision}/approvals`, { digest, reason: 'bench' })
}

/** Explains one decision after another for some seconds. Returns sorted times in ms. */
async function ask({ url }: Server, ids: readonly string[], seconds: number): Promise<number[]> {
	const times: number[] = []
	const until = performance.now() + seconds * 1000
	for (let i = 0; performance.now() < until; i++) {
		const from = performance.now()
		const at = `${url}${path}/predictions/${ids[i % ids.length]}/explanation`
		const { status, body } = await send(at, 'GET', 'application/json')
		if (status !== 200 || !body.includes('"matched"')) throw new Error(`${status} ${body.slice(0, 300)}`)
		times.push(performance.now() - from)
		await new Promise((resolve) => setTimeout(resolve, 5))
	}
	return times.sort((a, b) => a - b)
}

/** Measures how long "why" takes, alone and while ingest runs at half of its rate. */
export async function benchAnswers(rows: number): Promise<Measurement[]> {
	const server = await startServer()
	try {
		await prepare(server)
		const ids = await prepareCredit(server)
		const [first] = await ask(server, ids.slice(0, 1), 0.001)
		const alone = await ask(server, ids, 5)
		const began = performance.now()
		await pump(server, rows, [])
		const rowsPerSecond = rows / ((performance.now() - began) / 1000) / 2
		const seconds = 15
		const workerData = {
			url: `${server.url}/v1/models/bench/predictions`,
			key: benchKey,
			rowsPerSecond,
			seconds,
		}
		const load = new Worker(new URL('./load.ts', import.meta.url), { workerData })
		const done = new Promise<void>((resolve, reject) => {
			load.once('exit', () => resolve())
			load.once('error', reject)
		})
		const busy = await ask(server, ids, seconds - 1)
		await done
		const [p50, p99] = [quantile(busy, 0.5), quantile(busy, 0.99)]
		return [
			{ name: 'the first explanation of a day', value: first ?? Number.NaN, unit: 'ms' },
			{ name: 'explanation alone, p50', value: quantile(alone, 0.5), unit: 'ms' },
			{ name: 'ingest beside it', value: rowsPerSecond, unit: 'rows/s' },
			{ name: 'explanation at half load, p50', value: p50, unit: 'ms', target: '< 20', ok: p50 < 20 },
			{ name: 'explanation at half load, p99', value: p99, unit: 'ms', target: '< 100', ok: p99 < 100 },
		]
	} finally {
		await server.close()
	}
}
