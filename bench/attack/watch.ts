import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** The slowest `/healthz` and the most memory since the last look. */
export type Seen = { slowestMs: number; polls: number; failed: number; peakMb: number }

type Watched = { port: number; pid: number }

/** Asks `/healthz` of a service every 20 ms and reads its memory, in a thread that the attacks do not hold up. */
export function startWatch(watched: Watched) {
	const worker = new Worker(new URL(import.meta.url), { workerData: watched })
	return {
		/** What was seen since the last time. */
		look: () =>
			new Promise<Seen>((resolve) => {
				worker.once('message', resolve)
				worker.postMessage('look')
			}),
		stop: () => worker.terminate(),
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
	parentPort?.on('message', () => {
		// A poll that still waits counts with what it has waited.
		const waited = from === undefined ? 0 : performance.now() - from
		parentPort?.postMessage({
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

if (!isMainThread) await watch(workerData as Watched)
