import { createClient } from '@libsql/client/web'
import { isWriteStatement, overLibsql, type Sql, type SqlRow, type Statement, toObjects } from './sql.ts'

type D1Statement = {
	bind(...values: unknown[]): D1Statement
	raw(): Promise<unknown[][]>
	raw(options: { columnNames: true }): Promise<[string[], ...unknown[][]]>
}

/** The part of Cloudflare's D1 binding that is used here. */
export type D1 = {
	prepare(sql: string): D1Statement
	/** One transaction: all or nothing, in order. */
	batch(statements: D1Statement[]): Promise<{ results?: Record<string, unknown>[] }[]>
}

// D1 returns a blob as an array of its bytes; no other value is an array.
const toRow = (values: unknown[]): SqlRow => values.map((v) => (Array.isArray(v) ? Uint8Array.from(v) : v))

/**
 * `Sql` over D1. A batch that writes returns rows as objects, so two columns of the same name would become one: such a
 * batch must not select them.
 */
export function overD1(d1: D1): Sql {
	const prepare = ({ sql, params = [] }: Statement) => d1.prepare(sql).bind(...params)
	const values = async (statement: Statement) => (await prepare(statement).raw()).map(toRow)
	return {
		values,
		all: async <Row>(statement: Statement) => {
			const [columns, ...rows] = await prepare(statement).raw({ columnNames: true })
			return toObjects<Row>(columns, rows.map(toRow))
		},
		batch: async (statements) => {
			if (statements.every((s) => !isWriteStatement(s.sql))) return Promise.all(statements.map(values))
			const results = await d1.batch(statements.map(prepare))
			return results.map(({ results: rows = [] }) => rows.map((row) => toRow(Object.values(row))))
		},
		close: async () => {},
	}
}

/**
 * `Sql` over a libSQL server with `fetch`: no files, no sockets. Each call has its own client, since on workers pending work
 * belongs to the request that started it, and ends with it.
 */
export function openWebSql(url: string, token?: string): Sql {
	const once = async <T>(work: (sql: Sql) => Promise<T>): Promise<T> => {
		const sql = overLibsql(createClient({ url, ...(token === undefined ? {} : { authToken: token }) }))
		try {
			return await work(sql)
		} finally {
			await sql.close()
		}
	}
	return {
		all: <Row>(statement: Statement) => once((sql) => sql.all<Row>(statement)),
		values: (statement) => once((sql) => sql.values(statement)),
		batch: (statements) => once((sql) => sql.batch(statements)),
		close: async () => {},
	}
}
