import { type AnyColumn, type SQL, sql } from 'drizzle-orm'

/** Whether a column holds one of the values. The list is one parameter, since D1 takes no more than a hundred. */
export const inList = (column: AnyColumn | SQL, values: readonly (string | number)[]): SQL =>
	sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`
