import { and, desc, eq, gte, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime, minuteMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { reports, type SubjectRequestKind, subjectRequests } from '../../db/schema.ts'
import { noPrediction } from '../../ingest/read-prediction.ts'
import { authorise, inScope } from '../../registry/key/authorise.ts'
import { findModel, inReach } from '../../registry/model/find-model.ts'
import { noticesAt } from '../notices/notices.ts'
import { lawAt, lawTable } from '../reports/law.ts'
import { dayOf, dayText } from './clock.ts'
import type { SubjectRequestInput, SubjectRequestRecord } from './subject-request.schema.ts'

// What persons ask for starts legal clocks. The ledger has the id of a request, never the person.

type SubjectRequestRow = typeof subjectRequests.$inferSelect

const roles = ['analyst', 'auditor', 'approver'] as const

/** The reports that answer a request. */
const answeredBy: Record<SubjectRequestKind, readonly string[]> = {
	access: ['access-export'],
	explanation: ['explanation-letter', 'automated-decision'],
	reasons: ['adverse-action'],
}

function toSubjectRequest(row: SubjectRequestRow): SubjectRequestRecord {
	const { id, subject, kind, model, predictionId, law, dueDay, endedAt, report, reason } = row
	return {
		id,
		subject,
		kind,
		model,
		predictionId,
		receivedAt: formatTime(row.receivedAt),
		law,
		due: dueDay === null ? null : dayText(dueDay),
		status: endedAt === null ? 'open' : report === null ? 'closed' : 'answered',
		endedAt: endedAt === null ? null : formatTime(endedAt),
		report,
		reason,
	}
}

/** Records what a person has asked for, with the day by which it is due. */
export async function recordSubjectRequest(
	context: Context,
	actor: Actor,
	subject: string,
	input: SubjectRequestInput,
): Promise<SubjectRequestRecord> {
	const { kind, model, predictionId } = input
	authorise(actor, roles, model)
	const now = context.now()
	const receivedAt = input.receivedAt ?? now
	if (receivedAt > now + minuteMs) throw fault('receivedAt', 'is in the future')
	if (model !== undefined) await findModel(context, model)
	if (predictionId !== undefined) await checkDecision(context, subject, model, predictionId)
	const clock = await clockOf(context, kind, model, receivedAt)
	const row: SubjectRequestRow = {
		id: newId('sub', now, context.random),
		subject,
		kind,
		model: model ?? null,
		predictionId: predictionId ?? null,
		receivedAt,
		recordedAt: now,
		recordedBy: actor.id,
		law: clock?.law ?? null,
		dueDay: clock ? dayOf(receivedAt) + clock.days : null,
		endedAt: null,
		report: null,
		reason: null,
	}
	const entry = {
		action: 'record-subject-request',
		object: `subject-request:${row.id}`,
		...(model === undefined ? {} : { model }),
		details: {
			kind,
			receivedAt: formatTime(receivedAt),
			law: row.law,
			due: row.dueDay === null ? null : dayText(row.dueDay),
		},
	}
	await commit(context, actor, entry, [{ query: context.db.insert(subjectRequests).values(row) }])
	return toSubjectRequest(row)
}

const fault = (path: string, message: string) =>
	new AppError('invalid', `${path}: ${message}.`, { faults: [{ path, message }] })

async function checkDecision(
	context: Context,
	subject: string,
	model: string | undefined,
	predictionId: string,
): Promise<void> {
	if (model === undefined) throw fault('predictionId', 'needs the model of the decision: give `model` too')
	const stored = await context.log.read(model, predictionId)
	if (!stored) throw await noPrediction(context, model, predictionId)
	if (stored.subject !== undefined && stored.subject !== subject)
		throw fault('predictionId', 'is a decision about another person')
}

/** The shortest clock that such a request starts, by the laws that the model declares, else by all laws in force then. */
async function clockOf(
	context: Context,
	kind: SubjectRequestKind,
	model: string | undefined,
	at: number,
): Promise<{ law: string; days: number } | undefined> {
	const clocksOf = (ids: Iterable<string>) =>
		[...ids].flatMap((id) =>
			(lawAt(context, id, at)?.clocks ?? [])
				.filter(({ from }) => from === `request-for-${kind}`)
				.map((clock) => ({ law: `${id}/${clock.id}`, days: clock.days })),
		)
	const declared =
		model === undefined
			? []
			: clocksOf((await noticesAt(context, model, Number.MAX_SAFE_INTEGER)).settings.laws)
	const clocks = declared.length > 0 ? declared : clocksOf(lawTable(context).keys())
	return clocks.sort((a, b) => a.days - b.days)[0]
}

/** The requests of a person, the latest first. */
export async function listSubjectRequests(
	context: Context,
	actor: Actor,
	subject: string,
	page: PageQuery,
): Promise<Page<SubjectRequestRecord>> {
	authorise(actor, roles)
	const before = cursorText(page.cursor)
	const reach = await inReach(context, actor, subjectRequests.model)
	const rows = await context.db
		.select()
		.from(subjectRequests)
		.where(
			and(
				eq(subjectRequests.subject, subject),
				reach && or(reach, isNull(subjectRequests.model)),
				before === undefined ? undefined : lt(subjectRequests.id, before),
			),
		)
		.orderBy(desc(subjectRequests.id))
		.limit(page.limit + 1)
	return toPage(rows, page.limit, (row) => row.id, toSubjectRequest)
}

/** Ends a request without a report: withdrawn, answered elsewhere, or from somebody else. Closing again is a conflict. */
export async function closeSubjectRequest(
	context: Context,
	actor: Actor,
	subject: string,
	id: string,
	{ reason }: { reason: string },
): Promise<SubjectRequestRecord> {
	authorise(actor, roles)
	const one = and(eq(subjectRequests.id, id), eq(subjectRequests.subject, subject))
	const [row] = await context.db.select().from(subjectRequests).where(one)
	if (!row || (row.model !== null && !inScope(actor, row.model)))
		throw new AppError('not-found', 'This person has no such request.')
	if (row.endedAt !== null) throw new AppError('conflict', `The request ${id} has already ended.`)
	await end(context, actor, row, { reason })
	return toSubjectRequest({ ...row, endedAt: context.now(), reason })
}

function end(
	context: Context,
	actor: Pick<Actor, 'id' | 'how'>,
	row: SubjectRequestRow,
	how: { reason: string } | { report: string },
) {
	const query = context.db
		.update(subjectRequests)
		.set({ endedAt: context.now(), ...how })
		.where(and(eq(subjectRequests.id, row.id), isNull(subjectRequests.endedAt)))
	const entry = {
		action: 'report' in how ? 'answer-subject-request' : 'close-subject-request',
		object: `subject-request:${row.id}`,
		...(row.model === null ? {} : { model: row.model }),
		...('reason' in how ? { why: how.reason } : { details: { report: how.report } }),
	}
	return commit(context, actor, entry, [{ query, guarded: true }])
}

/** The open requests. Those that a report has answered since are ended first. */
export async function openRequests(
	context: Context,
	actor: Pick<Actor, 'id' | 'how'>,
): Promise<SubjectRequestRow[]> {
	const rows = await context.db
		.select()
		.from(subjectRequests)
		.where(isNull(subjectRequests.endedAt))
		.orderBy(subjectRequests.dueDay)
	const open: SubjectRequestRow[] = []
	for (const row of rows) {
		const report = await answerOf(context, row)
		if (report === undefined) open.push(row)
		else await end(context, actor, row, { report })
	}
	return open
}

async function answerOf({ db }: Context, row: SubjectRequestRow): Promise<string | undefined> {
	const { kind, model, predictionId, subject, receivedAt } = row
	// A request about all models is answered by a report that has all models of its time.
	const covers =
		model === null
			? sql`json_array_length(${reports.models}) >= (SELECT count(*) FROM model m WHERE m.created_at <= ${reports.createdAt})`
			: sql`${model} IN (SELECT value FROM json_each(${reports.models}))`
	const [found] = await db
		.select({ id: reports.id })
		.from(reports)
		.where(
			and(
				predictionId === null
					? eq(reports.subject, subject)
					: and(eq(reports.model, model as string), eq(reports.predictionId, predictionId)),
				kind === 'access' || model !== null ? covers : undefined,
				inArray(reports.template, [...answeredBy[kind]]),
				gte(reports.createdAt, receivedAt),
			),
		)
		.orderBy(reports.id)
		.limit(1)
	return found?.id
}

/** Removes an erased person from requests; nobody can answer those that are open. The entry of the erasure records it. */
export async function forgetRequests(
	{ db, now }: Context,
	subject: string,
	models: readonly string[],
): Promise<void> {
	await db
		.update(subjectRequests)
		.set({
			subject: '',
			predictionId: null,
			endedAt: sql`coalesce(ended_at, ${now()})`,
			reason: sql`iif(ended_at IS NULL, 'The person was erased.', reason)`,
		})
		.where(
			and(
				eq(subjectRequests.subject, subject),
				or(isNull(subjectRequests.model), inArray(subjectRequests.model, [...models])),
			),
		)
}
