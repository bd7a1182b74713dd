import { and, desc, eq, gt, isNotNull, isNull, lt, lte, or } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { matchesGlob } from '../../core/glob.ts'
import { newId } from '../../core/ids.ts'
import { collectPage, cursorText, type Page, type PageQuery } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { type Change, commit } from '../../db/commit.ts'
import { holds } from '../../db/schema.ts'
import { authorise, coversGlobs } from '../../registry/key/authorise.ts'
import { findModel } from '../../registry/model/find-model.ts'
import type { Hold, HoldInput } from './erasure.schema.ts'
import { subjectDigest } from './keyed-digest.ts'

type HoldRow = typeof holds.$inferSelect

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))
const isActive = ({ liftedAt, until }: HoldRow, now: number) =>
	liftedAt === null && (until === null || until > now)

const toHold = (row: HoldRow, now: number): Hold => ({
	id: row.id,
	subject: isActive(row, now) ? row.subject : null,
	model: row.model,
	reason: row.reason,
	author: row.author,
	status: isActive(row, now) ? 'active' : 'ended',
	createdAt: formatTime(row.createdAt),
	until: timeOrNull(row.until),
	liftedAt: timeOrNull(row.liftedAt),
})

/** Throws `invalid` for a reason that names the subject: the ledger would keep the name for good. */
export function checkReason(reason: string, subject: string): void {
	if (!reason.toLowerCase().includes(subject.toLowerCase())) return
	const message = 'must not name the subject: the ledger keeps it for good'
	throw new AppError('invalid', `reason: ${message}`, { faults: [{ path: 'reason', message }] })
}

/** The object of ledger entries about a hold, by a digest where it names a person. */
async function heldObject(context: Context, { subject, model }: Pick<HoldRow, 'subject' | 'model'>) {
	return subject === null ? { model } : { subject: await subjectDigest(context, subject) }
}

/** Until it ends, nothing that it covers is erased or deleted by retention. */
export async function createHold(context: Context, actor: Actor, input: HoldInput): Promise<Hold> {
	authorise(actor, 'auditor', input.model)
	const { subject = null, model = null, reason, until = null } = input
	const now = context.now()
	if (until !== null && until <= now)
		throw new AppError('invalid', 'until: must be in the future', {
			faults: [{ path: 'until', message: 'must be in the future' }],
		})
	if (subject !== null) checkReason(reason, subject)
	if (model !== null) await findModel(context, model)
	const row: HoldRow = {
		id: newId('hold', now, context.random),
		...{ subject, model, reason, until, models: [...actor.models] },
		author: actor.id,
		createdAt: now,
		liftedAt: null,
	}
	const entry = {
		action: 'create-hold',
		object: `hold:${row.id}`,
		...(model === null ? {} : { model }),
		why: reason,
		details: { ...(await heldObject(context, row)), until: timeOrNull(until) },
	}
	await commit(context, actor, entry, [{ query: context.db.insert(holds).values(row) }])
	return toHold(row, now)
}

const covered = (actor: Actor, { model, models }: HoldRow) =>
	coversGlobs(actor, model === null ? models : [model])

/** Holds whose models are all in the actor's scope, the latest first. */
export async function listHolds(context: Context, actor: Actor, query: PageQuery): Promise<Page<Hold>> {
	authorise(actor, 'auditor')
	const now = context.now()
	return collectPage(
		query.limit,
		(after, count) =>
			context.db
				.select()
				.from(holds)
				.where(after === undefined ? undefined : lt(holds.id, after))
				.orderBy(desc(holds.id))
				.limit(count),
		cursorText(query.cursor),
		(row) => row.id,
		(row) => covered(actor, row),
		(row) => toHold(row, now),
	)
}

/** Lifts a hold. Lifting it again changes nothing. */
export async function liftHold(context: Context, actor: Actor, id: string): Promise<Hold> {
	authorise(actor, 'auditor')
	const [row] = await context.db.select().from(holds).where(eq(holds.id, id))
	if (!row || !covered(actor, row)) throw new AppError('not-found', `There is no hold "${id.slice(0, 100)}".`)
	const now = context.now()
	if (!isActive(row, now)) return toHold(row, now)
	const entry = {
		action: 'lift-hold',
		object: `hold:${id}`,
		...(row.model === null ? {} : { model: row.model }),
		details: await heldObject(context, row),
	}
	const query = context.db
		.update(holds)
		.set({ liftedAt: now, subject: null })
		.where(and(eq(holds.id, id), isNull(holds.liftedAt)))
	await commit(context, actor, entry, [{ query, guarded: true }])
	return toHold({ ...row, liftedAt: now }, now)
}

const activeHolds = (context: Context): Promise<HoldRow[]> =>
	context.db
		.select()
		.from(holds)
		.where(and(isNull(holds.liftedAt), or(isNull(holds.until), gt(holds.until, context.now()))))

/** What is on hold, for retention. */
export async function heldNow(context: Context): Promise<{ models: Set<string>; subjects: HoldRow[] }> {
	const rows = await activeHolds(context)
	return {
		models: new Set(rows.flatMap(({ model }) => (model === null ? [] : [model]))),
		subjects: rows.filter(({ subject }) => subject !== null),
	}
}

/** Throws `on-hold` when the subject is on hold in one of the models, or one of the `touched` models is. */
export async function refuseOnHold(
	context: Context,
	subject: string,
	models: readonly string[],
	touched: readonly string[],
): Promise<void> {
	const hold = (await activeHolds(context)).find((row) =>
		row.subject === null
			? touched.includes(row.model ?? '')
			: row.subject === subject &&
				models.some((model) => row.models.some((glob) => matchesGlob(glob, model))),
	)
	if (!hold) return
	const what = hold.subject === null ? `The model "${hold.model}"` : 'The subject'
	throw new AppError(
		'on-hold',
		`${what} is on hold (${hold.id}), so nothing was erased. An auditor can lift the hold.`,
	)
}

/** Fails the commit when a hold was created since `refuseOnHold` looked. */
export const noNewHold = (since: number): Change => ({
	query: { sql: 'INSERT INTO guard (ok) SELECT count(*) = ? FROM hold', params: [since] },
})
export const countHolds = (context: Context): Promise<number> => context.db.$count(holds)

/** Subjects of holds that have ended are not kept. */
export const forgetEnded = async (context: Context): Promise<void> => {
	await context.db
		.update(holds)
		.set({ subject: null })
		.where(and(isNotNull(holds.subject), lte(holds.until, context.now())))
}
