import { and, desc, eq, lte, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Change } from '../../db/commit.ts'
import { type ModelSettings, modelHistory } from '../../db/schema.ts'
import { findModel, type ModelRow } from './find-model.ts'

/** The settings of one moment; `since` is when they came into force. */
export type ModelMoment = ModelSettings & { name: string; since: number; revision: number }

export const settingsOf = ({
	task,
	riskTier,
	positiveLabel,
	negativeLabel,
	favourable,
	threshold,
	sensitive,
}: ModelRow): ModelSettings => ({
	task,
	riskTier,
	positiveLabel,
	...(negativeLabel === null ? {} : { negativeLabel }),
	...(favourable === null ? {} : { favourable }),
	threshold,
	sensitive,
})

/** Keeps the settings of a new revision; goes into the commit that makes it. */
export const historyInsert = (context: Context, row: ModelRow, since: number): Change => ({
	query: context.db
		.insert(modelHistory)
		.values({ model: row.name, revision: row.revision, since, settings: settingsOf(row) }),
})

/**
 * A model's settings as they were at a moment. Before the first that is known (back-filled decisions are older than the
 * registration) the first counts. Throws `not-found` with the nearest name.
 */
export async function modelAt(context: Context, name: string, at: number): Promise<ModelMoment> {
	const first = sql`${modelHistory.revision} = (SELECT min(revision) FROM model_history WHERE model = ${name})`
	const [row] = await context.db
		.select()
		.from(modelHistory)
		.where(and(eq(modelHistory.model, name), or(lte(modelHistory.since, at), first)))
		.orderBy(desc(modelHistory.revision))
		.limit(1)
	if (row) return { ...row.settings, name, since: row.since, revision: row.revision }
	const model = await findModel(context, name)
	return { ...settingsOf(model), name, since: model.createdAt, revision: model.revision }
}
