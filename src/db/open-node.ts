import { readdir, readFile } from 'node:fs/promises'
import { createClient } from '@libsql/client'
import { AppError } from '../core/errors.ts'
import { FileSql } from './file-sql-node.ts'
import { overLibsql, type Sql } from './sql.ts'

/**
 * Opens a libSQL file or server. A file is in WAL mode with full synchronisation, so that committed data survives a power
 * loss. `busyMs`: how long to wait for a lock of another process. Throws `unavailable` if the file cannot be opened or
 * is not a database.
 */
export async function openSql(url: string, token?: string, busyMs?: number): Promise<Sql> {
	try {
		if (url.startsWith('file:')) return new FileSql(url, busyMs)
		return overLibsql(createClient({ url, concurrency: 20, ...(token ? { authToken: token } : {}) }))
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

/** Applies the migrations of `folder` that this database does not have, by name, each in one batch. */
export async function migrate(sql: Sql, folder: string): Promise<string[]> {
	await sql.batch([
		{ sql: 'CREATE TABLE IF NOT EXISTS schema_migration (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)' },
	])
	const stored = await sql.all<{ name: string }>({ sql: 'SELECT name FROM schema_migration' })
	const done = new Set(stored.map(({ name }) => name))
	const applied: string[] = []
	for (const name of (await readdir(folder)).filter((n) => n.endsWith('.sql')).sort()) {
		if (done.has(name)) continue
		const statements = splitStatements(await readFile(`${folder}/${name}`, 'utf8')).map((text) => ({
			sql: text,
		}))
		const insert = "INSERT INTO schema_migration VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ'))"
		try {
			await sql.batch([{ sql: insert, params: [name] }, ...statements])
			applied.push(name)
		} catch (error) {
			// Another process that starts at the same time has applied it.
			if (!/UNIQUE constraint failed: schema_migration/.test(String(error))) throw error
		}
	}
	return applied
}
