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

/** Decisions of a UTC day against the person, of one series. */
export const adverseDays = sqliteTable(
	'adverse_day',
	{
		series: integer().notNull(),
		/** Since 1970. */
		day: integer().notNull(),
		/** The predictions of the day when it was counted. */
		rows: integer().notNull(),
		adverse: integer().notNull(),
	},
	(t) => [primaryKey({ columns: [t.series, t.day] })],
)

export const subjectRequestKinds = ['access', 'explanation', 'reasons'] as const
export type SubjectRequestKind = (typeof subjectRequestKinds)[number]

/** What persons have asked for. */
export const subjectRequests = sqliteTable('subject_request', {
	id: text().primaryKey(),
	subject: text().notNull(),
	kind: text().$type<SubjectRequestKind>().notNull(),
	model: text(),
	predictionId: text('prediction_id'),
	receivedAt: integer('received_at').notNull(),
	recordedAt: integer('recorded_at').notNull(),
	recordedBy: text('recorded_by').notNull(),
	/** `<row of the law tables>/<clock>`; null when no law in force has a clock for it. */
	law: text(),
	/** The UTC day, since 1970, on which it is due. */
	dueDay: integer('due_day'),
	/** When it was answered by a report, or closed with a reason. */
	endedAt: integer('ended_at'),
	report: text(),
	reason: text(),
})
