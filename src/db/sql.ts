import type { Client } from '@libsql/client/web'

export type SqlValue = string | number | null | Uint8Array
export type Statement = { sql: string; params?: readonly SqlValue[] }
/** A row as an array of values, in the order of the selected columns. Blobs are Uint8Array. */
export type SqlRow = readonly unknown[]

/**
 * What a libSQL file, libSQL over HTTP and D1 have in common. drizzle (`context.db`) runs on top of it; the prediction log
 * uses it directly, for blobs and bulk.
 */
export type Sql = {
	/**
	 * Reads rows as objects, by column name: give each selected expression a name. May use another connection than the
	 * writer's, but always sees every finished `batch`.
	 */
	all<Row>(statement: Statement): Promise<Row[]>
	/** Reads rows as arrays: for drizzle, which maps columns itself. */
	values(statement: Statement): Promise<SqlRow[]>
	/** Runs statements in order in one transaction, all or nothing. Returns the rows of each. */
	batch(statements: readonly Statement[]): Promise<SqlRow[][]>
	close(): Promise<void>
}

/** Rows as objects. */
export const toObjects = <Row>(columns: readonly string[], rows: readonly SqlRow[]): Row[] =>
	rows.map((row) => {
		const object: Record<string, unknown> = {}
		for (let i = 0; i < columns.length; i++) object[columns[i] as string] = row[i]
		return object as Row
	})

/** Whether a statement may write: then it belongs on the writing connection. */
export const isWriteStatement = (sql: string): boolean => !/^\s*(select|with|pragma|explain)\b/i.test(sql)

const toRow = (row: ArrayLike<unknown>): SqlRow =>
	Array.from(row, (v) => (v instanceof ArrayBuffer ? new Uint8Array(v) : v))

const toStatement = (s: Statement) => ({ sql: s.sql, args: [...(s.params ?? [])] })

/** `Sql` over any libSQL client: a file, or a server over HTTP. */
export function overLibsql(client: Client): Sql {
	return {
		all: async <Row>(s: Statement) => {
			const { columns, rows } = await client.execute(toStatement(s))
			return toObjects<Row>(
				columns,
				rows.map((r) => toRow(r as ArrayLike<unknown>)),
			)
		},
		values: async (s) =>
			(await client.execute(toStatement(s))).rows.map((r) => toRow(r as ArrayLike<unknown>)),
		batch: async (list) =>
			(await client.batch(list.map(toStatement), 'write')).map((r) =>
				r.rows.map((x) => toRow(x as ArrayLike<unknown>)),
			),
		close: async () => client.close(),
	}
}
