import { eq } from 'drizzle-orm'
import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { anyUse, type Use } from '../core/breather.ts'
import { AppError, type ErrorCode } from '../core/errors.ts'
import { modelVersions } from '../db/schema.ts'
import type { RowKind } from '../log/row-kinds.ts'
import { authorise } from '../registry/key/authorise.ts'
import { findModel, type ModelRow } from '../registry/model/find-model.ts'
import type { RowInput } from '../summaries/inputs/batch-builder.ts'
import type { FeatureSpec } from '../summaries/inputs/bins.ts'
import { BatchWriter } from './batch-writer.ts'
import { Rejections } from './rejections.ts'
import { RowRejected, type RowRules } from './row-checks.ts'
import type { IngestResult } from './rows.schema.ts'
import { validators } from './validate-row.ts'

/** A row of a body, parsed or not. `index` is its position as the client counts. */
export type IncomingRow =
	/** `hasLongNumbers`: it has integers beyond 2^53, each as a bigint. */
	| { index: number; value: unknown; hasLongNumbers?: boolean }
	| { index: number; error: 'malformed' | 'invalid' | 'too-large'; path?: string; message: string }

/**
 * Validates the rows of a body one by one and stores the valid ones in batches. Resolves when all accepted rows are durable.
 * Throws `overloaded` when the log has too many rows queued.
 */
export async function ingestRows(
	context: Context,
	actor: Actor,
	modelName: string,
	kind: RowKind,
	incoming: AsyncIterable<IncomingRow[]>,
	use = anyUse(),
): Promise<IngestResult> {
	// Check that the key may send rows of this model.
	authorise(actor, 'ingest', modelName)
	const model = await findModel(context, modelName)
	// Read the registered versions and the times that rows are validated against.
	const rules = await readRules(context, model)
	// Rows of an encrypted model are refused as a whole while their keys are missing.
	if (model.encrypt) await requireKeys(context)
	const rejections = new Rejections()
	const writer = new BatchWriter(context, model.name, kind, rejections, use.hold)
	// Validate each row and append the valid ones to the log, a thousand at a time.
	try {
		await takeRows(context, { model, kind, rules, rejections, writer, use }, incoming)
	} catch (error) {
		throw await withStoredRows(error, writer)
	}
	// Wait until all of them are durable.
	await writer.finish()
	// Count the rejected rows, for the metrics of the service.
	await storeRejections(context, model.name, rejections, writer)
	return {
		accepted: writer.accepted,
		duplicates: writer.duplicates,
		rejected: rejections.listed.sort((a, b) => a.index - b.index),
		rejectedCount: rejections.count,
		waiting: writer.pending,
	}
}

type Ingest = {
	model: ModelRow
	kind: RowKind
	rules: RowRules
	rejections: Rejections
	writer: BatchWriter
	use: Use
}

async function takeRows(
	context: Context,
	ingest: Ingest,
	incoming: AsyncIterable<IncomingRow[]>,
): Promise<void> {
	const { model, rules, writer } = ingest
	const { breather } = ingest.use
	for await (const rows of incoming) {
		breather.wake()
		for (const row of rows) {
			if ('value' in row && row.hasLongNumbers)
				rules.numericFeatures ??= await readNumericFeatures(context, model.name)
			const valid = validate(ingest, row)
			if (valid) writer.add(valid, row.index)
			if (writer.isFull) {
				await writer.flush()
				breather.wake()
			}
			// A large body must not keep small ones waiting until all of it is parsed.
			if (breather.isDue) await breather.breathe()
		}
		await writer.countBytes()
	}
}

function validate({ kind, rules, rejections }: Ingest, row: IncomingRow): RowInput | undefined {
	const { index } = row
	if ('error' in row) {
		const { error: code, path = '', message } = row
		rejections.add({ index, predictionId: null, code, path, message })
		return undefined
	}
	try {
		return validators[kind](row.value, rules)
	} catch (error) {
		if (!(error instanceof RowRejected)) throw error
		const { predictionId, environment } = namesIn(row.value)
		rejections.add({ index, predictionId, ...error.rejection }, environment)
		return undefined
	}
}

/** The id and environment of a rejected row, as far as they are texts. */
function namesIn(value: unknown): { predictionId: string | null; environment: string | undefined } {
	const { predictionId: id, environment } = (value ?? {}) as { predictionId?: unknown; environment?: unknown }
	return {
		predictionId: typeof id === 'string' ? id.slice(0, 256).toWellFormed() : null,
		environment:
			typeof environment === 'string' && environment !== '' ? environment.slice(0, 256) : undefined,
	}
}

async function requireKeys({ log }: Context): Promise<void> {
	const fault = await log.encryptionFault()
	if (fault !== undefined) throw new AppError('unavailable', fault, { retryAfterMs: 60_000 })
}

async function readRules(context: Context, model: ModelRow): Promise<RowRules> {
	const versions = await context.db
		.select({ version: modelVersions.version })
		.from(modelVersions)
		.where(eq(modelVersions.model, model.name))
	const now = context.now()
	const { limits } = context
	return {
		versions: new Set(versions.map((v) => v.version)),
		oldest: now - model.retentionMs,
		latest: now + limits.futureMs,
		limits,
		areLabelsNumbers: model.task === 'regression' || model.task === 'ranking',
	}
}

async function readNumericFeatures(context: Context, model: string): Promise<Map<string, Set<string>>> {
	const versions = await context.db
		.select({ version: modelVersions.version, features: modelVersions.features })
		.from(modelVersions)
		.where(eq(modelVersions.model, model))
	const numeric = (features: readonly FeatureSpec[]) =>
		new Set(features.filter((f) => f.type === 'numeric').map((f) => f.name))
	return new Map(versions.map(({ version, features }) => [version, numeric(features)]))
}

const bodyErrors: readonly ErrorCode[] = ['malformed', 'too-large', 'timeout']

/** An error in the middle of a body, with the number of rows before it that are stored. */
async function withStoredRows(error: unknown, writer: BatchWriter): Promise<unknown> {
	await writer.settled()
	if (!(error instanceof AppError) || !bodyErrors.includes(error.code)) return error
	const stored =
		writer.stored === 0
			? 'No row was stored.'
			: `${writer.stored} rows before it are stored; send the whole body again, and they count as duplicates.`
	return new AppError(error.code, `${error.message} ${stored}`, { cause: error, faults: error.faults })
}

/** The rows are stored whether their rejections can be counted or not: a failure is only logged. */
async function storeRejections(
	context: Context,
	model: string,
	rejections: Rejections,
	writer: BatchWriter,
): Promise<void> {
	try {
		await rejections.store(context, model, writer.stored)
	} catch (error) {
		context.logger.warn('rejected rows could not be counted', { model, error: String(error) })
	}
}
