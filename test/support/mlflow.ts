import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { lineagePython } from './peers.ts'

const env = { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', OMP_NUM_THREADS: '1' }

async function freePort(): Promise<number> {
	const probe = createServer()
	await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
	const { port } = probe.address() as { port: number }
	await new Promise((resolve) => probe.close(resolve))
	return port
}

/** Lets MLflow send webhooks to this machine, without TLS. Their secrets are stored with a key of Fernet's. */
export const sendsWebhooks = {
	MLFLOW_WEBHOOK_ALLOWED_SCHEMES: 'http,https',
	MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
	// The list of webhooks is cached for a minute otherwise, also when it is empty.
	MLFLOW_WEBHOOK_CACHE_TTL: '1',
	MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY: `${randomBytes(32).toString('base64url')}=`,
}

/** A real tracking server with its registry, in a folder. Takes some ten seconds to answer. */
export async function startMlflow(
	folder: string,
	more: Record<string, string> = {},
): Promise<{ url: string; stop(): Promise<void> }> {
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
		env: { ...env, ...more },
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
