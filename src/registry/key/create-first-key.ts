import { sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { accessKeys } from '../../db/schema.ts'
import { createKey } from './create-key.ts'

/** The secret of a new admin key when there is no key at all, since nobody could create one then; else undefined. */
export async function createFirstKey(context: Context): Promise<string | undefined> {
	const [row] = await context.db.select({ keys: sql<number>`count(*)` }).from(accessKeys)
	if (row?.keys !== 0) return undefined
	const actor = { id: 'config', how: 'cli', role: 'admin', models: ['*'] } as const
	const { secret } = await createKey(context, actor, { name: 'first key', role: 'admin', models: ['*'] })
	return secret
}
