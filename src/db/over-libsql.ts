import type { Client } from '@libsql/client/web'
import { type Sql, type SqlRow, type Statement, toObjects } from './sql.ts'

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
