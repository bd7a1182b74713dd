import { blob, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const reportStatuses = ['draft', 'approved'] as const
export type ReportStatus = (typeof reportStatuses)[number]

/** `sha256:<hex>` of each form; null where this platform cannot make it. */
export type ReportDigests = { json: string; html: string; pdf: string | null; csv: string }

export const reports = sqliteTable('report', {
	id: text().primaryKey(),
	/** The digest of template, subject, cut and author. */
	identity: text().notNull(),
	template: text().notNull(),
	templateVersion: text('template_version').notNull(),
	model: text().notNull(),
	/** All models whose data it has. */
	models: text({ mode: 'json' }).$type<string[]>().notNull(),
	periodFrom: integer('period_from'),
	periodTo: integer('period_to'),
	predictionId: text('prediction_id'),
	subject: text(),
	incident: text(),
	/** When the decision that it is about was made. */
	decidedAt: integer('decided_at'),
	status: text().$type<ReportStatus>().notNull(),
	cutSize: integer('cut_size').notNull(),
	cutRoot: text('cut_root').notNull(),
	cutAt: integer('cut_at').notNull(),
	author: text().notNull(),
	authorPerson: text('author_person').notNull(),
	approvers: text({ mode: 'json' }).$type<string[]>().notNull(),
	/** The digest of manifest.json: what people approve, and what the report's entry in the ledger has. */
	manifest: text().notNull(),
	digests: text({ mode: 'json' }).$type<ReportDigests>().notNull(),
	createdAt: integer('created_at').notNull(),
	approvedAt: integer('approved_at'),
	erasedAt: integer('erased_at'),
})

export const reportFiles = sqliteTable(
	'report_file',
	{
		report: text().notNull(),
		path: text().notNull(),
		part: integer().notNull(),
		content: blob().$type<Uint8Array>().notNull(),
	},
	(t) => [primaryKey({ columns: [t.report, t.path, t.part] })],
)
