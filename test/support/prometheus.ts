import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prometheusFolder } from './peers.ts'

/** What promtool says of an exposition; empty when all is well. */
export function checkMetrics(text: string): string {
	try {
		return execFileSync(join(prometheusFolder, 'promtool'), ['check', 'metrics'], {
			input: text,
			encoding: 'utf8',
			stdio: 'pipe',
		})
	} catch (error) {
		const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string }
		return `${stdout ?? ''}${stderr ?? ''}` || message
	}
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1')
	await once(server, 'listening')
	const { port } = server.address() as { port: number }
	server.close()
	await once(server, 'close')
	return port
}

export type Prometheus = {
	/** The `data` of an answer of its API. */
	// biome-ignore lint/suspicious/noExplicitAny: tests look into what Prometheus answers
	ask(path: string, parameters: Record<string, string>): Promise<any>
	close(): Promise<void>
}

/** A Prometheus of its own that scrapes `target` every second with the key. Resolves after some scrapes. */
export async function startPrometheus(target: string, key: string): Promise<Prometheus> {
	const home = await mkdtemp(join(tmpdir(), 'plumbline-prometheus-'))
	const config = {
		global: { scrape_interval: '1s', scrape_timeout: '1s' },
		scrape_configs: [
			{
				job_name: 'plumbline',
				authorization: { credentials: key },
				static_configs: [{ targets: [new URL(target).host] }],
			},
		],
	}
	await writeFile(join(home, 'prometheus.yml'), JSON.stringify(config))
	const port = await freePort()
	const options = [
		`--config.file=${join(home, 'prometheus.yml')}`,
		`--storage.tsdb.path=${join(home, 'data')}`,
		`--web.listen-address=127.0.0.1:${port}`,
	]
	const child = spawn(join(prometheusFolder, 'prometheus'), options, { stdio: ['ignore', 'ignore', 'pipe'] })
	let log = ''
	child.stderr.on('data', (chunk) => {
		log += chunk
	})
	const ask: Prometheus['ask'] = async (path, parameters) => {
		const reply = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(parameters)}`)
		const { status, data, error } = (await reply.json()) as { status: string; data: unknown; error?: string }
		if (status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${error}`)
		return data
	}
	const isWarm = async () => {
		const { result } = await ask('query', { query: 'count_over_time(plumbline_models[1m]) >= 4' })
		return result.length > 0
	}
	while (!(await isWarm().catch(() => false))) {
		if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}: ${log}`)
		await new Promise((resolve) => setTimeout(resolve, 100))
	}
	return {
		ask,
		async close() {
			child.kill('SIGTERM')
			if (child.exitCode === null) await once(child, 'exit')
			await rm(home, { recursive: true, force: true })
		},
	}
}
