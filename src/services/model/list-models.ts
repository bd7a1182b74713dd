import { asc, gt } from 'drizzle-orm'
import type { Actor, Context } from '../../context.ts'
import { models } from '../../db/schema.ts'
import { authorise, inScope } from '../authorise.ts'
import { collectPage, cursorText, type Page, type PageQuery } from '../page.ts'
import { findModel, type ModelRow } from './find-model.ts'
import { type ModelRecord, toModelRecord } from './model-record.ts'
import { type ModelHealth, readHealth } from './read-health.ts'

export type ModelWithHealth = ModelRecord & { health: ModelHealth }

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
	const read = (after: string | number | undefined) =>
		context.db
			.select()
			.from(models)
			.where(after === undefined ? undefined : gt(models.name, String(after)))
			.orderBy(asc(models.name))
			.limit(query.limit + 1)
	const name = (row: ModelRow) => row.name
	const page = await collectPage(
		query.limit,
		read,
		cursorText(query.cursor),
		name,
		(row) => inScope(actor, row.name),
		toModelRecord,
	)
	return { ...page, items: await withHealth(context, page.items) }
}

/** One model with its health. Throws `not-found` with the nearest name. */
export async function getModel(context: Context, actor: Actor, name: string): Promise<ModelWithHealth> {
	authorise(actor, 'viewer', name)
	const record = toModelRecord(await findModel(context, name))
	return (await withHealth(context, [record]))[0] as ModelWithHealth
}
