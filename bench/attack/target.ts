import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const adminKey = 'attacked-admin-key-0123456789'
export const signingSecret = 'attacked-signing-secret'

export type Reply = { status: number; text: string; headers: Headers }
type Ask = {
	method?: string
	json?: unknown
	body?: BodyInit
	key?: string
	headers?: Record<string, string>
}

/** A real service in a process of its own, over a database that is thrown away, with models that can be attacked. */
export type Target = {
	url: string
	port: number
	adminKey: string
	folder: string
	pid(): number
	ask(path: string, ask?: Ask): Promise<Reply>
	/** A key of a role, over models. */
	keyOf(role: string, models?: string[]): Promise<string>
	kill(signal: NodeJS.Signals): Promise<void>
	/** What it wrote when it ended by itself. */
	death(): string | undefined
	/** Starts it again, on the same port and database. */
	restart(): Promise<void>
	close(): Promise<void>
}

type Options = { env?: Record<string, string>; nodeArguments?: string[]; databaseUrl?: string }

export async function startTarget({ env = {}, nodeArguments = [] }: Options = {}): Promise<Target> {
	const folder = mkdtempSync(join(tmpdir(), 'plumbline-attack-'))
	const settings = {
		PLUMBLINE_DATABASE_URL: `file:${join(folder, 'attacked.db')}`,
		PLUMBLINE_PORT: '0',
		...env,
	}
	let running = await spawnService(settings, nodeArguments)
	const port = Number(new URL(running.url).port)
	const ask = async (path: string, { json, key = adminKey, ...init }: Ask = {}): Promise<Reply> => {
		const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...init.headers }
		const body = json === undefined ? init.body : JSON.stringify(json)
		const response = await fetch(running.url + path, {
			...init,
			headers,
			...(body === undefined ? {} : { body }),
			signal: AbortSignal.timeout(60_000),
		})
		return { status: response.status, text: await response.text(), headers: response.headers }
	}
	const kill = async (signal: NodeJS.Signals) => {
		running.child.kill(signal)
		await running.ended
	}
	const target: Target = {
		url: running.url,
		port,
		adminKey,
		folder,
		pid: () => running.child.pid ?? 0,
		ask,
		async keyOf(role, models = ['*']) {
			const { status, text } = await ask('/v1/keys', { method: 'POST', json: { name: role, role, models } })
			if (status !== 201) throw new Error(`no key for ${role}: ${status} ${text}`)
			return JSON.parse(text).secret
		},
		kill,
		death: () =>
			running.child.exitCode === null && running.child.signalCode === null ? undefined : running.errors.text,
		async restart() {
			running = await spawnService({ ...settings, PLUMBLINE_PORT: String(port) }, nodeArguments)
		},
		async close() {
			await kill('SIGKILL')
			rmSync(folder, { recursive: true, force: true })
		},
	}
	await seed(target)
	return target
}

type Running = { url: string; child: ChildProcess; ended: Promise<void>; errors: { text: string } }

function spawnService(env: Record<string, string>, nodeArguments: string[]): Promise<Running> {
	const child = spawn(process.execPath, [...nodeArguments, 'src/cli.ts', 'serve', '--json'], {
		cwd: root,
		env: {
			...process.env,
			PLUMBLINE_ADMIN_KEY: adminKey,
			PLUMBLINE_LOG_LEVEL: 'error',
			SLACK_BOT_TOKEN: 'xoxb-attacked',
			SLACK_SIGNING_SECRET: signingSecret,
			// Nothing answers there: no attack leaves the machine.
			SLACK_API_URL: 'http://127.0.0.1:9/api/',
			...env,
		},
		stdio: ['ignore', 'pipe', 'pipe'],
	})
	const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
	const errors = { text: '' }
	return new Promise((resolve, reject) => {
		let out = ''
		child.stdout?.on('data', (chunk) => {
			out += chunk
			const url = /"url":"([^"]+)"/.exec(out)?.[1]
			if (url) resolve({ url, child, ended, errors })
		})
		child.stderr?.on('data', (chunk) => {
			errors.text = (errors.text + chunk).slice(-10_000)
		})
		void ended.then(() => reject(new Error(`the service ended with ${child.exitCode}: ${errors.text}`)))
	})
}

export const timestamp = () => new Date(Date.now() - 3_600_000).toISOString()

/** Models `m-a` and `n-b`, each with a version, a few rows and an incident's worth of nothing. */
async function seed(target: Target): Promise<void> {
	for (const model of ['m-a', 'n-b']) {
		await must(target.ask('/v1/models', { method: 'POST', json: { model, task: 'binary' } }), 201)
		const features = ['x', 'y'].map((name) => ({ name, type: 'numeric' }))
		const version = { version: '1', features }
		await must(target.ask(`/v1/models/${model}/versions`, { method: 'POST', json: version }), 201)
		await must(
			target.ask(`/v1/models/${model}/predictions`, { method: 'POST', json: rowsOf(`${model}-seed`, 100) }),
			200,
		)
	}
}

async function must(asked: Promise<Reply>, status: number): Promise<void> {
	const reply = await asked
	if (reply.status !== status)
		throw new Error(`the service cannot be prepared: ${reply.status} ${reply.text}`)
}

export const rowsOf = (prefix: string, count: number, at = timestamp()) =>
	Array.from({ length: count }, (_, i) => ({
		predictionId: `${prefix}-${i}`,
		version: '1',
		timestamp: at,
		features: { x: i / 7, y: i % 5 },
		score: (i % 10) / 10,
	}))

export type Raw = {
	/** 0 when there was none. */
	status: number
	head: string
	/** Whether the other side ended the connection. */
	isClosed: boolean
	/** From connecting to the head of the reply. */
	ms: number
}

/**
 * A connection that writes these pieces as they are, and looks for the head of a reply, for `waitMs` at most. A piece
 * that is a number is a pause in milliseconds.
 */
export function raw(
	target: Target,
	pieces: readonly (string | Uint8Array | number)[],
	waitMs = 10_000,
): Promise<Raw> {
	return new Promise((resolve) => {
		const start = performance.now()
		const socket = connect(target.port, '127.0.0.1')
		let text = ''
		let ms = waitMs
		const end = (isClosed: boolean) => {
			clearTimeout(timer)
			socket.destroy()
			resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), head: text, isClosed, ms })
		}
		const timer = setTimeout(() => end(false), waitMs)
		socket.on('error', () => {})
		socket.on('close', () => end(true))
		socket.on('data', (chunk) => {
			text += chunk.toString('latin1').slice(0, 4096)
			if (!text.includes('\r\n\r\n') || ms < waitMs) return
			ms = performance.now() - start
			// A little longer, to see whether the connection is closed as the head says.
			setTimeout(() => end(false), 300)
		})
		socket.on('connect', async () => {
			for (const piece of pieces) {
				if (socket.destroyed) return
				if (typeof piece === 'number') await new Promise((wake) => setTimeout(wake, piece))
				else if (!socket.write(piece))
					await new Promise((wake) => socket.once('drain', wake).once('close', wake))
			}
		})
	})
}

/** The head of a request as it is on the wire. */
export const headOf = (
	target: Target,
	method: string,
	path: string,
	headers: Record<string, string> = {},
): string => {
	const all = { Host: `127.0.0.1:${target.port}`, Authorization: `Bearer ${target.adminKey}`, ...headers }
	const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
	return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}
