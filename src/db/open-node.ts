import { readdir, readFile } from 'node:fs/promises'
import { createClient } from '@libsql/client'
import { AppError } from '../core/errors.ts'
import { overLibsql } from './over-libsql.ts'
import type { Sql } from './sql.ts'

type LibsqlClient = ReturnType<typeof createClient>

// A checkpoint of 100 pages holds up commits for some milliseconds; SQLite's own 1,000 hold them up for 50 and more.
const pragmas = ['page_size = 8192', 'journal_mode = WAL', 'synchronous = FULL', 'wal_autocheckpoint = 100']

async function setUp(client: LibsqlClient): Promise<void> {
	for (const pragma of pragmas) await client.execute(`PRAGMA ${pragma}`)
}

/**
 * One call at a time, and a new connection after a lock was not had: the driver leaves the statement that failed open,
 * and from then on every commit of that connection fails with "SQL statements in progress".
 */
function inTurn(sql: Sql, renew: () => Promise<void>): Sql {
	let tail: Promise<unknown> = Promise.resolve()
	const run = <T>(work: () => Promise<T>): Promise<T> => {
		const result = tail.then(work).catch(async (error) => {
			if (/SQLITE_(BUSY|LOCKED)/.test(String(error))) await renew().catch(() => {})
			throw error
		})
		tail = result.catch(() => {})
		return result
	}
	return {
		all: (s) => run(() => sql.all(s)),
		batch: (list) => run(() => sql.batch(list)),
		close: () => sql.close(),
	}
}

/**
 * Opens a libSQL file or server. For a file: WAL, and FULL, so that what was answered survives power loss.
 * Throws `unavailable` with what to do when the file cannot be opened or is not a database.
 */
export async function openSql(url: string, token?: string): Promise<Sql> {
	try {
		const client = createClient({
			url,
			concurrency: url.startsWith('file:') ? 1 : 20,
			...(token ? { authToken: token } : {}),
			...(url.startsWith('file:') ? { timeout: 10_000 } : {}),
		})
		if (!url.startsWith('file:')) return overLibsql(client)
		await setUp(client)
		return inTurn(overLibsql(client), async () => {
			await client.reconnect()
			await setUp(client)
		})
	} catch (cause) {
		throw new AppError('unavailable', `The database ${url} cannot be opened: ${(cause as Error).message}`, {
			cause,
		})
	}
}

const splitStatements = (text: string) =>
	text
		.replace(/^\s*--.*$/gm, '')
		.split(/;\s*$/m)
		.map((s) => s.trim())
		.filter((s) => s !== '')

/** Applies the files of `folder` that this database has not seen, in name order, each in one batch. */
export async function migrate(sql: Sql, folder: string): Promise<string[]> {
	await sql.batch([
		{ sql: 'CREATE TABLE IF NOT EXISTS schema_migration (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)' },
	])
	const done = new Set((await sql.all({ sql: 'SELECT name FROM schema_migration' })).map((r) => r[0]))
	const applied: string[] = []
	for (const name of (await readdir(folder)).filter((n) => n.endsWith('.sql')).sort()) {
		if (done.has(name)) continue
		const statements = splitStatements(await readFile(`${folder}/${name}`, 'utf8')).map((text) => ({
			sql: text,
		}))
		await sql.batch([
			...statements,
			{ sql: "INSERT INTO schema_migration VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ'))", params: [name] },
		])
		applied.push(name)
	}
	return applied
}
