import { and, eq, ne, sql } from 'drizzle-orm'
import { changeIncident } from '../../alerting/incident/change-incident.ts'
import { openIncidentOnce, resolveIncidentAbout } from '../../alerting/incident/incident-without-rule.ts'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { incidents } from '../../db/schema.ts'
import { environment } from './adverse-days.ts'
import { auditsDue } from './audits-due.ts'
import type { DueClock } from './clock.ts'
import { noticesDue } from './notices-due.ts'
import { requestsDue } from './requests-due.ts'
import { reviewsDue } from './reviews-due.ts'
import { seriousDue } from './serious-due.ts'

const actor = { id: 'job:clocks', how: 'job' } as const

type Source = { kind: string; read: (context: Context) => Promise<{ due: DueClock[]; remaining?: number }> }

/** Where clocks run. Each kind is the second word of what its incidents are about. */
const sources: readonly Source[] = [
	{ kind: 'notice', read: noticesDue },
	{ kind: 'request', read: async (context) => ({ due: await requestsDue(context, actor) }) },
	{ kind: 'serious', read: async (context) => ({ due: await seriousDue(context) }) },
	{ kind: 'review', read: async (context) => ({ due: await reviewsDue(context) }) },
	{ kind: 'audit', read: async (context) => ({ due: await auditsDue(context) }) },
]

/**
 * Opens an incident for each legal clock of a model that is about to lapse, keeps its count up to date, and resolves it once
 * nothing is due any more. A kind of clock that fails stops no other.
 */
export async function runClocks(context: Context) {
	const failed: string[] = []
	let [due, remaining] = [0, 0]
	for (const { kind, read } of sources) {
		try {
			const found = await read(context)
			for (const each of found.due) await raise(context, each)
			await resolveOthers(context, kind, found.due)
			due += found.due.length
			remaining += found.remaining ?? 0
		} catch (error) {
			failed.push(kind)
			context.logger.error('a kind of clock failed', { kind, error: String(error) })
		}
	}
	return { due, remaining, failed }
}

const isOpen = ne(incidents.status, 'resolved')

async function raise(context: Context, { about, model, severity, title, note }: DueClock): Promise<void> {
	const [row] = await context.db
		.select()
		.from(incidents)
		.where(and(eq(incidents.about, about), isOpen))
	if (!row)
		return openIncidentOnce(context, actor, { about, model, environment, severity, title, notes: [note] })
	if (row.title === title && row.severity === severity) return
	try {
		await changeIncident(context, actor, row, {
			set: { title, severity },
			what: `${title}. ${note}`,
			action: 'update-incident',
			details: { title, severity },
		})
	} catch (error) {
		// Somebody changes it now; the next run brings it up to date.
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
	}
}

async function resolveOthers(context: Context, kind: string, due: readonly DueClock[]): Promise<void> {
	const rows = await context.db
		.select({ about: incidents.about })
		.from(incidents)
		.where(and(sql`${incidents.about} GLOB ${`clock:${kind}:*`}`, isOpen))
	for (const { about } of rows)
		if (about !== null && !due.some((each) => each.about === about))
			await resolveIncidentAbout(context, actor, about, 'nothing is due any more')
}
