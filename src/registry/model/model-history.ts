import { and, desc, eq, lte, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Change } from '../../db/commit.ts'
import { type ModelSettings, modelHistory } from '../../db/schema.ts'
import { findModel, type ModelRow } from './find-model.ts'

/** A model's settings at a moment; `since` is when they took effect. */
export type ModelMoment = ModelSettings & { name: string; since: number; revision: number }

/** The members that are not null. */
export const withoutNulls = <T extends Record<string, unknown>>(members: T) =>
	Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null)) as {
		[K in keyof T]?: NonNullable<T[K]>
	}

export const settingsOf = ({
	task,
	riskTier,
	positiveLabel,
	negativeLabel,
	favourable,
	threshold,
	sensitive,
	owner,
	tags,
	segments,
	upstreams,
	maturity,
	purpose,
	limitations,
	validatedAt,
	nextReview,
	retentionMs,
	deleteAfter,
}: ModelRow): ModelSettings => ({
	task,
	riskTier,
	positiveLabel,
	...withoutNulls({ negativeLabel, favourable, purpose, limitations, validatedAt, nextReview, deleteAfter }),
	threshold,
	sensitive,
	owner,
	tags,
	segments,
	upstreams,
	maturity,
	retentionMs,
})

/** Stores the settings of a new revision, in the commit that makes it. */
export const historyInsert = (context: Context, row: ModelRow, since: number): Change => ({
	query: context.db
		.insert(modelHistory)
		.values({ model: row.name, revision: row.revision, since, settings: settingsOf(row) }),
})

/**
 * A model's settings as they were at a moment. Back-filled decisions can be older than the registration: the first settings
 * apply to them. Throws `not-found`.
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
