import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { processKey, type Serving, serveProcess } from '../support/process.ts'

let folder: string
let serving: Serving | undefined
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'plumbline-faults-'))
})
afterEach(async () => {
	await serving?.kill('SIGKILL')
	await rm(folder, { recursive: true, force: true })
})

async function start(command?: string[]) {
	serving = await serveProcess(join(folder, 'x.db'), {}, command)
	return serving
}

const headers = { authorization: `Bearer ${processKey}` }
const ask = (path: string, init: RequestInit = {}) =>
	fetch(`${serving?.url}${path}`, { ...init, headers: { ...headers, ...init.headers } } as RequestInit)
const post = (path: string, json: unknown) =>
	ask(path, {
		method: 'POST',
		body: JSON.stringify(json),
		headers: { 'content-type': 'application/json' },
	})

const names = Array.from({ length: 20 }, (_, i) => `feature${i}`)
async function register() {
	await post('/v1/models', { model: 'm', task: 'binary' })
	const features = names.map((name) => ({ name, type: 'numeric' }))
	expect((await post('/v1/models/m/versions', { version: '1', features })).status).toBe(201)
}

const timestamp = new Date(Date.now() - 3_600_000).toISOString()
const row = (i: number) =>
	JSON.stringify({
		predictionId: `row-${i}`,
		version: '1',
		timestamp,
		features: Object.fromEntries(names.map((name, k) => [name, Math.sin(i * 20 + k)])),
		score: 0.5,
	})

/** NDJSON that is made while it is sent. */
function ndjson(from: number, to: number): ReadableStream<Uint8Array> {
	let i = from
	return new ReadableStream({
		pull(controller) {
			const lines: string[] = []
			while (i < to && lines.length < 500) lines.push(row(i++))
			if (lines.length > 0) controller.enqueue(new TextEncoder().encode(`${lines.join('\n')}\n`))
			if (i === to) controller.close()
		},
	})
}

const send = (from: number, to: number) =>
	ask('/v1/models/m/predictions', {
		method: 'POST',
		body: ndjson(from, to),
		headers: { 'content-type': 'application/x-ndjson' },
		duplex: 'half',
	} as RequestInit)

async function rssMb(): Promise<number> {
	const status = await readFile(`/proc/${serving?.child.pid}/status`, 'utf8')
	return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

it('takes a body of 200 MB in bounded memory', async () => {
	await start()
	await register()
	expect((await send(0, 2000)).status).toBe(200)
	const before = await rssMb()
	const rows = Math.ceil(200e6 / row(100_000).length)
	let most = before
	let done = false
	const watch = (async () => {
		while (!done) {
			most = Math.max(most, await rssMb())
			await new Promise((resolve) => setTimeout(resolve, 20))
		}
	})()
	const answer = (await (await send(100_000, 100_000 + rows)).json()) as { accepted: number }
	done = true
	await watch
	expect(answer, JSON.stringify(answer).slice(0, 500)).toMatchObject({ accepted: rows })
	expect(most - before).toBeLessThan(100)
})

it('says that the disk is full, keeps what it accepted, and goes on once there is room', async () => {
	// A process that may write files of 6 MB at most meets what a full disk is.
	await start(['bash', '-c', 'ulimit -f 6000; exec "$0" "$@"', process.execPath])
	await register()
	const { secret: viewer } = (await (await post('/v1/keys', { role: 'viewer' })).json()) as { secret: string }
	const accepted: [number, number][] = []
	let refusal: Response | undefined
	for (let from = 0; from < 300_000 && !refusal; from += 1000) {
		const answer = await send(from, from + 1000)
		if (answer.status === 200) accepted.push([from, from + 1000])
		else refusal = answer
	}
	expect(refusal?.status).toBe(503)
	expect(await refusal?.json()).toMatchObject({
		code: 'unavailable',
		detail: expect.stringMatching(/disk.*send it again/i),
	})
	expect(Number(refusal?.headers.get('retry-after'))).toBeGreaterThan(0)
	expect((await ask('/healthz')).status).toBe(200)
	expect(accepted.length).toBeGreaterThan(5)
	const readBack = async (key = processKey) => {
		const authorization = `Bearer ${key}`
		for (const [from, to] of accepted)
			for (const i of [from, to - 1]) {
				const answer = await ask(`/v1/models/m/predictions/row-${i}`, { headers: { authorization } })
				expect(answer.status, `${i}`).toBe(200)
			}
	}
	// Feature values are shown once their look-up is recorded, which needs the disk; a viewer gets none.
	await readBack(viewer)
	let withValues = await ask('/v1/models/m/predictions/row-0')
	// A few entries may still fit.
	for (let i = 0; i < 500 && withValues.status === 200; i++)
		withValues = await ask('/v1/models/m/predictions/row-0')
	expect([withValues.status, await withValues.json()]).toEqual([
		503,
		expect.objectContaining({ code: 'unavailable', detail: expect.stringMatching(/disk/i) }),
	])
	await serving?.kill('SIGKILL')
	await start()
	await readBack()
	// All that was accepted is a duplicate now, and what was refused is taken.
	for (const [from, to] of accepted)
		expect(await (await send(from, to)).json()).toMatchObject({ accepted: 0, duplicates: 1000 })
	const last = accepted.at(-1)?.[1] as number
	const again = (await (await send(last, last + 1000)).json()) as { accepted: number; duplicates: number }
	expect(again.accepted + again.duplicates).toBe(1000)
})
