import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const installed = fileURLToPath(new URL('../../node_modules/.cache/peers/bin/python', import.meta.url))

/** The peers' Python, or another one that has these; named by the environment, or made by `.ci/peers`. */
export const lineagePython =
	process.env.PLUMBLINE_MLFLOW_PYTHON ?? process.env.PLUMBLINE_PEERS_PYTHON ?? installed

const has = (module: string): boolean =>
	existsSync(lineagePython) &&
	spawnSync(lineagePython, ['-c', `import importlib.util as u; exit(u.find_spec("${module}") is None)`])
		.status === 0
export const hasMlflow = has('mlflow')
export const hasOpenLineage = has('openlineage')

/** Tells why tests with a real peer do not run; in CI they have to. */
export function sayThatPeerIsMissing(what: string): void {
	const reason = `${lineagePython} has no ${what}. Make it with .ci/peers, or name one in PLUMBLINE_MLFLOW_PYTHON.`
	if (process.env.CI) throw new Error(reason)
	process.stdout.write(`${reason}\n`)
}

const env = { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', OMP_NUM_THREADS: '1' }

async function freePort(): Promise<number> {
	const probe = createServer()
	await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
	const { port } = probe.address() as { port: number }
	await new Promise((resolve) => probe.close(resolve))
	return port
}

/** A real tracking server with its registry, in a folder. Takes some ten seconds to answer. */
export async function startMlflow(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
	const port = await freePort()
	const args = ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1']
	const stores = [
		'--backend-store-uri',
		`sqlite:///${folder}/m.db`,
		'--artifacts-destination',
		`${folder}/artifacts`,
	]
	// A group of its own, since its own children have to end with it.
	const child: ChildProcess = spawn(lineagePython, [...args, ...stores], {
		env,
		detached: true,
		stdio: 'ignore',
	})
	const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
	const url = `http://127.0.0.1:${port}`
	const stop = async () => {
		if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
		await ended
	}
	for (let i = 0; i < 600; i++) {
		const answer = await fetch(`${url}/health`).catch(() => undefined)
		if (answer?.ok) return { url, stop }
		await new Promise((resolve) => setTimeout(resolve, 250))
	}
	await stop()
	throw new Error('the MLflow server did not answer within 150 seconds')
}

export type LoggedRun = { run: string; model: string; digest: string }

/** A run of real training with its data, registered as credit-default version 1, alias champion. */
export async function logRun(url: string): Promise<LoggedRun> {
	const script = new URL('./log-mlflow-run.py', import.meta.url).pathname
	const { stdout } = await promisify(execFile)(lineagePython, [script, url], { env })
	return JSON.parse(stdout.trim().split('\n').at(-1) as string)
}
