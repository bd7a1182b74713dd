import { and, eq, isNull } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { baselines } from '../../db/schema.ts'

/** Whether a version has a baseline in force. */
export async function hasBaseline(context: Context, model: string, version: string): Promise<boolean> {
	const current = and(
		eq(baselines.model, model),
		eq(baselines.version, version),
		isNull(baselines.replacedAt),
	)
	return (
		(await context.db.select({ digest: baselines.digest }).from(baselines).where(current).limit(1)).length > 0
	)
}
