import { type AnyColumn, type SQL, sql } from 'drizzle-orm'
import { drizzle, type SqliteRemoteDatabase } from 'drizzle-orm/sqlite-proxy'
import * as schema from './schema.ts'
import { isWriteStatement, type Sql, type SqlRow, type SqlValue } from './sql.ts'

export type Database = SqliteRemoteDatabase<typeof schema>

// drizzle maps JSON and blobs itself; the schema has no booleans and dates.
const toValues = (params: readonly unknown[]) =>
	params.map((p) => (p instanceof ArrayBuffer ? new Uint8Array(p) : p)) as SqlValue[]

/** drizzle over `Sql`, so that one schema serves a libSQL file, libSQL over HTTP and D1. */
export function openDatabase(sql: Sql): Database {
	const one = async (text: string, params: unknown[], method: 'run' | 'all' | 'values' | 'get') => {
		const statement = { sql: text, params: toValues(params) }
		const rows = isWriteStatement(text)
			? ((await sql.batch([statement]))[0] as SqlRow[])
			: await sql.values(statement)
		// For `get` drizzle expects a single row; undefined means no row.
		return { rows: (method === 'get' ? rows[0] : rows) as unknown[] }
	}
	const many = async (batch: { sql: string; params: unknown[]; method: string }[]) => {
		const results = await sql.batch(batch.map((b) => ({ sql: b.sql, params: toValues(b.params) })))
		return results.map((rows, i) => ({ rows: (batch[i]?.method === 'get' ? rows[0] : rows) as unknown[] }))
	}
	return drizzle(one, many, { schema })
}

/** Whether a column has one of the values. The list is one parameter: D1 accepts at most a hundred. */
export const inList = (column: AnyColumn | SQL, values: readonly (string | number)[]): SQL =>
	sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`
