import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runProcess, startProcess } from './process.ts'

const root = new URL('../..', import.meta.url).pathname

let folder: string
let stops: (() => Promise<unknown>)[]
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'plumbline-start-'))
	stops = []
})
afterEach(async () => {
	for (const stop of stops) await stop()
	await rm(folder, { recursive: true, force: true })
})

const envOf = (more: Record<string, string>) => ({
	...process.env,
	PLUMBLINE_PORT: '0',
	PLUMBLINE_DATABASE_URL: `file:${join(folder, 'x.db')}`,
	...more,
})

const arguments_ = ['src/cli.ts', 'serve', '--json']
const ready = /"url":"([^"]+)"/

/** What it says when it does not start: one line, and the exit code that says so. */
async function refusal(more: Record<string, string> = {}): Promise<string> {
	const { code, out, err } = await runProcess(process.execPath, arguments_, { cwd: root, env: envOf(more) })
	expect(code, out + err).toBe(2)
	expect(err.trim().split('\n'), err).toHaveLength(1)
	return err
}

async function started(more: Record<string, string> = {}) {
	const server = await startProcess(process.execPath, arguments_, { cwd: root, env: envOf(more), ready })
	stops.push(() => server.stop())
	return server
}

describe('a start that cannot be', () => {
	it('names the setting that is wrong', async () => {
		expect(await refusal({ PLUMBLINE_PORT: 'http' })).toContain('PLUMBLINE_PORT must be a port')
		expect(await refusal({ PLUMBLINE_RULES: join(folder, 'none') })).toContain(
			'PLUMBLINE_RULES must be a folder',
		)
	})

	it('says that the port is taken', async () => {
		const other = createServer().listen(0, '127.0.0.1')
		stops.push(() => new Promise((resolve) => other.close(resolve)))
		await new Promise((resolve) => other.once('listening', resolve))
		const { port } = other.address() as AddressInfo
		expect(await refusal({ PLUMBLINE_PORT: String(port) })).toContain(`Port ${port} on 127.0.0.1 is taken`)
	})

	it('says that the file is not a database', async () => {
		await writeFile(join(folder, 'x.db'), 'not a database at all, just some text\n'.repeat(1000))
		expect(await refusal()).toMatch(/is not a database\. Set PLUMBLINE_DATABASE_URL/)
	})

	it('says that the file is cut off', async () => {
		await (await started()).stop()
		await truncate(join(folder, 'x.db'), 30_000)
		expect(await refusal()).toMatch(/is damaged or truncated.*plumbline restore/)
	})

	it('says that the folder is missing, or that a folder is in the place of the file', async () => {
		expect(await refusal({ PLUMBLINE_DATABASE_URL: `file:${join(folder, 'no/such/x.db')}` })).toContain(
			'its folder exists',
		)
		await mkdir(join(folder, 'x.db'))
		expect(await refusal()).toContain('that it is a file')
	})

	it('says that another process has locked the file', async () => {
		const holder = createClient({ url: `file:${join(folder, 'x.db')}` })
		const transaction = await holder.transaction('write')
		await transaction.execute('CREATE TABLE held (x)')
		stops.push(async () => {
			transaction.close()
			holder.close()
		})
		expect(await refusal()).toContain('is locked by another process')
	})
})

describe('a start', () => {
	it('makes the first key and shows it, once', async () => {
		const first = await started()
		const secret = /"firstKey":"([^"]+)"/.exec(first.output())?.[1]
		const answer = await fetch(`${first.match}/v1/keys`, { headers: { authorization: `Bearer ${secret}` } })
		expect(answer.status).toBe(200)
		await first.stop()
		expect((await started()).output()).not.toContain('firstKey')
	})

	it('survives a kill, with all that it answered', async () => {
		const settings = { PLUMBLINE_ADMIN_KEY: 'start-test-admin-key' }
		const headers = { authorization: 'Bearer start-test-admin-key', 'content-type': 'application/json' }
		const first = await started(settings)
		const body = JSON.stringify({ model: 'kept', task: 'regression' })
		expect((await fetch(`${first.match}/v1/models`, { method: 'POST', headers, body })).status).toBe(201)
		await first.stop('SIGKILL')
		const second = await started(settings)
		expect((await fetch(`${second.match}/v1/models/kept`, { headers })).status).toBe(200)
		expect(await second.stop('SIGINT')).toBe(0)
	})
})
