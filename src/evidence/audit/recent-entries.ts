import { and, desc, eq, gte, or, type SQL, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { formatTime } from '../../core/time.ts'
import { inList } from '../../db/database.ts'
import { ledgerEntries } from '../../db/schema.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { inReach, reachedModels } from '../../registry/model/find-model.ts'

/** What entries are about: a model, a person, one object, or a prediction of any model. */
export type EntrySubject =
	| { model: string }
	| { actors: readonly string[] }
	| { object: string }
	| { prediction: string }

/** Kinds of entries by what people call them: globs of actions, or the kind of the requests that they are about. */
export const entryTopics: Record<string, { actions: readonly string[] } | { requests: string }> = {
	approvals: { actions: ['vote-request', 'approve-request', 'reject-request', 'refuse-vote'] },
	rollback: { requests: 'rollback' },
	promotion: { requests: 'promotion' },
	retraining: { requests: 'retraining' },
	deployments: { actions: ['set-deployment'] },
	silences: { actions: ['*-silence'] },
	incidents: { actions: ['*-incident'] },
	access: { actions: ['*-key', '*-slack-user'] },
}

export type RecentQuery = {
	subject?: EntrySubject | undefined
	topics?: readonly string[]
	/** In ms since the epoch. */
	since?: number | undefined
	limit: number
}

/** An entry as people read it. */
export type RecentEntry = {
	index: number
	at: string
	actor: string
	action: string
	object: string
	model: string | null
	why: string | undefined
}

/**
 * The actors that are one person: all keys and Slack users of the owner that is named, or of the owner of the actor that is
 * named. Empty if the name is neither.
 */
export async function actorsOfPerson(context: Context, name: string): Promise<string[]> {
	const rows = await context.sql.all<{ id: string }>({
		sql: `WITH owned AS (
				SELECT 'key:' || id AS id, lower(trim(owner)) AS owner FROM access_key
				UNION ALL SELECT 'slack:' || team || '/' || user, lower(trim(owner)) FROM slack_user)
			SELECT DISTINCT id FROM owned WHERE id = ?1 OR owner = lower(trim(?1))
				OR owner = (SELECT owner FROM owned WHERE id = ?1 AND owner <> '')`,
		params: [name],
	})
	return rows.map((row) => row.id)
}

/** What a person did, or an actor with that very name, such as a job. */
export const byPerson = async (context: Context, name: string): Promise<SQL> =>
	inList(ledgerEntries.actor, [name, ...(await actorsOfPerson(context, name))])

/** The newest ledger entries of the actor's models that match, newest first; with the number of all. */
export async function recentEntries(
	context: Context,
	actor: Actor,
	{ subject, topics = [], since, limit }: RecentQuery,
): Promise<{ items: RecentEntry[]; areMore: boolean }> {
	authorise(actor, 'auditor', subject && 'model' in subject ? subject.model : undefined)
	const matching = [
		await inReach(context, actor, ledgerEntries.model),
		since === undefined ? undefined : gte(ledgerEntries.at, since),
		subject && (await aboutSubject(context, actor, subject)),
		...topics.map((topic) => ofTopic(topic)),
	]
	const rows = await context.db
		.select()
		.from(ledgerEntries)
		.where(and(...matching))
		.orderBy(desc(ledgerEntries.idx))
		.limit(limit + 1)
	const items = rows.slice(0, limit).map(({ idx, at, entry, ...row }) => ({
		index: idx,
		at: formatTime(at),
		actor: row.actor,
		action: row.action,
		object: row.object,
		model: row.model,
		why: (JSON.parse(entry) as { why?: string }).why,
	}))
	return { items, areMore: rows.length > limit }
}

async function aboutSubject(context: Context, actor: Actor, subject: EntrySubject): Promise<SQL | undefined> {
	if ('model' in subject) return eq(ledgerEntries.model, subject.model)
	if ('actors' in subject) return inList(ledgerEntries.actor, subject.actors)
	if ('object' in subject) return eq(ledgerEntries.object, subject.object)
	const models = await reachedModels(context, actor)
	return inList(
		ledgerEntries.object,
		models.map((model) => `prediction:${model}/${subject.prediction}`),
	)
}

function ofTopic(name: string): SQL | undefined {
	const topic = entryTopics[name]
	if (topic === undefined) return undefined
	if ('requests' in topic)
		return sql`${ledgerEntries.object} IN (SELECT 'request:' || id FROM request WHERE kind = ${topic.requests})`
	return or(...topic.actions.map((action) => sql`${ledgerEntries.action} GLOB ${action}`))
}
