import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { parseDuration } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { models } from '../../db/schema.ts'
import { authorise } from '../key/authorise.ts'
import { digestOf } from './digest.ts'
import { checkLabels } from './favourable.ts'
import { findModel, type ModelRow } from './find-model.ts'
import type { ModelPatch, ModelRecord } from './model.schema.ts'
import { historyInsert } from './model-history.ts'
import { toModelRecord } from './model-record.ts'

const content = ({ createdAt: _, revision: __, seenNegative: ___, ...rest }: ModelRow) => rest

/** Changes members of a model; a patch that changes nothing leaves no entry. Throws `not-found` and `conflict`. */
export async function patchModel(
	context: Context,
	actor: Actor,
	name: string,
	patch: ModelPatch,
): Promise<ModelRecord> {
	authorise(actor, 'admin', name)
	const before = await findModel(context, name)
	const { retention, ...given } = patch
	const changes = {
		...(Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as Partial<ModelRow>),
		...(retention === undefined ? {} : { retentionMs: parseDuration(retention) as number }),
	}
	const after = { ...before, ...changes }
	checkLabels(after)
	// What rows said was the opposite of the label that was.
	if (after.positiveLabel !== before.positiveLabel) after.seenNegative = null
	if (canonicalJson(before) === canonicalJson(after)) return toModelRecord(before)
	const revision = before.revision + 1
	const mine = and(eq(models.name, name), eq(models.revision, before.revision))
	const entry = {
		action: 'change-model',
		object: `model:${name}`,
		model: name,
		before: await digestOf(content(before)),
		after: await digestOf(content(after)),
		details: { members: Object.keys(patch) },
	}
	const query = context.db
		.update(models)
		.set({ ...changes, seenNegative: after.seenNegative, revision })
		.where(mine)
	await commit(context, actor, entry, [
		{ query, guarded: true },
		historyInsert(context, { ...after, revision }, context.now()),
	])
	if (patch.maturity) await evaluateAgain(context, name)
	const isTurned = after.favourable !== before.favourable || after.negativeLabel !== before.negativeLabel
	if (isTurned) await computeAgain(context, name)
	return toModelRecord({ ...after, revision })
}

/** Windows that wait for outcomes are due at once: they are judged by the new policy, or wait by it. */
const evaluateAgain = (context: Context, model: string) =>
	context.sql.batch([
		{
			sql: `UPDATE outcome_record SET mature_at = 0 WHERE mature_at IS NOT NULL AND superseded_at IS NULL
				AND series IN (SELECT id FROM log_series WHERE model = ?)`,
			params: [model],
		},
	])

/** Groups are compared by another decision: what is still counted of the model is computed again. */
const computeAgain = (context: Context, model: string) =>
	context.sql.batch([
		{
			sql: `INSERT INTO log_tally_dirty (series, hour, mark) SELECT DISTINCT series, hour, 1 FROM log_tally
				WHERE series IN (SELECT id FROM log_series WHERE model = ?)
				ON CONFLICT (series, hour) DO UPDATE SET mark = mark + 1`,
			params: [model],
		},
	])
