import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { AppError } from './core/errors.ts'
import { minuteMs, secondMs } from './core/time.ts'

export type Listening = {
	/** Where to reach it from this machine; no trailing slash. */
	url: string
	/** Takes no new connections, lets running requests end, then cuts what is left. */
	close(): Promise<void>
}

const drainMs = 10 * secondMs

// A large body over a slow line takes its time; headers do not. Idle connections outlive those of usual proxies.
const timeouts = {
	requestTimeout: 60 * minuteMs,
	headersTimeout: 60 * secondMs,
	keepAliveTimeout: 75 * secondMs,
}

const wildcards: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

function urlOf(host: string, port: number): string {
	const reachable = wildcards[host] ?? host
	return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number, prefix: string): AppError {
	const texts: Record<string, string> = {
		EADDRINUSE: `Port ${port} on ${host} is taken. Stop what listens there, or set ${prefix}_PORT to a free port.`,
		EACCES: `Port ${port} needs more rights than this user has. Set ${prefix}_PORT to 1024 or more.`,
		EADDRNOTAVAIL: `${host} is not an address of this machine. Set ${prefix}_HOST to 127.0.0.1 or 0.0.0.0.`,
		ENOTFOUND: `${host} is not an address of this machine. Set ${prefix}_HOST to 127.0.0.1 or 0.0.0.0.`,
	}
	const message = texts[error.code ?? ''] ?? `Cannot listen on ${host}:${port}: ${error.message}.`
	return new AppError('unavailable', message, { cause: error })
}

/** Serves HTTP. Resolves when it listens; rejects with what to do when it cannot. Port 0 takes any free one. `prefix`: of its settings. */
export function listen(
	fetch: (request: Request) => Response | Promise<Response>,
	host: string,
	port: number,
	prefix = 'PLUMBLINE',
): Promise<Listening> {
	return new Promise((resolve, reject) => {
		const server = serve({ fetch, hostname: host, port, serverOptions: timeouts }, () => {
			server.removeAllListeners('error')
			server.on('error', () => {})
			resolve({ url: urlOf(host, (server.address() as AddressInfo).port), close: () => close(server) })
		})
		server.once('error', (error: NodeJS.ErrnoException) => reject(refusal(error, host, port, prefix)))
	})
}

const sweepMs = 50

function close(server: ServerType): Promise<void> {
	return new Promise((resolve) => {
		const cut = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), drainMs)
		// A connection whose request has ended stays open for a next one, which cannot come any more.
		const sweep = setInterval(
			() => 'closeIdleConnections' in server && server.closeIdleConnections(),
			sweepMs,
		)
		server.close(() => {
			clearTimeout(cut)
			clearInterval(sweep)
			resolve()
		})
	})
}
