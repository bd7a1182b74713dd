import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** What the notices of a model say beyond what is logged: `evidence/notices/notices.schema.ts`. */
export const noticeSettings = sqliteTable(
	'notice_setting',
	{
		model: text().notNull(),
		revision: integer().notNull(),
		/** In ms since the epoch. In force until the next revision. */
		since: integer().notNull(),
		settings: text({ mode: 'json' }).$type<Record<string, unknown>>().notNull(),
	},
	(t) => [primaryKey({ columns: [t.model, t.revision] })],
)
