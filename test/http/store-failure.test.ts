import { truncate } from 'node:fs/promises'
import { createClient } from '@libsql/client'
import { afterEach, expect, test } from 'vitest'
import { openDatabase } from '../../src/db/database.ts'
import { openSql } from '../../src/db/open-node.ts'
import { storeFailure } from '../../src/http/problem.ts'
import { testServer } from '../support/server.ts'

let close: (() => Promise<unknown>)[] = []
afterEach(async () => {
	for (const one of close.reverse()) await one()
	close = []
})

async function start() {
	const server = await testServer()
	close.push(() => server.close())
	return server
}

/** Puts the control plane of a server on a connection that the test can set up. */
async function startWith(pragma: string) {
	const server = await start()
	const sql = await openSql(server.databaseUrl)
	await sql.values({ sql: pragma })
	Object.assign(server.context, { sql, db: openDatabase(sql) })
	return server
}

const model = { model: 'm', task: 'binary' }

test('answers 503 with Retry-After while another process holds the database, and works again after', async () => {
	const server = await startWith('PRAGMA busy_timeout = 200')
	const other = createClient({ url: server.databaseUrl })
	const held = await other.transaction('write')
	const answer = await server.post('/v1/models', model)
	expect(answer).toMatchObject({
		status: 503,
		body: { code: 'unavailable', detail: expect.stringContaining('Another process has locked the database') },
	})
	expect(answer.headers.get('retry-after')).toBe('1')
	expect((await server.fetch('/healthz')).status).toBe(200)
	expect((await server.fetch('/v1/models')).status).toBe(200)
	await held.rollback()
	other.close()
	expect((await server.post('/v1/models', model)).status).toBe(201)
})

test.each([
	['a read-only database', 'PRAGMA query_only = ON', /read-only/],
	['a full disk', 'PRAGMA max_page_count = 1', /disk .* is full/],
])('answers 503 for %s: nothing is changed, reading goes on', async (_, pragma, detail) => {
	const server = await startWith(pragma)
	// Until the pages that the file already has are used up.
	let answer = await server.post('/v1/models', model)
	for (let i = 0; answer.status === 201 && i < 200; i++)
		answer = await server.post('/v1/models', { ...model, model: `m${i}`, owner: 'x'.repeat(250) })
	expect(answer).toMatchObject({
		status: 503,
		body: { code: 'unavailable', detail: expect.stringMatching(detail) },
	})
	expect(answer.headers.get('retry-after')).toBe('30')
	expect((await server.fetch('/v1/models')).status).toBe(200)
	expect((await server.fetch('/healthz')).status).toBe(200)
	if (pragma.includes('query_only')) expect((await server.fetch('/readyz')).status).toBe(503)
})

test('answers 503 for a file that was cut off, and says to restore a backup', async () => {
	const server = await start()
	for (let i = 0; i < 50; i++) await server.post('/v1/models', { ...model, model: `m${i}` })
	await server.context.sql.values({ sql: 'PRAGMA wal_checkpoint(TRUNCATE)' })
	await truncate(server.databaseUrl.replace('file:', ''), 8192 + 100)
	const answers = await Promise.all([
		server.post('/v1/models', { ...model, model: 'new' }),
		server.fetch('/v1/models'),
		server.fetch('/readyz'),
	])
	for (const { status, body } of answers)
		if (status !== 200) expect({ status, code: body.code }).toEqual({ status: 503, code: 'unavailable' })
	expect(answers.some((a) => a.status === 503)).toBe(true)
	expect((await server.fetch('/healthz')).status).toBe(200)
})

test('knows a failure of the store through the errors that wrap it, and no other', () => {
	const busy = Object.assign(new Error('SQLITE_BUSY: database is locked'), { code: 'SQLITE_BUSY' })
	expect(storeFailure(new Error('Failed query: select 1', { cause: busy }))).toMatchObject({
		code: 'unavailable',
		retryAfterMs: 1000,
	})
	expect(storeFailure(new Error('SQLITE_NOTADB: file is not a database'))).toMatchObject({
		message: expect.stringContaining('restore'),
	})
	for (const other of [
		new Error('x is not a function'),
		new Error('SQLITE_CONSTRAINT: UNIQUE constraint failed'),
		'text',
		undefined,
	])
		expect(storeFailure(other)).toBeUndefined()
})

test('a database that another process locks: reads and /healthz answer, /readyz says why, writes are refused together', async () => {
	const server = await start()
	const other = createClient({ url: server.databaseUrl })
	const held = await other.transaction('write')
	const writes = ['a', 'b', 'c', 'd'].map((name) => server.post('/v1/models', { ...model, model: name }))
	const ready = await server.fetch('/readyz')
	expect([ready.status, ready.body.detail]).toEqual([
		503,
		expect.stringContaining('could not be written within'),
	])
	expect(ready.headers.get('retry-after')).not.toBeNull()
	expect((await server.fetch('/healthz')).status).toBe(200)
	expect((await server.fetch('/v1/models')).status).toBe(200)
	for (const { status, headers } of await Promise.all(writes))
		expect([status, headers.get('retry-after')]).toEqual([503, '1'])
	await held.rollback()
	other.close()
	await expect.poll(async () => (await server.fetch('/readyz')).status).toBe(200)
	expect((await server.fetch('/v1/models')).body.items).toEqual([])
	expect((await server.post('/v1/models', model)).status).toBe(201)
})
