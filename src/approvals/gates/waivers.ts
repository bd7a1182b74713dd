import { and, desc, eq, isNull, lt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, personOf } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { dayMs, formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { gateWaivers } from '../../db/schema.ts'
import { expiryOf } from '../../registry/key/access-keys.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import type { Waiver, WaiverInput } from './waivers.schema.ts'

type WaiverRow = typeof gateWaivers.$inferSelect

const longestMs = 366 * dayMs

const isActive = ({ endedAt, until }: WaiverRow, now: number) => endedAt === null && until > now

const toWaiver = ({ authorPerson, ...row }: WaiverRow, now: number): Waiver => ({
	id: row.id,
	model: row.model,
	version: row.version,
	gate: row.gate,
	reason: row.reason,
	author: row.author,
	person: authorPerson,
	status: row.endedAt === null && row.until > now ? 'active' : 'ended',
	createdAt: formatTime(row.createdAt),
	until: formatTime(row.until),
	endedAt: row.endedAt === null ? null : formatTime(row.endedAt),
})

/** Answers, by name and until a date, for a gate that a version has not passed. Throws `invalid` and `not-found`. */
export async function createWaiver(
	context: Context,
	actor: Actor,
	modelName: string,
	{ gate, version = undefined, reason, until: text }: WaiverInput,
): Promise<Waiver> {
	authorise(actor, 'admin', modelName)
	const model = await findModel(context, modelName)
	if (version !== undefined) await findVersion(context, model.name, version)
	const now = context.now()
	const until = untilOf(text, now)
	const row: WaiverRow = {
		id: newId('waiver', now, context.random),
		...{ model: model.name, version: version ?? null, gate, reason, until },
		author: actor.id,
		authorPerson: personOf(actor),
		createdAt: now,
		endedAt: null,
	}
	const entry = {
		action: 'create-waiver',
		object: `waiver:${row.id}`,
		model: model.name,
		why: reason.slice(0, 1000),
		details: { gate, until: formatTime(until), ...(version === undefined ? {} : { version }) },
	}
	await commit(context, actor, entry, [{ query: context.db.insert(gateWaivers).values(row) }])
	return toWaiver(row, now)
}

function untilOf(text: string, now: number): number {
	let fault = 'must be at most a year ahead: a waiver is not for good'
	try {
		const until = expiryOf(text, now)
		if (until !== null && until <= now + longestMs) return until
	} catch (error) {
		if (!(error instanceof AppError)) throw error
		fault = error.faults[0]?.message ?? error.message
	}
	throw new AppError('invalid', `until: ${fault}`, { faults: [{ path: 'until', message: fault }] })
}

/** The waivers of a model, the latest first, ended ones included. */
export async function listWaivers(
	context: Context,
	actor: Actor,
	modelName: string,
	{ cursor, limit }: PageQuery,
): Promise<Page<Waiver>> {
	authorise(actor, ['viewer', 'analyst', 'approver', 'auditor'], modelName)
	const model = await findModel(context, modelName)
	const after = cursorText(cursor)
	const rows = await context.db
		.select()
		.from(gateWaivers)
		.where(
			and(eq(gateWaivers.model, model.name), after === undefined ? undefined : lt(gateWaivers.id, after)),
		)
		.orderBy(desc(gateWaivers.id))
		.limit(limit + 1)
	const now = context.now()
	return toPage(
		rows,
		limit,
		(row) => row.id,
		(row) => toWaiver(row, now),
	)
}

/** Ends a waiver before its time. Ending it again changes nothing. */
export async function endWaiver(
	context: Context,
	actor: Actor,
	modelName: string,
	id: string,
): Promise<Waiver> {
	authorise(actor, 'admin', modelName)
	const of = and(eq(gateWaivers.id, id), eq(gateWaivers.model, modelName))
	const [row] = await context.db.select().from(gateWaivers).where(of)
	if (!row) throw new AppError('not-found', `${modelName} has no waiver "${id.slice(0, 100)}".`)
	const now = context.now()
	if (!isActive(row, now)) return toWaiver(row, now)
	const query = context.db
		.update(gateWaivers)
		.set({ endedAt: now })
		.where(and(of, isNull(gateWaivers.endedAt)))
	const entry = { action: 'end-waiver', object: `waiver:${id}`, model: row.model }
	await commit(context, actor, entry, [{ query, guarded: true }])
	return toWaiver({ ...row, endedAt: now }, now)
}
