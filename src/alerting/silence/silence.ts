import { and, desc, eq, gt, lt, lte } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { matchesGlob } from '../../core/glob.ts'
import { newId } from '../../core/ids.ts'
import { collectPage, cursorText, type Page, type PageQuery } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { type Change, commit, type EntryDraft } from '../../db/commit.ts'
import { silences } from '../../db/schema.ts'
import { authorise, authoriseGlobs, coversGlobs } from '../../registry/key/authorise.ts'
import { parseKey } from '../../rules/facts.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'
import { handlers } from '../incident/change-incident.ts'
import { silenceRequest } from './protected-silence.ts'
import type { Silence } from './silence.schema.ts'

type SilenceRow = typeof silences.$inferSelect
type Matchers = { rules?: string[]; models?: string[]; environments?: string[]; features?: string[] }
export type SilenceInput = Matchers & { reason: string; startsAt?: number; expiresAt: number }
function toSilence(row: SilenceRow, now: number): Silence {
	const { id, rules, models, environments, features, reason, author } = row
	const status = row.expiresAt <= now ? 'expired' : row.startsAt > now ? 'pending' : 'active'
	const times = {
		createdAt: formatTime(row.createdAt),
		startsAt: formatTime(row.startsAt),
		expiresAt: formatTime(row.expiresAt),
	}
	return { id, rules, models, environments, features, reason, author, status, ...times }
}

/**
 * Silences alerts that match all given globs: they are recorded, but open no incidents until the silence expires. Throws
 * `needs-approval` for a critical rule where a policy asks for it.
 */
export async function createSilence(context: Context, actor: Actor, input: SilenceInput): Promise<Silence> {
	authoriseGlobs(actor, handlers, input.models ?? ['*'])
	const now = context.now()
	const startsAt = input.startsAt ?? now
	if (input.expiresAt <= Math.max(now, startsAt))
		throw new AppError('invalid', 'A silence must end after its start and in the future.', {
			faults: [{ path: 'expiresAt', message: 'must be later' }],
		})
	const { row, entry, changes } = silenceChange(context, actor.id, { ...input, startsAt })
	const request = await silenceRequest(context, actor, row)
	if (request) throw request
	await commit(context, actor, entry, changes)
	return toSilence(row, now)
}

/** A new silence with its entry, for the commit of what it is part of. */
export function silenceChange(
	context: Context,
	author: string,
	input: SilenceInput,
): { row: SilenceRow; entry: EntryDraft; changes: Change[] } {
	const now = context.now()
	const { rules = ['*'], models = ['*'], environments = ['*'], features = ['*'], reason, expiresAt } = input
	const { startsAt = now } = input
	const row: SilenceRow = {
		id: newId('sil', now, context.random),
		...{ rules, models, environments, features, reason, startsAt, expiresAt, author },
		createdAt: now,
		revision: 1,
	}
	const details = {
		rules,
		models,
		environments,
		features,
		from: formatTime(startsAt),
		to: formatTime(expiresAt),
	}
	return {
		row,
		entry: {
			action: 'create-silence',
			object: `silence:${row.id}`,
			why: reason.slice(0, 1000),
			details,
		},
		changes: [{ query: context.db.insert(silences).values(row) }],
	}
}

/** The silences whose models are all in the actor's scope, the latest first. */
export async function listSilences(context: Context, actor: Actor, query: PageQuery): Promise<Page<Silence>> {
	authorise(actor, readers)
	const now = context.now()
	return collectPage(
		query.limit,
		(after, count) =>
			context.db
				.select()
				.from(silences)
				.where(after === undefined ? undefined : lt(silences.id, after))
				.orderBy(desc(silences.id))
				.limit(count),
		cursorText(query.cursor),
		(row) => row.id,
		(row) => coversGlobs(actor, row.models),
		(row) => toSilence(row, now),
	)
}

/** Ends a silence now. Ending it again changes nothing. */
export async function expireSilence(context: Context, actor: Actor, id: string): Promise<Silence> {
	authorise(actor, handlers)
	const [row] = await context.db.select().from(silences).where(eq(silences.id, id))
	if (!row || !coversGlobs(actor, row.models))
		throw new AppError('not-found', `There is no silence "${id.slice(0, 100)}".`, {
			hint: { to: 'list-silences' },
		})
	const now = context.now()
	if (row.expiresAt > now) {
		const mine = and(eq(silences.id, id), eq(silences.revision, row.revision))
		const query = context.db
			.update(silences)
			.set({ expiresAt: now, revision: row.revision + 1 })
			.where(mine)
		await commit(context, actor, { action: 'expire-silence', object: `silence:${id}` }, [
			{ query, guarded: true },
		])
		row.expiresAt = now
	}
	return toSilence(row, now)
}

export const activeSilences = (context: Context): Promise<SilenceRow[]> => {
	const now = context.now()
	return context.db
		.select()
		.from(silences)
		.where(and(lte(silences.startsAt, now), gt(silences.expiresAt, now)))
}

/** The silence that matches an alert, if any. */
export function silenceOf(list: readonly SilenceRow[], alert: AlertRow): SilenceRow | undefined {
	const { feature = '' } = parseKey(alert.subjectKey)
	const any = (globs: readonly string[], name: string) => globs.some((g) => matchesGlob(g, name))
	return list.find(
		(s) =>
			any(s.rules, alert.rule) &&
			any(s.models, alert.model) &&
			any(s.environments, alert.environment) &&
			any(s.features, feature),
	)
}
