import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dayMs } from '../../src/core/time.ts'
import { linearFile } from '../support/linear-model.ts'
import { plumbline, processKey, type Serving, serveProcess } from '../support/process.ts'

let folder: string
let serving: Serving | undefined
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'plumbline-backup-'))
})
afterEach(async () => {
	await serving?.kill('SIGKILL')
	await rm(folder, { recursive: true, force: true })
})

const headers = { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' }
async function ask(path: string, method = 'GET', json?: unknown) {
	const body = json === undefined ? {} : { body: JSON.stringify(json) }
	const response = await fetch(`${serving?.url}${path}`, { method, headers, ...body })
	return { status: response.status, body: await response.json() }
}

const hour = new Date(Date.now() - 3_600_000).toISOString()
const rows = (from: number, count: number, timestamp = hour) =>
	Array.from({ length: count }, (_, i) => ({
		predictionId: `r${from + i}`,
		version: '1',
		timestamp,
		score: 0.5,
	}))
const post = async (from: number, count: number, timestamp?: string) =>
	(await ask('/v1/models/m/predictions', 'POST', rows(from, count, timestamp))).body.accepted

async function startWithModel(retention: string) {
	serving = await serveProcess(join(folder, 'live.db'))
	await ask('/v1/models', 'POST', { model: 'm', task: 'regression', retention })
	await ask('/v1/models/m/versions', 'POST', { version: '1', features: [] })
}
const on = (database: string) => ({ PLUMBLINE_DATABASE_URL: `file:${join(folder, database)}` })

it('copies a database that is being written to: all that was answered before is in the copy, and it is sound', async () => {
	await startWithModel('30d')
	expect(await post(0, 5000)).toBe(5000)
	let next = 5000
	let writing = true
	const writer = (async () => {
		while (writing) {
			await post(next, 200)
			next += 200
		}
	})()
	const copy = join(folder, 'copies', 'copy.db')
	const { code, out, err } = await plumbline(['backup', copy], on('live.db'))
	writing = false
	await writer
	expect(code, err).toBe(0)
	expect(out).toContain('is a checked copy of')
	expect(next).toBeGreaterThan(5200)
	await serving?.kill('SIGKILL')

	expect((await plumbline(['restore', copy], on('new.db'))).code).toBe(0)
	serving = await serveProcess(join(folder, 'new.db'))
	for (const i of [0, 1234, 4999]) expect((await ask(`/v1/models/m/predictions/r${i}`)).status).toBe(200)
	// Rows and their summaries come from one moment: what the windows count is what is there.
	await plumbline(['run', 'all'], on('new.db'))
	const { items } = (await ask('/v1/models/m/metrics?metric=quality.volume&window=1d')).body
	const counted = items.reduce((sum: number, a: { value: number }) => sum + a.value, 0)
	expect(counted).toBeGreaterThanOrEqual(5000)
	let there = 0
	for (let from = 0; from < next; from += 1000) {
		const { duplicates } = (
			await ask('/v1/models/m/predictions', 'POST', rows(from, Math.min(1000, next - from)))
		).body
		there += duplicates
	}
	expect(there).toBe(counted)
})

it('takes the archive along', async () => {
	await startWithModel('30d')
	const old = new Date(Date.now() - 29.9 * dayMs).toISOString()
	expect(await post(0, 300, old)).toBe(300)
	expect((await ask('/v1/models/m', 'PATCH', { retention: '1d' })).status).toBe(200)
	expect((await plumbline(['run', 'retention'], on('live.db'))).code).toBe(0)
	expect((await plumbline(['backup', join(folder, 'copy.db')], on('live.db'))).code).toBe(0)
	await serving?.kill('SIGKILL')
	expect((await plumbline(['restore', join(folder, 'copy.db')], on('new.db'))).code).toBe(0)
	serving = await serveProcess(join(folder, 'new.db'))
	expect((await ask('/v1/models/m/predictions/r299')).body).toMatchObject({
		predictionId: 'r299',
		score: 0.5,
	})
})

it('takes the model files along, and says when they are elsewhere', async () => {
	await startWithModel('30d')
	const file = linearFile()
	const put = (body: string) =>
		fetch(`${serving?.url}/v1/models/m/versions/1/artifact`, { method: 'PUT', headers, body })
	expect((await put(file)).status).toBe(201)
	expect((await plumbline(['backup', join(folder, 'copy.db')], on('live.db'))).code).toBe(0)
	await serving?.kill('SIGKILL')
	expect((await plumbline(['restore', join(folder, 'copy.db')], on('new.db'))).code).toBe(0)
	serving = await serveProcess(join(folder, 'new.db'))
	const kept = await fetch(`${serving.url}/v1/models/m/versions/1/artifact/file`, { headers })
	expect([kept.status, await kept.text()]).toEqual([200, file])
	const bucket = {
		PLUMBLINE_ARTIFACTS_URL: 's3://models/kept',
		AWS_ACCESS_KEY_ID: 'k',
		AWS_SECRET_ACCESS_KEY: 's',
	}
	const said = await plumbline(['backup', join(folder, 'other.db')], { ...on('new.db'), ...bucket })
	expect([said.code, said.out]).toEqual([0, expect.stringContaining('s3://models/kept')])
})

it('overwrites nothing, and takes no copy of or from what is damaged', async () => {
	await startWithModel('30d')
	await post(0, 3000)
	await serving?.kill('SIGTERM')
	const there = await readFile(join(folder, 'live.db'))
	const copy = join(folder, 'copy.db')
	expect((await plumbline(['backup', copy], on('live.db'))).code).toBe(0)

	for (const [args, database] of [
		[['backup', copy], 'live.db'],
		[['restore', copy], 'live.db'],
	] as const) {
		const { code, err } = await plumbline([...args], on(database))
		expect([code, err]).toEqual([2, expect.stringContaining('exists already and is not overwritten')])
	}
	expect(await readFile(join(folder, 'live.db'))).toEqual(there)

	await truncate(copy, 20_000)
	await writeFile(join(folder, 'text.db'), 'this is not a database, and long enough to look at')
	for (const bad of ['copy.db', 'text.db']) {
		const { code, err } = await plumbline(['restore', join(folder, bad)], on('new.db'))
		expect([code, err]).toEqual([2, expect.stringMatching(/is damaged/)])
		expect(err.trim().split('\n')).toHaveLength(1)
	}
	await rm(copy)
	await truncate(join(folder, 'live.db'), 40_000)
	const cut = await plumbline(['backup', copy], on('live.db'))
	expect([cut.code, cut.err]).toEqual([2, expect.stringMatching(/live\.db is damaged/)])
	const none = await plumbline(['backup', join(folder, 'x.db')], on('none.db'))
	expect([none.code, none.err]).toEqual([2, expect.stringContaining('There is no database')])
})
