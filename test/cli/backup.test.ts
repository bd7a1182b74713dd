import { spawn } from 'node:child_process'
import { existsSync, watch } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
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

it('copies a database during writes: all that was confirmed before is in the copy, and it is intact', async () => {
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

it('overwrites nothing, and copies nothing that is damaged', async () => {
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
		expect([code, err]).toEqual([2, expect.stringContaining('already exists and is not overwritten')])
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

/** A database with rows in its archive and a model file, without a service. */
async function makeDatabase(name: string): Promise<string> {
	serving = await serveProcess(join(folder, name))
	await ask('/v1/models', 'POST', { model: 'm', task: 'regression', retention: '30d' })
	await ask('/v1/models/m/versions', 'POST', { version: '1', features: [] })
	const old = new Date(Date.now() - 29.9 * dayMs).toISOString()
	await post(0, 3000, old)
	await ask('/v1/models/m', 'PATCH', { retention: '1d' })
	expect((await plumbline(['run', 'retention'], on(name))).code).toBe(0)
	await fetch(`${serving.url}/v1/models/m/versions/1/artifact`, {
		method: 'PUT',
		headers,
		body: linearFile(),
	})
	await serving.kill('SIGTERM')
	serving = undefined
	return join(folder, name)
}

const filesBelow = async (path: string) =>
	(await readdir(path, { recursive: true, withFileTypes: true }))
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.sort()

async function flip(path: string): Promise<() => Promise<void>> {
	const whole = await readFile(path)
	const wrong = Buffer.from(whole)
	wrong[wrong.length >> 1] = (wrong[wrong.length >> 1] as number) ^ 1
	await writeFile(path, wrong)
	return () => writeFile(path, whole)
}

it('names the file that is damaged or missing, and leaves nothing behind', async () => {
	const live = await makeDatabase('live.db')
	const copy = join(folder, 'copy.db')
	expect((await plumbline(['backup', copy], on('live.db'))).code).toBe(0)
	const [parquet = ''] = await filesBelow(`${copy}.archive`)
	const [model = ''] = await filesBelow(`${copy}-artifacts`)
	const before = await filesBelow(folder)
	const refuses = async (named: string) => {
		const { code, err } = await plumbline(['restore', copy], on('new.db'))
		expect([code, err]).toEqual([2, expect.stringContaining(`${named} is damaged`)])
		expect(err.trim().split('\n')).toHaveLength(1)
	}
	for (const path of [parquet, model]) {
		const restored = await flip(path)
		await refuses(path)
		await restored()
		const content = await readFile(path)
		await truncate(path, content.length - 20)
		await refuses(path)
		await rm(path)
		await refuses(path)
		await writeFile(path, content)
	}
	// The service's own archive is looked at as well.
	const [own = ''] = await filesBelow(`${live}.archive`)
	await flip(own)
	const { code, err } = await plumbline(['backup', join(folder, 'second.db')], on('live.db'))
	expect([code, err]).toEqual([2, expect.stringContaining(`${own} is damaged`)])
	expect(await filesBelow(folder)).toEqual(before)
	expect((await plumbline(['restore', copy], on('new.db'))).code).toBe(0)
})

it('refuses a database of a newer version, and one that is not of Plumbline', async () => {
	const live = await makeDatabase('live.db')
	const run = async (path: string, sql: string) => {
		const client = createClient({ url: `file:${path}` })
		await client.execute(sql)
		client.close()
	}
	await run(join(folder, 'other.db'), 'CREATE TABLE t (x)')
	await run(live, "INSERT INTO schema_migration VALUES ('9999_later.sql', '')")
	const other = await plumbline(['restore', join(folder, 'other.db')], on('new.db'))
	expect([other.code, other.err]).toEqual([2, expect.stringContaining('not a database of Plumbline')])
	const newer = await plumbline(['restore', live], on('new.db'))
	expect([newer.code, newer.err]).toEqual([2, expect.stringContaining('9999_later.sql')])
})

it('can be run again after it was killed at any point', async () => {
	await makeDatabase('live.db')
	const copy = join(folder, 'copy.db')
	for (const [args, database, file] of [
		[['backup', copy], 'live.db', copy],
		[['restore', copy], 'new.db', join(folder, 'new.db')],
	] as const) {
		let kills = 0
		// By how often something has changed in the folder.
		for (const after of [1, 8]) {
			const child = spawn(process.execPath, ['src/cli.ts', ...args], {
				cwd: new URL('../..', import.meta.url).pathname,
				env: { ...process.env, ...on(database) },
				stdio: 'ignore',
			})
			const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
			let changes = 0
			const watcher = watch(folder, { recursive: true }, () => {
				if (changes++ >= after) child.kill('SIGKILL')
			})
			await ended
			watcher.close()
			if (existsSync(file)) break
			kills++
		}
		expect(kills).toBeGreaterThan(0)
		if (!existsSync(file)) expect((await plumbline([...args], on(database))).code).toBe(0)
		const again = await plumbline([...args], on(database))
		expect([again.code, again.err]).toEqual([2, expect.stringContaining('is not overwritten')])
		expect((await filesBelow(folder)).filter((path) => path.includes('.part'))).toEqual([])
	}
	expect(await filesBelow(`${join(folder, 'new.db')}.archive`)).toHaveLength(1)
	expect(await filesBelow(`${join(folder, 'new.db')}-artifacts`)).toHaveLength(1)
})
