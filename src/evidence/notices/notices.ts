import { and, desc, eq, lte } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, readers } from '../../core/actor.ts'
import { canonicalJson, digestOf } from '../../core/canonical-json.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { noticeSettings } from '../../db/schema.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel } from '../../registry/model/find-model.ts'
import type { NoticeSettings, NoticeSettingsRecord } from './notices.schema.ts'

/** The settings of a model's notices that were in force at a time; revision 0 before the first. */
export async function noticesAt(context: Context, model: string, at: number): Promise<NoticeSettingsRecord> {
	const [row] = await context.db
		.select()
		.from(noticeSettings)
		.where(and(eq(noticeSettings.model, model), lte(noticeSettings.since, at)))
		.orderBy(desc(noticeSettings.revision))
		.limit(1)
	if (!row) return { model, revision: 0, since: null, settings: { laws: [] } }
	const { revision, since } = row
	return { model, revision, since: formatTime(since), settings: row.settings as NoticeSettings }
}

export async function getNotices(
	context: Context,
	actor: Actor,
	model: string,
): Promise<NoticeSettingsRecord> {
	authorise(actor, readers, model)
	await findModel(context, model)
	return noticesAt(context, model, Number.MAX_SAFE_INTEGER)
}

/** Replaces the settings of a model's notices. Equal settings make no new revision. */
export async function putNotices(
	context: Context,
	actor: Actor,
	model: string,
	settings: NoticeSettings,
): Promise<NoticeSettingsRecord> {
	authorise(actor, 'admin', model)
	await findModel(context, model)
	const before = await noticesAt(context, model, Number.MAX_SAFE_INTEGER)
	if (before.revision > 0 && canonicalJson(before.settings) === canonicalJson(settings)) return before
	const row = { model, revision: before.revision + 1, since: context.now(), settings }
	const entry = {
		action: 'set-notices',
		object: `notices:${model}/${row.revision}`,
		model,
		...(before.revision === 0 ? {} : { before: await digestOf(before.settings) }),
		after: await digestOf(settings),
	}
	const query = context.db.insert(noticeSettings).values(row).onConflictDoNothing()
	await commit(context, actor, entry, [{ query, guarded: true }])
	return { model, revision: row.revision, since: formatTime(row.since), settings }
}
