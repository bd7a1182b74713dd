import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasPeers, peersPython } from '../support/peers.ts'
import { processKey, type Serving, serveProcess } from '../support/process.ts'

const script = fileURLToPath(new URL('python-client.py', import.meta.url))
const run = promisify(execFile)

type Fault = 'busy' | 'cut' | 'too-large'
let folder: string
let server: Serving
let proxy: Server
/** What befalls the next requests, and the ids of each that came. */
let faults: Fault[] = []
let bodies: string[] = []

/** Stands between the client and a real server. `cut`: the server has stored the rows, and nobody hears of it. */
async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
	const body = Buffer.concat(await incoming.toArray())
	bodies.push(gunzipSync(body).toString())
	const fault = faults.shift()
	if (fault === 'busy') return void outgoing.writeHead(503, { 'retry-after': '0.05' }).end()
	if (fault === 'too-large') return void outgoing.writeHead(413).end()
	const { method, headers, url } = incoming
	const onward = request(server.url + url, { method, headers }, async (reply) => {
		const text = Buffer.concat(await reply.toArray())
		if (fault === 'cut') outgoing.socket?.destroy()
		else outgoing.writeHead(reply.statusCode ?? 500, reply.headers).end(text)
	})
	onward.end(body)
}

const call = async (method: string, path: string, json?: unknown) => {
	const reply = await fetch(server.url + path, {
		method,
		headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' },
		...(json === undefined ? {} : { body: JSON.stringify(json) }),
	})
	return { status: reply.status, body: (await reply.json()) as Record<string, unknown> }
}
const stored = (id: string, model = 'credit') => call('GET', `/v1/models/${model}/predictions/${id}`)

/** Runs one scenario of the script; answers what it says. */
async function scenario(name: string, befalls: Fault[] = []) {
	faults = befalls
	bodies = []
	const env = {
		...process.env,
		PLUMBLINE_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
		PLUMBLINE_KEY: processKey,
	}
	const { stdout } = await run(peersPython, [script, name], { env })
	return JSON.parse(stdout)[name]
}

describe.runIf(hasPeers('python'))('docs/clients/plumbline.py', () => {
	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), 'plumbline-client-'))
		server = await serveProcess(join(folder, 'plumbline.db'))
		proxy = createServer(pass)
		await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
		await call('POST', '/v1/models', { model: 'credit', task: 'binary', segments: ['branch'] })
		await call('POST', '/v1/models', { model: 'credit-risk', task: 'binary', segments: ['branch'] })
		const numeric = ['income', 'age'].map((name) => ({ name, type: 'numeric' }))
		const features = [...numeric, { name: 'region', type: 'categorical' }, { name: 'since', type: 'text' }]
		for (const model of ['credit', 'credit-risk'])
			await call('POST', `/v1/models/${model}/versions`, { version: '1', features })
	}, 300_000)
	afterAll(async () => {
		proxy?.close()
		await server?.kill('SIGTERM')
		rmSync(folder, { recursive: true, force: true })
	})

	it('sends the same rows again when the service is busy, or the connection is cut after the commit', async () => {
		expect(await scenario('faults', ['busy', 'cut'])).toEqual([0, 20, 0])
		expect(bodies).toHaveLength(3)
		expect(new Set(bodies).size).toBe(1)
		expect((await stored('f19')).body).toMatchObject({ features: { income: 119.5, region: 'north' } })
	})

	it('takes rows from many threads and sends them from one in the background', async () => {
		expect(await scenario('threads', ['busy', 'cut'])).toBe(0)
		const ids = new Set(bodies.flatMap((body) => body.match(/"t\d-\d+"/g) ?? []))
		expect(ids.size).toBe(400)
		expect((await stored('t3-99')).status).toBe(200)
		expect(bodies.length).toBeLessThan(100)
	})

	it('understands scalars and columns of numpy and pandas', async () => {
		const [counts, naive, nothing] = await scenario('values')
		expect(counts).toEqual([3, 0, 0])
		expect(naive).toContain('ValueError: timestamp has no zone')
		expect(nothing).toBe('TypeError: features.a is a bytes, which JSON does not have')
		expect((await stored('v0')).body).toMatchObject({
			score: 0.5,
			features: { income: 1.5, age: 41, region: 'north', since: '2026-01-02T00:00:00+00:00', flag: true },
		})
		expect((await stored('v1')).body.features).toEqual({
			...{ income: null, age: null, region: null, since: null, flag: false },
		})
		expect((await stored('12')).body).toMatchObject({ subject: '7', segment: { branch: '3' }, latencyMs: 4 })
	})

	it('reports rows that were rejected, and raises when all of a batch were', async () => {
		const [counts, code, told, error, waiting] = await scenario('rejected')
		expect([counts, code, told, waiting]).toEqual([[1, 0, 1], 'unknown-version', 2, 0])
		expect(error).toMatch(
			/^AllRejected: Plumbline stored no row of a batch of 1. The first: unknown-version /,
		)
	})

	it('raises what the service refuses, with the id of the request, and keeps the rows', async () => {
		const [error, waiting] = await scenario('refused')
		expect(error).toMatch(
			/^PlumblineError: Plumbline answered 404: There is no model "nowhere".* \(request [\w-]+\)$/,
		)
		expect(waiting).toBe(1)
	})

	it('keeps a bounded number of rows while the service is away', async () => {
		expect(await scenario('away')).toEqual([...['QueueFull', 'PlumblineError: Plumbline at'], ...[3, 1, 0]])
	})

	it('sends what waits when the process ends', async () => {
		expect(await scenario('at_exit')).toBe(8)
		expect((await stored('e6')).status).toBe(200)
	})

	it('halves a batch that is too large', async () => {
		expect(await scenario('too_large', ['too-large', 'too-large'])).toEqual([8, 0, 0])
		expect(bodies.map((body) => body.trim().split('\n').length)).toEqual([8, 4, 2, 2, 4])
	})

	it('makes ids in order of time, and posts outcomes for them', async () => {
		expect(await scenario('outcomes')).toEqual([7, 0, 0])
		expect(await scenario('ids_in_order')).toEqual([true, 50])
	})

	it('leaves the rows of its parent to the parent after a fork', async () => {
		expect(await scenario('after_fork')).toEqual([0, [3, 0, 0]])
	})

	it('does what docs/send-predictions.md says', async () => {
		const page = readFileSync(new URL('../../docs/send-predictions.md', import.meta.url), 'utf8')
		const snippets = [...page.matchAll(/^```python\n([\s\S]*?)^```/gm)].map((match) => match[1] as string)
		expect(snippets).toHaveLength(2)
		const clients = fileURLToPath(new URL('../../docs/clients', import.meta.url))
		const env = { ...process.env, PYTHONPATH: clients, PYTHONDONTWRITEBYTECODE: '1' }
		const given = { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: processKey }
		for (const snippet of snippets) await run(peersPython, ['-c', snippet], { env: { ...env, ...given } })
		expect((await stored('b1', 'credit-risk')).body).toMatchObject({
			score: 0.31,
			label: 'decline',
			segment: { branch: 'n2' },
		})
		expect((await stored('b2', 'credit-risk')).body).toMatchObject({ score: 0.72 })
	})

	it('honours Retry-After as seconds and as a date', async () => {
		expect(await scenario('retry_after')).toEqual([2, 0, null])
	})
})
