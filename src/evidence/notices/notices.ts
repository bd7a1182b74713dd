import { and, desc, eq, lte, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, readers } from '../../core/actor.ts'
import { canonicalJson, digestOf } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { noticeSettings } from '../../db/schema.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { didYouMean, findModel } from '../../registry/model/find-model.ts'
import { lawTable } from '../reports/law.ts'
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
	checkLaws(context, settings.laws)
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

/** Throws `invalid` for an id that the law tables do not have, with the nearest. */
function checkLaws(context: Context, ids: readonly string[]): void {
	const known = [...lawTable(context).keys()]
	const at = ids.findIndex((id) => !known.includes(id))
	if (at === -1) return
	const id = ids[at] as string
	const near = didYouMean(id, known, `There are ${known.join(', ')}.`)
	const message = `${JSON.stringify(id)} is not a row of the law tables.${near}`
	throw new AppError('invalid', `laws.${at}: ${message}`, { faults: [{ path: `laws.${at}`, message }] })
}

/** The settings in force now of all models that declare laws. */
export async function modelsWithLaws(
	context: Context,
): Promise<{ model: string; settings: NoticeSettings }[]> {
	const newest = sql`${noticeSettings.revision} = (SELECT max(n.revision) FROM notice_setting n WHERE n.model = ${noticeSettings.model})`
	const rows = await context.db.select().from(noticeSettings).where(newest).orderBy(noticeSettings.model)
	return rows
		.map(({ model, settings }) => ({ model, settings: settings as NoticeSettings }))
		.filter(({ settings }) => settings.laws.length > 0)
}
