import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { canonicalJson, digestOf } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { dayMs, durationText, formatTime, parseDuration } from '../../core/time.ts'
import { type Change, commit, type EntryDraft } from '../../db/commit.ts'
import { models } from '../../db/schema.ts'
import { authorise } from '../key/authorise.ts'
import { checkLabels } from './favourable.ts'
import { findModel, type ModelRow, quote } from './find-model.ts'
import type { ModelInput, ModelPatch, ModelRecord } from './model.schema.ts'
import { historyInsert, withoutNulls } from './model-history.ts'

export function toModelRecord(row: ModelRow): ModelRecord {
	const { name, retentionMs, validatedAt, nextReview, createdAt, revision, seenNegative: _, ...rest } = row
	const time = (ms: number | null) => (ms === null ? null : formatTime(ms))
	return {
		model: name,
		...rest,
		deleteAfter: rest.deleteAfter as ModelRecord['deleteAfter'],
		retention: durationText(retentionMs),
		validatedAt: time(validatedAt),
		nextReview: time(nextReview),
		createdAt: formatTime(createdAt),
		revision,
	}
}

/** Members that came later are left out while they have their default, so that digests stay those of older entries. */
function content({ createdAt: _, revision: __, seenNegative: ___, ...rest }: ModelRow) {
	const { purpose, limitations, validatedAt, nextReview, deleteAfter, encrypt, ...first } = rest
	return {
		...first,
		...(encrypt ? { encrypt } : {}),
		...withoutNulls({ purpose, limitations, validatedAt, nextReview, deleteAfter }),
	}
}

/**
 * Registers a model. The same content again returns the existing model with `isNew: false`; other content under a taken name
 * throws `conflict`.
 */
export async function registerModel(
	context: Context,
	actor: Actor,
	input: ModelInput,
): Promise<{ record: ModelRecord; isNew: boolean }> {
	authorise(actor, 'admin', input.model)
	checkLabels(input)
	checkValidated(context, input)
	await checkEncryption(context, input)
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
		const existing = await findModel(context, name)
		if (canonicalJson(content(existing)) === canonicalJson(content(row)))
			return { record: toModelRecord(existing), isNew: false }
		throw new AppError(
			'conflict',
			`The model ${quote(name)} is registered with other content. Change it with PATCH /v1/models/${encodeURIComponent(name)}.`,
			{ cause: error },
		)
	}
}

/**
 * Changes settings of a model; a patch without a change makes no ledger entry. `known` is the model as the decision to
 * change it read it. Throws `not-found` and `conflict`.
 */
export async function patchModel(
	context: Context,
	actor: Actor,
	name: string,
	patch: ModelPatch,
	known?: ModelRow,
): Promise<ModelRecord> {
	authorise(actor, 'admin', name)
	const before = known ?? (await findModel(context, name))
	const { retention, ...given } = patch
	const changes = {
		...(Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as Partial<ModelRow>),
		...(retention === undefined ? {} : { retentionMs: parseDuration(retention) as number }),
	}
	const after = { ...before, ...changes }
	checkLabels(after)
	checkValidated(context, changes)
	await checkEncryption(context, after, before)
	// The negative label seen in rows was the opposite of the old positive label.
	if (after.positiveLabel !== before.positiveLabel) after.seenNegative = null
	if (canonicalJson(before) === canonicalJson(after)) return toModelRecord(before)
	const { row, entry, changes: stored } = await modelChange(context, before, after, Object.keys(patch))
	await commit(context, actor, entry, stored)
	if (patch.maturity) await markOutcomesDue(context, name)
	const isRelabelled = after.favourable !== before.favourable || after.negativeLabel !== before.negativeLabel
	if (isRelabelled) await markSummariesDirty(context, name)
	return toModelRecord(row)
}

/** A day later than now, since it is tomorrow somewhere. */
function checkValidated({ now }: Context, { validatedAt }: { validatedAt?: number | null }): void {
	if (typeof validatedAt !== 'number' || validatedAt <= now() + dayMs) return
	const message =
		'validatedAt is in the future: say when the model was validated. The next time is `nextReview`.'
	throw new AppError('invalid', message, { faults: [{ path: 'validatedAt', message }] })
}

/** Encryption needs keys, and cannot be taken back: nobody would know which rows have none. */
async function checkEncryption(
	{ log }: Context,
	{ encrypt }: Pick<ModelRow, 'encrypt'>,
	before?: ModelRow,
): Promise<void> {
	if (before?.encrypt && !encrypt)
		throw new AppError(
			'invalid',
			'Encryption cannot be taken back. Leave out `encrypt`, or register another model.',
		)
	const fault = encrypt && !before?.encrypt ? await log.encryptionFault() : undefined
	if (fault !== undefined)
		throw new AppError('invalid', `encrypt: ${fault}`, { faults: [{ path: 'encrypt', message: fault }] })
}

/** The next revision of a model, with its entry, for the commit of what it is part of. */
export async function modelChange(
	context: Context,
	before: ModelRow,
	after: ModelRow,
	members: readonly string[],
	why?: string,
): Promise<{ row: ModelRow; entry: EntryDraft; changes: Change[] }> {
	const row = { ...after, revision: before.revision + 1 }
	const unchanged = and(eq(models.name, before.name), eq(models.revision, before.revision))
	const entry = {
		action: 'change-model',
		object: `model:${before.name}`,
		model: before.name,
		...(why === undefined ? {} : { why }),
		before: await digestOf(content(before)),
		after: await digestOf(content(after)),
		details: { members },
	}
	const query = context.db.update(models).set(row).where(unchanged)
	return { row, entry, changes: [{ query, guarded: true }, historyInsert(context, row, context.now())] }
}

/** Windows that wait for outcomes are due at once: the new policy decides whether they are mature. */
const markOutcomesDue = (context: Context, model: string) =>
	context.sql.batch([
		{
			sql: `UPDATE outcome_record SET mature_at = 0 WHERE mature_at IS NOT NULL AND superseded_at IS NULL
				AND series IN (SELECT id FROM log_series WHERE model = ?)`,
			params: [model],
		},
	])

/** Groups are now compared by another decision: every stored outcome summary is computed again. */
const markSummariesDirty = (context: Context, model: string) =>
	context.sql.batch([
		{
			sql: `INSERT INTO log_tally_dirty (series, hour, mark) SELECT DISTINCT series, hour, 1 FROM log_tally
				WHERE series IN (SELECT id FROM log_series WHERE model = ?)
				ON CONFLICT (series, hour) DO UPDATE SET mark = mark + 1`,
			params: [model],
		},
	])
