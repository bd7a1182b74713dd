import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { benchKey, json, quantile, startServer } from './ingest.ts'
import type { Measurement } from './table.ts'

const model = 'followed'
const path = `/v1/models/${model}/deployments/production`
const puts = 30

type Target = { url: string; path: string; process: ChildProcess }
/** A connection that waits for what another one changes. */
type Follower = { socket: Socket; seen: (revision: number) => Promise<number> }

/** Opens a stream, or a wait that is made again after each answer. */
function follow({ url }: Target, kind: 'stream' | 'wait'): Promise<Follower> {
	const { hostname, port } = new URL(url)
	const socket = connect(Number(port), hostname)
	const ask = (etag = '"0"', time = '60s') =>
		socket.write(
			`GET ${path}${kind === 'wait' ? `?wait=${time}` : ''} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${benchKey}\r\nAccept: ${kind === 'wait' ? '*/*' : 'text/event-stream'}\r\nIf-None-Match: ${etag}\r\n\r\n`,
		)
	let last = 0
	let at = 0
	let wake = () => {}
	let tail = ''
	socket.setNoDelay(true)
	socket.setEncoding('latin1')
	return new Promise((resolve, reject) => {
		socket.once('error', reject)
		const seen = async (revision: number) => {
			while (last < revision)
				await new Promise<void>((done) => {
					wake = done
				})
			return at
		}
		socket.on('data', (text: string) => {
			at = performance.now()
			tail = (tail + text).slice(-2000)
			for (const [, revision] of tail.matchAll(/(?:^id: |"revision":)(\d+)/gm))
				last = Math.max(last, Number(revision))
			const etag = /\r\netag: (".*?")\r\n[\s\S]*\}$/i.exec(tail)?.[1]
			if (kind === 'wait' && etag) {
				tail = ''
				ask(etag)
			}
			wake()
			resolve({ socket, seen })
		})
		ask()
	})
}

async function followAll(target: Target, kind: 'stream' | 'wait', count: number): Promise<Follower[]> {
	const all: Follower[] = []
	while (all.length < count)
		all.push(...(await Promise.all(Array.from({ length: 50 }, () => follow(target, kind)))))
	return all
}

const residentBytes = async ({ pid }: ChildProcess) =>
	1024 * Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

type Figures = { all: number[]; last: number[]; bytes: number }

/** Times from sending a change to each follower's receiving it, and to the last one's; sorted. */
async function measure(target: Target, kind: 'stream' | 'wait', count: number): Promise<Figures> {
	const before = await residentBytes(target.process)
	const followers = await followAll(target, kind, count)
	await pause(1000)
	const bytes = ((await residentBytes(target.process)) - before) / followers.length
	const all: number[] = []
	const last: number[] = []
	for (let n = 0; n < puts; n++) {
		const began = performance.now()
		const canary = { version: '2', percent: (n % 2) + 1 }
		const { revision } = (await json(target.url + target.path, 'PUT', { champion: '1', canary })) as {
			revision: number
		}
		const times = (await Promise.all(followers.map(({ seen }) => seen(revision)))).map((at) => at - began)
		all.push(...times)
		last.push(Math.max(...times))
		await pause(100)
	}
	for (const { socket } of followers) socket.destroy()
	await pause(500)
	const sorted = (times: number[]) => times.sort((a, b) => a - b)
	return { all: sorted(all), last: sorted(last), bytes }
}

async function measureFloor(count: number): Promise<Figures> {
	const child = spawn(process.execPath, ['bench/pointer-floor.ts'], { stdio: ['ignore', 'pipe', 'inherit'] })
	const [line] = await once(child.stdout, 'data')
	try {
		return await measure({ ...JSON.parse(String(line)), path: '/', process: child }, 'stream', count)
	} finally {
		child.kill()
	}
}

/** Measures how soon followers see a change, how many of them wait, and the memory that each takes. */
export async function benchPointer(count: number): Promise<Measurement[]> {
	const floor = await measureFloor(count)
	const server = await startServer()
	try {
		await json(`${server.url}/v1/models`, 'POST', { model, task: 'binary' })
		for (const version of ['1', '2'])
			await json(`${server.url}/v1/models/${model}/versions`, 'POST', { version, features: [] })
		await json(server.url + path, 'PUT', { champion: '1' })
		const target = { url: server.url, path, process: server.process }
		const streams = await measure(target, 'stream', count)
		const waits = await measure(target, 'wait', count)
		const [p50, p99] = [quantile(streams.all, 0.5), quantile(streams.all, 0.99)]
		const ofFloor = quantile(floor.last, 0.5)
		const ratio = quantile(streams.last, 0.5) / ofFloor
		const kilobytes = streams.bytes / 1024
		return [
			{ name: `floor: a bare server to ${count} streams, p50`, value: quantile(floor.all, 0.5), unit: 'ms' },
			{ name: 'floor: to the last of them, p50', value: ofFloor, unit: 'ms' },
			{ name: 'floor: memory of a stream', value: floor.bytes / 1024, unit: 'KB' },
			{ name: `PUT to ${count} streams, p50`, value: p50, unit: 'ms' },
			{ name: `PUT to ${count} streams, p99`, value: p99, unit: 'ms', target: '< 1,000', ok: p99 < 1000 },
			{
				name: 'to the last of them, p50 / floor',
				value: ratio,
				unit: 'ratio',
				target: '<= 3',
				ok: ratio <= 3,
			},
			{ name: 'memory of a stream', value: kilobytes, unit: 'KB', target: '<= 64', ok: kilobytes <= 64 },
			{ name: `PUT to ${count} waits, p50`, value: quantile(waits.all, 0.5), unit: 'ms' },
			{ name: `PUT to ${count} waits, p99`, value: quantile(waits.all, 0.99), unit: 'ms' },
			{ name: 'memory of a wait, after the streams', value: waits.bytes / 1024, unit: 'KB' },
		]
	} finally {
		await server.close()
	}
}
