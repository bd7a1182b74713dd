import type { Context } from '../../context.ts'
import { models } from '../../db/schema.ts'

/** Every model's name and retention, for jobs. */
export const allModels = (context: Context): Promise<{ name: string; retentionMs: number }[]> =>
	context.db.select({ name: models.name, retentionMs: models.retentionMs }).from(models)
