import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { parseDuration } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { models } from '../../db/schema.ts'
import { authorise } from '../key/authorise.ts'
import { digestOf } from './digest.ts'
import { checkLabels } from './favourable.ts'
import { findModel, type ModelRow, quote } from './find-model.ts'
import type { ModelInput, ModelRecord } from './model.schema.ts'
import { historyInsert } from './model-history.ts'
import { toModelRecord } from './model-record.ts'

const content = ({ createdAt: _, revision: __, seenNegative: ___, ...rest }: ModelRow) => rest

/**
 * Registers a model. The same content again answers what is there, `isNew: false`; other content under a name that is
 * taken throws `conflict`.
 */
export async function registerModel(
	context: Context,
	actor: Actor,
	input: ModelInput,
): Promise<{ record: ModelRecord; isNew: boolean }> {
	authorise(actor, 'admin', input.model)
	checkLabels(input)
	const { model: name, retention, ...rest } = input
	const row: ModelRow = {
		...rest,
		seenNegative: null,
		name,
		retentionMs: parseDuration(retention) as number,
		createdAt: context.now(),
		revision: 1,
	}
	const entry = {
		action: 'register-model',
		object: `model:${name}`,
		model: name,
		after: await digestOf(content(row)),
	}
	try {
		const query = context.db.insert(models).values(row).onConflictDoNothing()
		const changes = [{ query, guarded: true }, historyInsert(context, row, row.createdAt)]
		await commit(context, actor, entry, changes)
		return { record: toModelRecord(row), isNew: true }
	} catch (error) {
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
		const there = await findModel(context, name)
		if (canonicalJson(content(there)) === canonicalJson(content(row)))
			return { record: toModelRecord(there), isNew: false }
		throw new AppError('conflict', `The model ${quote(name)} is registered with other content.`, {
			cause: error,
			hint: { to: 'change-model', model: name },
		})
	}
}
