import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Received, startTarget, type TargetAnswer } from '../support/target.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const adminKey = 'kill-test-admin-key'
const secret = `whsec_${Buffer.from('a webhook secret of the tests 01').toString('base64')}`
const folder = temporaryFolder()
const root = fileURLToPath(new URL('../..', import.meta.url))

type Manner = 'plain' | 'slow' | 'late' | 'error-after' | 'twice'
const manners: Manner[] = ['plain', 'slow', 'late', 'error-after', 'twice']

/** Where the target kills the server: before it does what it is asked, after that, or with its answer. */
type AtTarget = 'read' | 'act' | 'acted' | 'answered'

let manner: Manner
let killAt: AtTarget | undefined
let version: string
let effects: string[]
let calls: string[]
let server: Server | undefined
const target = await startTarget(handle)
afterAll(() => target.close())

async function handle(request: Received): Promise<TargetAnswer> {
	const die = (at: AtTarget) => {
		if (killAt !== at) return
		killAt = undefined
		server?.child.kill('SIGKILL')
	}
	if (request.method === 'GET') {
		die('read')
		return { status: 200, body: { version } }
	}
	const headers = request.headers as Record<string, string>
	const { data } = new Webhook(secret).verify(request.body, headers) as { data: { action: { to: string } } }
	const id = String(headers['webhook-id'])
	calls.push(id)
	die('act')
	const isFirst = !effects.includes(id)
	if (isFirst) effects.push(id)
	version = data.action.to
	die('acted')
	if (killAt === 'answered') setTimeout(die, 5, 'answered')
	if (!isFirst) return { status: 200, body: { status: 'done' } }
	if (manner === 'slow') await pause(600)
	if (manner === 'late') await pause(3000)
	if (manner === 'error-after') return { status: 500, body: 'it has done it, and failed to say so' }
	if (manner === 'twice') {
		for (const wait of [100, 200]) setTimeout(() => void report(id), wait)
		return { status: 202, body: {} }
	}
	return { status: 200, body: { status: 'done' } }
}

/** A call-back, which may find nobody. */
async function report(id: string): Promise<void> {
	const body = JSON.stringify({ status: 'done', detail: 'rolled out' })
	const signature = new Webhook(secret).sign(id, new Date(), body)
	const timestamp = String(Math.floor(Date.now() / 1000))
	const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
	await fetch(`${server?.url}/v1/requests/${id}/result`, {
		method: 'POST',
		body,
		headers: { ...headers, 'content-type': 'application/json' },
	}).catch(() => {})
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

type Server = { url: string; child: ChildProcess; ended: Promise<void> }

async function serve(database: string, rules: string, env: Record<string, string> = {}): Promise<Server> {
	const child = spawn(process.execPath, ['test/support/killable-server.ts'], {
		cwd: root,
		env: {
			...process.env,
			PLUMBLINE_DATABASE_URL: `file:${database}`,
			PLUMBLINE_PORT: '0',
			PLUMBLINE_ADMIN_KEY: adminKey,
			PLUMBLINE_RULES: rules,
			OPS_SECRET: secret,
			...env,
		},
		stdio: ['ignore', 'pipe', 'inherit'],
	})
	const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
	const url = await new Promise<string>((resolve, reject) => {
		child.stdout?.on('data', (chunk) => resolve(JSON.parse(String(chunk)).url))
		void ended.then(() => reject(new Error('the server ended before it listened')))
	})
	return { url, child, ended }
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers
async function ask(path: string, init: { key?: string; method?: string; json?: unknown } = {}): Promise<any> {
	const { key = adminKey, method = 'GET', json } = init
	const response = await fetch(`${server?.url}${path}`, {
		method,
		headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
		...(json === undefined ? {} : { body: JSON.stringify(json) }),
	})
	return { status: response.status, body: await response.json() }
}

/** A rules folder that names an executor. */
function rulesWith(executor: string): string {
	const path = join(folder, `rules-${executor}`)
	mkdirSync(path)
	const webhook = `webhook: { url: "${target.url}/act", read: "${target.url}/state", secret: "env:OPS_SECRET", timeout: 1s }`
	const text = `policies: [{ name: two, needs: 2 }]\nexecutors:\n  - ${executor === 'webhook' ? webhook : 'pointer: {}'}\n`
	writeFileSync(join(path, 'approvals.yaml'), text)
	return path
}

type Prepared = { database: string; rules: string; id: string; digest: string; voters: string[] }

/** A request that lacks one vote, in a database to copy. */
async function prepare(executor: string): Promise<Prepared> {
	const rules = rulesWith(executor)
	const database = join(folder, `${executor}.db`)
	server = await serve(database, rules)
	const post = (path: string, json: object, key?: string) =>
		ask(path, { method: 'POST', json, ...(key ? { key } : {}) })
	await post('/v1/models', { model: 'credit', task: 'binary' })
	for (const each of ['7', '8'])
		await post('/v1/models/credit/versions', { version: each, features: [{ name: 'x', type: 'numeric' }] })
	await ask('/v1/models/credit/deployments/production', { method: 'PUT', json: { champion: '8' } })
	const [requester, ...voters] = await Promise.all(
		['rita', 'ana', 'ben'].map(async (owner) => {
			const { body } = await post('/v1/keys', { name: owner, role: 'approver', owner })
			return body.secret as string
		}),
	)
	const asked = { kind: 'rollback', model: 'credit', to: '7', reason: 'rows went wrong' }
	const { body } = await post('/v1/requests', asked, requester)
	await vote(body.id, body.actionDigest, voters[0] as string)
	server.child.kill('SIGTERM')
	server.child.kill('SIGKILL')
	await server.ended
	return { database, rules, id: body.id, digest: body.actionDigest, voters }
}

const vote = (id: string, actionDigest: string, key: string) =>
	ask(`/v1/requests/${id}/votes`, {
		method: 'POST',
		key,
		json: { vote: 'approve', actionDigest, reason: 'seen' },
	})

let copies = 0

/** The last vote, with a kill on the way; then another server goes on, and the voter, without an answer, votes again. */
async function play({ database, rules, id, digest, voters }: Prepared, env: Record<string, string>) {
	const copy = join(folder, `copy-${++copies}.db`)
	for (const suffix of ['', '-wal', '-shm', '-ledger.key'])
		if (existsSync(database + suffix)) cpSync(database + suffix, copy + suffix)
	version = '8'
	effects = []
	calls = []
	server = await serve(copy, rules, env)
	const answer = await vote(id, digest, voters[1] as string).catch(() => undefined)
	if (answer) expect(answer.status).toBe(201)
	const isKilled = await Promise.race([server.ended.then(() => true), isVerified(id).then(() => false)])
	if (isKilled) {
		server = await serve(copy, rules, { TEST_AHEAD: '15000' })
		const again = await vote(id, digest, voters[1] as string)
		// A vote that was answered is there; one that was not may be.
		expect([201, 200]).toContain(again.status)
		if (answer) expect(again.status).toBe(200)
		await isVerified(id)
	}
	await check(id)
	server.child.kill('SIGKILL')
	await server.ended
	return isKilled
}

async function isVerified(id: string): Promise<void> {
	for (;;) {
		const { body } = await ask(`/v1/requests/${id}`).catch(() => ({ body: { status: 'gone' } }))
		if (body.status === 'verified') return
		// The process is dead: the other side of the race has it.
		if (body.status === 'gone') return new Promise(() => {})
		if (['failed', 'stale', 'inconclusive'].includes(body.status)) throw new Error(JSON.stringify(body))
		await pause(50)
	}
}

async function check(id: string): Promise<void> {
	const { body } = await ask('/v1/audit/entries?limit=200')
	const entries = body.items
		.filter((e: { object: string }) => e.object === `request:${id}`)
		.sort((a: { index: number }, b: { index: number }) => a.index - b.index)
	expect(entries.map((e: { action: string }) => e.action)).toEqual([
		'create-request',
		'vote-request',
		'vote-request',
		'approve-request',
		'start-execution',
		'act-execution',
		'verify-execution',
	])
	const { body: deployments } = await ask('/v1/models/credit/deployments/production/history')
	expect(deployments.items.map((d: { champion: string }) => d.champion)).toEqual(['7', '8'])
	expect(new Set(effects).size).toBe(effects.length)
	expect(calls.every((call) => call === id)).toBe(true)
}

const points = (commits: number) =>
	Array.from({ length: commits }, (_, i) => [`before:${i + 1}`, `after:${i + 1}`]).flat()

describe('a server that is killed while the pointer carries out a request', () => {
	let prepared: Prepared
	beforeAll(async () => {
		prepared = await prepare('pointer')
	})

	test.each(points(5))('%s: one effect, no vote lost, and the story is complete', async (point) => {
		expect(await play(prepared, { TEST_KILL: point })).toBe(true)
		expect(effects).toEqual([])
	})
})

describe('a server that is killed while a webhook carries out a request', () => {
	let prepared: Prepared
	beforeAll(async () => {
		prepared = await prepare('webhook')
	})

	test.each(points(6).map((point, i) => [point, manners[i % manners.length] as Manner] as const))(
		'%s, %s: one effect, no vote lost, and the story is complete',
		async (point, how) => {
			manner = how
			expect(await play(prepared, { TEST_KILL: point })).toBe(true)
			expect(effects).toHaveLength(1)
		},
	)

	const atTarget = (['read', 'act', 'acted', 'answered'] as const).flatMap((at) =>
		manners.map((how) => [at, how] as const),
	)
	test.each(atTarget)('with the target at %s, %s: one effect, and the story is complete', async (at, how) => {
		manner = how
		killAt = at
		expect(await play(prepared, {})).toBe(true)
		expect(effects).toHaveLength(1)
	})
})
