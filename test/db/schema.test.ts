import { getTableColumns, is } from 'drizzle-orm'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { expect } from 'vitest'
import * as schema from '../../src/db/schema.ts'
import { withContext } from '../support/fixtures.ts'

// Read as packed bytes, in SQL, by src/log alone.
const bulkTables = [
	'log_alias',
	'log_brief',
	'log_chunk',
	'log_covered',
	'log_error',
	'log_group',
	'log_group_waiting',
	'log_key_destroy',
	'log_refused_id',
	'log_scrub',
].concat(['log_join', 'log_key', 'log_key_page', 'log_key_run', 'log_profile', 'log_tally', 'log_waiting'])

const tables = Object.values(schema).filter((value) => is(value, SQLiteTable))
const test = withContext()

test('the schema has the columns that the migrations create', async ({ context }) => {
	for (const table of tables) {
		const { name } = getTableConfig(table)
		const stored = await context.sql.all<{ name: string; required: number }>({
			sql: 'SELECT name, "notnull" OR (type = \'INTEGER\' AND pk = 1) AS required FROM pragma_table_info(?) ORDER BY name',
			params: [name],
		})
		const declared = Object.values(getTableColumns(table))
		expect(declared.map((c) => c.name).sort(), name).toEqual(stored.map((c) => c.name))
		const optional = declared.filter((c) => !c.notNull).map((c) => c.name)
		expect(optional.sort(), name).toEqual(
			stored.filter((c) => !c.required && !isKey(table, c.name)).map((c) => c.name),
		)
	}
})

test('every table is in the schema, apart from the bulk tables of the log', async ({ context }) => {
	const stored = await context.sql.all<{ name: string }>({
		sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
	})
	const apart = [...bulkTables, 'guard', 'schema_migration']
	expect([...tables.map((t) => getTableConfig(t).name), ...apart].sort()).toEqual(stored.map((t) => t.name))
})

const isKey = (table: SQLiteTable, column: string) =>
	Object.values(getTableColumns(table)).some((c) => c.name === column && c.primary)
