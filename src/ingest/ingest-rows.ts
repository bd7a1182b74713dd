import { eq } from 'drizzle-orm'
import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { anyUse, type Breather } from '../core/breather.ts'
import type { ByteHold } from '../core/byte-budget.ts'
import { AppError, type ErrorCode } from '../core/errors.ts'
import { modelVersions } from '../db/schema.ts'
import type { AppendStatus, RowKind } from '../log/prediction-log.ts'
import { authorise } from '../registry/key/authorise.ts'
import { findModel, type ModelRow } from '../registry/model/find-model.ts'
import { BatchBuilder } from '../summaries/inputs/batch-builder.ts'
import type { FeatureSpec } from '../summaries/inputs/bins.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import { noteRejections, type Rejections } from './note-rejections.ts'
import { defaultEnvironment, evaluators, sentId } from './row-schemas.ts'
import type { IngestResult, RejectedRow } from './rows.schema.ts'
import { RowRejected, type RowRules } from './validate-row.ts'

/** A row of a body, parsed or not. `index` is its position as the client counts. */
export type IncomingRow =
	/** `hasLongNumbers`: it has integers beyond 2^53, each as a bigint. */
	| { index: number; value: unknown; hasLongNumbers?: boolean }
	| { index: number; error: 'malformed' | 'invalid' | 'too-large'; path?: string; message: string }

const batchRows = 1000
const maxListed = 10_000
/** Outcomes are small, and many of them together are stored faster. */
const maxInFlight: Record<RowKind, number> = { prediction: 2, feature: 2, outcome: 8, group: 2 }
/** A batch that takes more is stored before it has all its rows. */
const maxBatchBytes = 4 * 2 ** 20
const retryMs = 100
const maxRetries = 100

const ofTheBody: readonly ErrorCode[] = ['malformed', 'too-large', 'timeout']

const conflictMessage = 'stored before with other content; what is stored is never overwritten'

/**
 * Judges rows one by one and stores the good ones, a thousand at a time, with at most two batches on their way.
 * Resolves when all that it counts as accepted is durable. Throws `overloaded` when the store is too far behind.
 */
export async function ingestRows(
	context: Context,
	actor: Actor,
	modelName: string,
	kind: RowKind,
	incoming: AsyncIterable<IncomingRow[]>,
	use = anyUse(),
): Promise<IngestResult> {
	authorise(actor, 'ingest', modelName)
	const model = await findModel(context, modelName)
	const rules = await rulesFor(context, model)
	const run = new IngestRun(context, model.name, kind, rules, use.hold)
	try {
		await takeAll(run, incoming, use.breather, async () => {
			rules.numericFeatures ??= await numericFeatures(context, model.name)
		})
	} catch (error) {
		throw await run.breakOff(error)
	}
	return run.finish()
}

async function takeAll(
	run: IngestRun,
	incoming: AsyncIterable<IncomingRow[]>,
	breather: Breather,
	readFeatures: () => Promise<void>,
): Promise<void> {
	for await (const rows of incoming) {
		breather.wake()
		for (const row of rows) {
			if ('value' in row && row.hasLongNumbers) await readFeatures()
			if (run.take(row)) {
				await run.flush()
				breather.wake()
			}
			// A large body must not keep small ones waiting until all of it is parsed.
			if (breather.isDue) await breather.breathe()
		}
		await run.count()
	}
}

async function numericFeatures(context: Context, model: string): Promise<Map<string, Set<string>>> {
	const versions = await context.db
		.select({ version: modelVersions.version, features: modelVersions.features })
		.from(modelVersions)
		.where(eq(modelVersions.model, model))
	const numeric = (features: readonly FeatureSpec[]) =>
		new Set(features.filter((f) => f.type === 'numeric').map((f) => f.name))
	return new Map(versions.map(({ version, features }) => [version, numeric(features)]))
}

async function rulesFor(context: Context, model: ModelRow): Promise<RowRules> {
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

class IngestRun {
	private readonly answer: IngestResult = {
		accepted: 0,
		duplicates: 0,
		rejected: [],
		rejectedCount: 0,
		waiting: 0,
	}
	private builder = new BatchBuilder(batchRows)
	private indexes: number[] = []
	private readonly inFlight = new Set<Promise<void>>()
	private readonly rejections: Rejections['counts'] = new Map()
	private failure: unknown
	private stored = false
	private readonly context: Context
	private readonly model: string
	private readonly kind: RowKind
	private readonly rules: RowRules
	private readonly hold: ByteHold
	/** What is counted of the rows that are not on their way yet. */
	private counted = 0

	constructor(context: Context, model: string, kind: RowKind, rules: RowRules, hold: ByteHold) {
		this.hold = hold
		this.context = context
		this.model = model
		this.kind = kind
		this.rules = rules
	}

	/** Takes one row; true when a batch is full. */
	take(row: IncomingRow): boolean {
		if ('error' in row) {
			const { index, error: code, path = '', message } = row
			this.reject({ index, predictionId: null, code, path, message })
			return false
		}
		try {
			this.builder.add(evaluators[this.kind](row.value, this.rules))
			this.indexes.push(row.index)
		} catch (error) {
			if (!(error instanceof RowRejected)) throw error
			const rejected = { index: row.index, predictionId: idOf(row.value), ...error.rejection }
			this.reject(rejected, environmentOf(row.value))
		}
		return this.builder.full || this.builder.bytes > maxBatchBytes
	}

	/** Counts what the rows at hand take in memory. Where that is short they are stored at once, and nothing is held. */
	async count(): Promise<void> {
		const more = this.builder.bytes - this.counted
		if (more > 0 && !this.hold.isTight && this.hold.tryTake(more)) this.counted += more
		else if (more > 0) await this.flush()
	}

	private reject(row: RejectedRow, environment = defaultEnvironment): void {
		this.answer.rejectedCount++
		const codes = this.rejections.get(environment) ?? new Map<string, number>()
		this.rejections.set(environment, codes.set(row.code, (codes.get(row.code) ?? 0) + 1))
		if (this.answer.rejected.length < maxListed) this.answer.rejected.push(copyOf(row))
	}

	/** Sends the rows collected so far on their way, and waits while too many are. */
	async flush(): Promise<void> {
		if (this.builder.length === 0) return
		const batch = this.builder.finish()
		const { indexes } = this
		const { counted } = this
		this.builder = new BatchBuilder(batchRows)
		this.indexes = []
		this.counted = 0
		const work = this.store(batch, indexes).then(
			() => {},
			(error) => {
				this.failure ??= error
			},
		)
		this.inFlight.add(work)
		void work.finally(() => {
			this.inFlight.delete(work)
			this.hold.give(counted)
		})
		if (this.inFlight.size >= maxInFlight[this.kind]) await Promise.race(this.inFlight)
		if (this.failure) throw this.failure
	}

	private async store(batch: RowBatch, indexes: number[]): Promise<void> {
		// The buffers go to the writer; the ids are copied, and stay.
		const { ids, strings } = batch
		const environments = batch.environments.slice()
		const { statuses, waiting } = await this.append(batch)
		this.stored = true
		this.answer.waiting += waiting
		statuses.forEach((v, r) => {
			if (v === 0) this.answer.accepted++
			else if (v === 1) this.answer.duplicates++
			else {
				const predictionId = sentId(this.kind, ids[r] as string)
				const rejected = { index: indexes[r] as number, predictionId, path: 'predictionId' }
				this.reject(
					{ ...rejected, code: 'conflict', message: conflictMessage },
					strings[environments[r] as number],
				)
			}
		})
	}

	/** A stream that has begun waits for the writer; a request that has stored nothing is sent away at once. */
	private async append(batch: RowBatch): Promise<AppendStatus> {
		for (let tries = 0; ; tries++) {
			try {
				return await this.context.log.append(this.model, this.kind, batch)
			} catch (error) {
				const busy = error instanceof AppError && error.code === 'overloaded'
				if (!busy || !this.stored || tries === maxRetries) throw error
				await new Promise((resolve) => setTimeout(resolve, retryMs))
			}
		}
	}

	/** The error of a body that broke off, once it is known what was stored of the rows before. */
	async breakOff(error: unknown): Promise<unknown> {
		await Promise.allSettled(this.inFlight)
		if (!(error instanceof AppError) || !ofTheBody.includes(error.code)) return error
		const { accepted, duplicates } = this.answer
		const stored =
			accepted + duplicates === 0
				? 'No row was stored.'
				: `${accepted + duplicates} rows before it are stored; send the whole body again, and they count as duplicates.`
		return new AppError(error.code, `${error.message} ${stored}`, { cause: error, faults: error.faults })
	}

	/** The rows are stored, or never will be, whether they can be counted or not. */
	private async countRejections(): Promise<void> {
		const { accepted, duplicates } = this.answer
		try {
			await noteRejections(this.context, this.model, {
				taken: accepted + duplicates,
				counts: this.rejections,
			})
		} catch (error) {
			this.context.logger.warn('rejected rows could not be counted', {
				model: this.model,
				error: String(error),
			})
		}
	}

	async finish(): Promise<IngestResult> {
		if (this.inFlight.size > 0 || this.builder.length > 0) await this.flush()
		await Promise.all(this.inFlight)
		if (this.failure) throw this.failure
		await this.countRejections()
		this.answer.rejected.sort((a, b) => a.index - b.index)
		return this.answer
	}
}

/** A part of a text keeps all of it in memory, which may be megabytes. */
const copyOf = (row: RejectedRow): RejectedRow => ({
	...row,
	path: copied(row.path),
	message: copied(row.message),
	predictionId: row.predictionId && copied(row.predictionId),
})
const copied = (text: string): string => JSON.parse(JSON.stringify(text.slice(0, 1024)))

const environmentOf = (value: unknown): string | undefined => {
	const environment = (value as { environment?: unknown } | null)?.environment
	return typeof environment === 'string' && environment !== '' ? environment.slice(0, 256) : undefined
}

function idOf(value: unknown): string | null {
	const id = (value as { predictionId?: unknown } | null)?.predictionId
	return typeof id === 'string' ? id.slice(0, 256).toWellFormed() : null
}
