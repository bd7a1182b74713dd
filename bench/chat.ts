import { createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { benchKey, json, prepare, quantile, type Server, send, startServer } from './ingest.ts'
import { makeBodies, withFreshIds } from './rows.ts'
import type { Measurement } from './table.ts'

const secret = 'bench-signing-secret-0123456789'
const hourMs = 3_600_000
const perSecond = 50

/** Slack as far as the service calls it. `posted` resolves with the time of the first message. */
async function openSlack() {
	let announce: (at: number) => void
	const posted = new Promise<number>((resolve) => {
		announce = resolve
	})
	let ts = 1000
	const server = createServer((request, response) => {
		if (request.url?.endsWith('/chat.postMessage')) announce(Date.now())
		request.resume()
		request.on('end', () => {
			const answer = {
				ok: true,
				ts: `${++ts}.1`,
				channel: 'C1',
				team_id: 'T1',
				message: {},
				channels: [],
				messages: [],
			}
			response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
		})
	})
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
	const { port } = server.address() as { port: number }
	const env = {
		SLACK_BOT_TOKEN: 'xoxb-bench',
		SLACK_SIGNING_SECRET: secret,
		SLACK_CHANNEL: '#ml',
		SLACK_API_URL: `http://127.0.0.1:${port}/api/`,
		PLUMBLINE_LOG_LEVEL: 'error',
	}
	return { env, posted, close: () => new Promise((resolve) => server.close(resolve)) }
}

let moment = 0

/** A signed command, as Slack posts it; answers how long its acknowledgement takes, in ms. */
async function plumb(server: Server, text: string): Promise<number> {
	const raw = new URLSearchParams({
		command: '/plumb',
		text,
		team_id: 'T1',
		user_id: 'U1',
		channel_id: 'C1',
		trigger_id: `t${++moment}`,
	}).toString()
	const timestamp = String(Math.floor(Date.now() / 1000))
	const mac = createHmac('sha256', secret).update(`v0:${timestamp}:${raw}`).digest('hex')
	const from = performance.now()
	const response = await fetch(`${server.url}/slack/events`, {
		method: 'POST',
		body: raw,
		headers: {
			'content-type': 'application/x-www-form-urlencoded',
			'x-slack-request-timestamp': timestamp,
			'x-slack-signature': `v0=${mac}`,
		},
	})
	const said = await response.text()
	if (response.status !== 200) throw new Error(`${text}: ${response.status} ${said.slice(0, 300)}`)
	return performance.now() - from
}

async function health(server: Server): Promise<number> {
	const from = performance.now()
	const response = await fetch(`${server.url}/healthz`)
	await response.arrayBuffer()
	return performance.now() - from
}

const commands = ['status', 'incidents', 'performance bench', 'status bench', 'help', 'bias bench']
const sorted = (times: number[]) => times.sort((a, b) => a - b)

/** Commands at a fixed rate, whether or not earlier ones were answered, while four connections post rows as fast as they can. */
async function acknowledgements(seconds: number): Promise<Measurement[]> {
	const slack = await openSlack()
	const server = await startServer(slack.env)
	try {
		await prepare(server)
		await json(`${server.url}/v1/slack/users/T1/U1`, 'PUT', { role: 'analyst' })
		const workerData = {
			url: `${server.url}/v1/models/bench/predictions`,
			key: benchKey,
			rowsPerSecond: Number.MAX_SAFE_INTEGER,
			seconds: seconds + 2,
		}
		const load = new URL('./load.ts', import.meta.url)
		const loaded = Array.from({ length: 4 }, () => new Worker(load, { workerData })).map(
			(worker) =>
				new Promise<number>((resolve, reject) => {
					worker.once('message', resolve)
					worker.once('error', reject)
				}),
		)
		await new Promise((resolve) => setTimeout(resolve, 1000))
		const [acknowledged, floor]: [Promise<number>[], Promise<number>[]] = [[], []]
		const began = performance.now()
		for (let i = 0; i < seconds * perSecond; i++) {
			acknowledged.push(plumb(server, commands[i % commands.length] as string))
			floor.push(health(server))
			const wait = began + ((i + 1) * 1000) / perSecond - performance.now()
			if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
		}
		const [times, alone] = [sorted(await Promise.all(acknowledged)), sorted(await Promise.all(floor))]
		const rows = (await Promise.all(loaded)).reduce((a, b) => a + b, 0)
		const p99 = quantile(times, 0.99)
		return [
			{ name: `ingest beside ${perSecond} commands/s`, value: rows / (seconds + 2), unit: 'rows/s' },
			{ name: 'floor: GET /healthz beside them, p99', value: quantile(alone, 0.99), unit: 'ms' },
			{ name: 'command acknowledged, p50', value: quantile(times, 0.5), unit: 'ms' },
			{ name: 'command acknowledged, p99', value: p99, unit: 'ms', target: '< 500', ok: p99 < 500 },
		]
	} finally {
		await server.close()
		await slack.close()
	}
}

const rule = `rules:
  - name: feature-drift
    title: has drifted
    each: feature
    window: 1h
    when: drift.psi >= 0.2 && n >= 500
    then: [open-incident]
`
const leadMs = 12_000

/** From the end of an hour whose features have drifted to the message in Slack. */
async function incidentPosted(): Promise<Measurement[]> {
	const slack = await openSlack()
	const rules = await mkdtemp(join(tmpdir(), 'plumbline-bench-rules-'))
	await writeFile(join(rules, 'drift.yaml'), rule)
	const closesAt = (Math.floor(Date.now() / hourMs) + 1) * hourMs
	const aheadMs = closesAt - leadMs - Date.now()
	const env = { ...slack.env, PLUMBLINE_RULES: rules, BENCH_CLOCK_AHEAD_MS: String(aheadMs) }
	const server = await startServer(env, 'bench/clock-server.ts')
	try {
		await prepare(server)
		const [body] = makeBodies(1, 10_000, 4, (r) => closesAt - hourMs / 2 + r)
		const text = withFreshIds(body as never).toString()
		const drifted = text.replace(/"feature_00":(\d+)/g, (_, value) => `"feature_00":${Number(value) * 12}`)
		const url = `${server.url}/v1/models/bench/predictions`
		const answer = await send(url, 'POST', 'application/x-ndjson', drifted)
		if (JSON.parse(answer.body).accepted !== 10_000) throw new Error(answer.body.slice(0, 300))
		const late = new Promise<never>((_, reject) =>
			setTimeout(() => reject(new Error('no incident was posted')), leadMs + 150_000).unref(),
		)
		const seconds = ((await Promise.race([slack.posted, late])) + aheadMs - closesAt) / 1000
		return [
			{
				name: 'closed window to posted incident',
				value: seconds,
				unit: 's',
				target: '< 10',
				ok: seconds < 10,
			},
		]
	} finally {
		await server.close()
		await slack.close()
		await rm(rules, { recursive: true, force: true })
	}
}

type Request = { id: string; actionDigest: string }
const rounds = 20

/** From the last vote, over HTTP, until a process that follows the deployment has the other version. */
async function pointerMoved(): Promise<Measurement[]> {
	const server = await startServer({ PLUMBLINE_LOG_LEVEL: 'error' })
	try {
		const owners = ['ana', 'ben', 'carla']
		const [ana, ben, carla] = (await Promise.all(
			owners.map(async (owner) => {
				const key = await json(`${server.url}/v1/keys`, 'POST', { name: owner, role: 'approver', owner })
				return (key as { secret: string }).secret
			}),
		)) as [string, string, string]
		const times: number[] = []
		const floor: number[] = []
		for (let round = 0; round < rounds; round++) {
			const model = `m${round}`
			const path = `${server.url}/v1/models/${model}`
			await json(`${server.url}/v1/models`, 'POST', { model, task: 'binary' })
			for (const version of ['1', '2'])
				await json(`${path}/versions`, 'POST', { version, features: [{ name: 'x', type: 'numeric' }] })
			const deploy = (champion: string) => json(`${path}/deployments/production`, 'PUT', { champion })
			await deploy('1')
			floor.push(await followed(path, () => deploy('2')))
			await json(path, 'PATCH', { riskTier: 'high' })
			const asked = { kind: 'rollback', model, reason: 'bench' }
			const request = (await as(ana, `${server.url}/v1/requests`, asked)) as Request
			const { id, actionDigest } = request
			const vote = (key: string) =>
				as(key, `${server.url}/v1/requests/${id}/votes`, { vote: 'approve', actionDigest, reason: 'bench' })
			await vote(ben)
			times.push(await followed(path, () => vote(carla)))
		}
		const [worst, typical] = [sorted(times).at(-1) as number, quantile(times, 0.5)]
		return [
			{
				name: 'floor: PUT of a deployment to a follower, p50',
				value: quantile(sorted(floor), 0.5),
				unit: 'ms',
			},
			{ name: 'last vote to a follower, p50', value: typical, unit: 'ms' },
			{
				name: 'last vote to a follower, longest',
				value: worst,
				unit: 'ms',
				target: '< 1000',
				ok: worst < 1000,
			},
		]
	} finally {
		await server.close()
	}
}

async function as(key: string, url: string, body: object): Promise<unknown> {
	const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
	const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
	if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
	return response.json()
}

/** How long a change takes until a waiting request is answered with it, in ms. */
async function followed(path: string, change: () => Promise<unknown>): Promise<number> {
	const url = `${path}/deployments/production`
	const headers = { authorization: `Bearer ${benchKey}` }
	const etag = (await fetch(url, { headers })).headers.get('etag') ?? ''
	const waiting = fetch(`${url}?wait=30s`, { headers: { ...headers, 'if-none-match': etag } })
	await new Promise((resolve) => setTimeout(resolve, 50))
	const from = performance.now()
	const [answer] = await Promise.all([
		waiting.then(async (r) => ({ status: r.status, at: performance.now() })),
		change(),
	])
	if (answer.status !== 200) throw new Error(`the follower was answered with ${answer.status}`)
	return answer.at - from
}

/** Measures chat while ingest is busy, and how soon people see and get what they wait for. */
export async function benchChat(seconds: number): Promise<Measurement[]> {
	return [...(await acknowledgements(seconds)), ...(await incidentPosted()), ...(await pointerMoved())]
}
