import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const erasures = sqliteTable('erasure', {
	id: text().primaryKey(),
	/** The subject and its predictions by model; null once the last value is destroyed. */
	pending: text({ mode: 'json' }).$type<{ subject: string; predictions: Record<string, string[]> }>(),
	/** A keyed digest of the subject. */
	digest: text().notNull(),
	entry: integer().notNull(),
	counts: text({ mode: 'json' }).$type<ErasureCounts>().notNull(),
	startedAt: integer('started_at').notNull(),
	finishedAt: integer('finished_at'),
})

export type ErasureCounts = Record<
	'predictions' | 'outcomes' | 'features' | 'groups' | 'explanations',
	number
>

/** A hold on a subject or on a model. */
export const holds = sqliteTable('hold', {
	id: text().primaryKey(),
	/** In clear while the hold is in force, as its rows are; null afterwards. */
	subject: text(),
	model: text(),
	/** For a subject: globs of the models that the hold covers. */
	models: text({ mode: 'json' }).$type<string[]>().notNull(),
	reason: text().notNull(),
	author: text().notNull(),
	createdAt: integer('created_at').notNull(),
	until: integer('until_at'),
	liftedAt: integer('lifted_at'),
})
