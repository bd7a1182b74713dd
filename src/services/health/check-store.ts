import type { Context } from '../../context.ts'

/**
 * Reads and writes the database. Throws what the driver throws when it cannot. The write is one that leaves nothing:
 * the guard table deletes what is inserted into it.
 */
export async function checkStore(context: Context): Promise<void> {
	await context.sql.all({ sql: 'SELECT 1 FROM model LIMIT 1' })
	await context.sql.batch([{ sql: 'INSERT INTO guard (ok) VALUES (1)' }])
}
