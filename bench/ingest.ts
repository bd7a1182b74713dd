import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { measureFloor } from './floor.ts'
import { featureCount, idAt, makeBodies, withFreshIds } from './rows.ts'
import type { Measurement } from './table.ts'

const batchRows = 1000
export const benchKey = 'bench-admin-key-0123456789'
const key = benchKey
const model = 'bench'

export type Server = {
	process: ChildProcess
	url: string
	folder: string
	peakRssMb(): Promise<number>
	close(): Promise<void>
}

/** A real server process. `script`: another entry point than the command line. */
export async function startServer(more: Record<string, string> = {}, script?: string): Promise<Server> {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'))
	const env = {
		...process.env,
		PLUMBLINE_DATABASE_URL: `file:${join(folder, 'bench.db')}`,
		PLUMBLINE_PORT: '0',
		PLUMBLINE_ADMIN_KEY: key,
		...more,
	}
	const child = spawn(process.execPath, script === undefined ? ['src/cli.ts', 'serve', '--json'] : [script], {
		env,
		stdio: ['ignore', 'pipe', 'inherit'],
	})
	const url = await new Promise<string>((resolve, reject) => {
		let text = ''
		child.stdout?.on('data', (chunk) => {
			text += chunk
			const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)
			if (found) resolve(found[0])
		})
		child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)))
	})
	const close = async () => {
		if (child.exitCode === null) {
			child.kill('SIGTERM')
			await new Promise((resolve) => child.once('exit', resolve))
		}
		await rm(folder, { recursive: true, force: true })
	}
	const peakRssMb = async () =>
		Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
	return { process: child, url, folder, peakRssMb, close }
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

export function send(
	url: string,
	method: string,
	type: string,
	body?: Buffer | string,
): Promise<{ status: number; body: string }> {
	return new Promise((resolve, reject) => {
		const call = request(
			url,
			{ method, agent, headers: { authorization: `Bearer ${key}`, 'content-type': type } },
			(response) => {
				let text = ''
				response.setEncoding('utf8')
				response.on('data', (chunk) => {
					text += chunk
				})
				response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
			},
		)
		call.on('error', reject)
		call.end(body)
	})
}

export async function json(url: string, method: string, body: unknown): Promise<unknown> {
	const answer = await send(url, method, 'application/json', JSON.stringify(body))
	if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${answer.body}`)
	return JSON.parse(answer.body)
}

export async function prepare(server: Server): Promise<void> {
	await json(`${server.url}/v1/models`, 'POST', { model, task: 'binary', positiveLabel: '1', threshold: 0.5 })
	const features = Array.from({ length: featureCount }, (_, f) => ({
		name: `feature_${String(f).padStart(2, '0')}`,
		type: 'numeric',
	}))
	await json(`${server.url}/v1/models/${model}/versions`, 'POST', { version: '1', features })
	const [baseline] = makeBodies(1, 10_000, 9, () => Date.now() - 3_600_000)
	const answer = await send(
		`${server.url}/v1/models/${model}/versions/1/baseline`,
		'PUT',
		'application/x-ndjson',
		withFreshIds(baseline as never),
	)
	if (answer.status >= 300) throw new Error(`baseline: ${answer.status} ${answer.body}`)
}

/** Posts rows in batches of 1,000 on four connections. Returns the rows per second of each twentieth. */
export async function pump(server: Server, rows: number, ids: string[]): Promise<number[]> {
	const began = Date.now()
	const bodies = makeBodies(40, batchRows, 3, (r) => began - 1000 + (r % 1000))
	const url = `${server.url}/v1/models/${model}/predictions`
	const marks: number[] = [performance.now()]
	let sent = 0
	let done = 0
	const worker = async () => {
		while (sent < rows) {
			const body = bodies[(sent / batchRows) % bodies.length] as (typeof bodies)[number]
			sent += batchRows
			const bytes = withFreshIds(body)
			if (sent % 20_000 === 0) ids.push(idAt(bytes, body.idOffsets[7] as number))
			const answer = await send(url, 'POST', 'application/x-ndjson', bytes)
			const { accepted } = JSON.parse(answer.body) as { accepted: number }
			if (answer.status !== 200 || accepted !== batchRows)
				throw new Error(`${answer.status} ${answer.body.slice(0, 300)}`)
			done += batchRows
			if (done % (rows / 20) === 0) marks.push(performance.now())
		}
	}
	await Promise.all([worker(), worker(), worker(), worker()])
	return marks.slice(1).map((t, i) => (rows / 20 / (t - (marks[i] as number))) * 1000)
}

export const quantile = (sorted: number[], q: number) =>
	sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] as number

/** Latencies in ms of single-row posts, while batches are posted at half of the measured rate. */
async function singlePosts(
	server: Server,
	rate: number,
	seconds: number,
): Promise<{ p50: number; p99: number; max: number }> {
	const url = `${server.url}/v1/models/${model}/predictions`
	const [single] = makeBodies(1, 1, 6, () => Date.now() - 1000)
	const until = performance.now() + seconds * 1000
	const load = new Worker(new URL('./load.ts', import.meta.url), {
		workerData: { url, key, rowsPerSecond: rate / 2, seconds },
	})
	const loaded = new Promise<void>((resolve, reject) => {
		load.once('exit', () => resolve())
		load.once('error', reject)
	})
	const latencies: number[] = []
	const probe = async () => {
		while (performance.now() < until) {
			const from = performance.now()
			const answer = await send(url, 'POST', 'application/x-ndjson', withFreshIds(single as never))
			if (answer.status !== 200) throw new Error(answer.body)
			latencies.push(performance.now() - from)
			await new Promise((resolve) => setTimeout(resolve, 5))
		}
	}
	await Promise.all([loaded, probe()])
	latencies.sort((a, b) => a - b)
	return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), max: latencies.at(-1) as number }
}

async function readBack(server: Server, ids: string[]): Promise<number> {
	const times: number[] = []
	for (const id of ids) {
		const from = performance.now()
		const answer = await send(`${server.url}/v1/models/${model}/predictions/${id}`, 'GET', 'application/json')
		if (answer.status !== 200) throw new Error(`${id}: ${answer.status}`)
		times.push(performance.now() - from)
	}
	return quantile(
		times.sort((a, b) => a - b),
		0.95,
	)
}

async function diskBytes(folder: string): Promise<number> {
	let total = 0
	for (const name of await readdir(folder, { recursive: true }))
		total += (await stat(join(folder, name))).size
	return total
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length

/** Measures ingest. The table in the documentation is for 4,000,000 rows. */
export async function benchIngest(rows: number): Promise<Measurement[]> {
	const before = await measureFloor(200_000)
	const server = await startServer()
	try {
		await prepare(server)
		const ids: string[] = []
		const began = performance.now()
		const rates = await pump(server, rows, ids)
		const sustained = rows / ((performance.now() - began) / 1000)
		const after = await measureFloor(200_000)
		const floor = (before + after) / 2
		const read = await readBack(server, ids)
		const bytes = (await diskBytes(server.folder)) / rows
		const single = await singlePosts(server, sustained, 20)
		const rss = await server.peakRssMb()
		return [
			{ name: 'floor: parse and insert, sequential key', value: floor, unit: 'rows/s' },
			{ name: `ingest over HTTP, ${rows / 1e6}M rows`, value: sustained, unit: 'rows/s' },
			{
				name: 'ingest / floor',
				value: sustained / floor,
				unit: 'ratio',
				target: '>= 0.8',
				ok: sustained / floor >= 0.8,
			},
			{
				name: 'rate of the last tenth / of the first',
				value: mean(rates.slice(-2)) / mean(rates.slice(0, 2)),
				unit: 'ratio',
				target: '>= 0.8',
				ok: mean(rates.slice(-2)) / mean(rates.slice(0, 2)) >= 0.8,
			},
			{
				name: 'disk, everything included',
				value: bytes,
				unit: 'bytes/row',
				target: '<= 110',
				ok: bytes <= 110,
			},
			{ name: 'read back by id, p95', value: read, unit: 'ms', target: '< 5', ok: read < 5 },
			{ name: 'single-row post at half load, p50', value: single.p50, unit: 'ms' },
			{
				name: 'single-row post at half load, p99',
				value: single.p99,
				unit: 'ms',
				target: '< 25',
				ok: single.p99 < 25,
			},
			{
				name: 'single-row post at half load, longest',
				value: single.max,
				unit: 'ms',
				target: '<= 250',
				ok: single.max <= 250,
			},
			{ name: 'peak RSS of the service', value: rss, unit: 'MB', target: '< 768', ok: rss < 768 },
		]
	} finally {
		server.process.kill('SIGTERM')
		await new Promise((resolve) => server.process.on('exit', resolve))
		agent.destroy()
		await rm(server.folder, { recursive: true, force: true })
	}
}
