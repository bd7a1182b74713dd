import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'

/** The slowest `/healthz` and the most memory since the last look. */
export type Seen = { slowestMs: number; polls: number; failed: number; peakMb: number }

type Watched = { port: number; pid: number }

const self = fileURLToPath(import.meta.url)

/**
 * Asks `/healthz` of a service every 20 ms and reads its memory, in a process of its own: memory that the attacks take and
 * free holds up every thread of theirs.
 */
export function startWatch({ port, pid }: Watched) {
	const child = fork(self, [String(port), String(pid)])
	return {
		/** What was seen since the last time. */
		look: () =>
			new Promise<Seen>((resolve) => {
				child.once('message', (seen) => resolve(seen as Seen))
				child.send('look')
			}),
		stop: () => child.kill(),
	}
}

function memoryMb(pid: number): number {
	try {
		return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
	} catch {
		return 0
	}
}

function poll({ port }: Watched, agent: Agent): Promise<boolean> {
	return new Promise((resolve) => {
		const call = request(
			{ host: '127.0.0.1', port, path: '/healthz', agent, timeout: 30_000 },
			(response) => {
				response.resume()
				response.on('end', () => resolve(response.statusCode === 200))
			},
		)
		call.on('timeout', () => call.destroy())
		call.on('error', () => resolve(false))
		call.end()
	})
}

async function watch(watched: Watched): Promise<void> {
	const agent = new Agent({ keepAlive: true })
	const none = (): Seen => ({ slowestMs: 0, polls: 0, failed: 0, peakMb: 0 })
	let seen = none()
	let from: number | undefined
	process.on('disconnect', () => process.exit())
	process.on('message', () => {
		// A poll that still waits counts with what it has waited.
		const waited = from === undefined ? 0 : performance.now() - from
		process.send?.({
			...seen,
			slowestMs: Math.max(seen.slowestMs, waited),
			peakMb: Math.max(seen.peakMb, memoryMb(watched.pid)),
		})
		seen = none()
	})
	for (;;) {
		from = performance.now()
		const isOk = await poll(watched, agent)
		seen.slowestMs = Math.max(seen.slowestMs, performance.now() - from)
		from = undefined
		seen.polls++
		if (!isOk) seen.failed++
		seen.peakMb = Math.max(seen.peakMb, memoryMb(watched.pid))
		await new Promise((wake) => setTimeout(wake, 20))
	}
}

if (process.argv[1] === self && process.send)
	await watch({ port: Number(process.argv[2]), pid: Number(process.argv[3]) })
