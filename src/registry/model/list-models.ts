import { and, asc, gt } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { models } from '../../db/schema.ts'
import { authorise } from '../key/authorise.ts'
import { findModel } from './find-model.ts'
import type { ModelHealth, ModelRecord, ModelWithHealth } from './model.schema.ts'
import { toModelRecord } from './model-record.ts'
import { inReach } from './reached-models.ts'
import { readHealth } from './read-health.ts'

async function withHealth(context: Context, records: ModelRecord[]): Promise<ModelWithHealth[]> {
	const health = await readHealth(
		context,
		records.map((r) => r.model),
	)
	return records.map((record) => ({ ...record, health: health.get(record.model) as ModelHealth }))
}

/** The models in the actor's scope, by name, each with its health. */
export async function listModels(
	context: Context,
	actor: Actor,
	query: PageQuery,
): Promise<Page<ModelWithHealth>> {
	authorise(actor, 'viewer')
	const after = cursorText(query.cursor)
	const rows = await context.db
		.select()
		.from(models)
		.where(
			and(
				await inReach(context, actor, models.name),
				after === undefined ? undefined : gt(models.name, after),
			),
		)
		.orderBy(asc(models.name))
		.limit(query.limit + 1)
	const page = toPage(rows, query.limit, (row) => row.name, toModelRecord)
	return { ...page, items: await withHealth(context, page.items) }
}

/** One model with its health. Throws `not-found`. */
export async function getModel(context: Context, actor: Actor, name: string): Promise<ModelWithHealth> {
	authorise(actor, 'viewer', name)
	const record = toModelRecord(await findModel(context, name))
	return (await withHealth(context, [record]))[0] as ModelWithHealth
}
