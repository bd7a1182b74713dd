import type { Context } from '../context.ts'
import type { ByteHold } from '../core/byte-budget.ts'
import { AppError } from '../core/errors.ts'
import { retry } from '../core/retry.ts'
import type { AppendStatus } from '../log/prediction-log.ts'
import { type RowKind, rowStatus } from '../log/row-kinds.ts'
import { BatchBuilder, type RowInput } from '../summaries/inputs/batch-builder.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import type { Rejections } from './rejections.ts'
import { sentId } from './validate-row.ts'

const batchRows = 1000
/** Outcomes are small, and many of them in one commit are stored faster. */
const maxInFlight: Record<RowKind, number> = { prediction: 2, feature: 2, outcome: 8, group: 2 }
/** A batch with more bytes is stored before it has all its rows. */
const maxBatchBytes = 4 * 2 ** 20
const retryMs = 100
const maxRetries = 100

const erasedMessage = 'this prediction was erased, and its id cannot be used again'
const conflictMessage =
	'a row with this id and other content is stored, and stored rows are never overwritten'

/** Collects the valid rows of one request into batches, and appends these to the log, a few at a time. */
export class BatchWriter {
	accepted = 0
	duplicates = 0
	pending = 0
	private builder = new BatchBuilder(batchRows)
	private indexes: number[] = []
	private readonly inFlight = new Set<Promise<void>>()
	private failure: unknown
	private hasStored = false
	/** Bytes that are taken from the memory budget for the rows of `builder`. */
	private counted = 0
	private readonly context: Context
	private readonly model: string
	private readonly kind: RowKind
	private readonly rejections: Rejections
	private readonly hold: ByteHold

	constructor(context: Context, model: string, kind: RowKind, rejections: Rejections, hold: ByteHold) {
		this.context = context
		this.model = model
		this.kind = kind
		this.rejections = rejections
		this.hold = hold
	}

	/** Rows that are durable. */
	get stored(): number {
		return this.accepted + this.duplicates
	}

	get isFull(): boolean {
		return this.builder.full || this.builder.bytes > maxBatchBytes
	}

	add(row: RowInput, index: number): void {
		this.builder.add(row)
		this.indexes.push(index)
	}

	/** Takes the memory of the collected rows from the budget. When memory is short, stores them at once instead. */
	async countBytes(): Promise<void> {
		const more = this.builder.bytes - this.counted
		if (more <= 0) return
		if (!this.hold.isTight && this.hold.tryTake(more)) this.counted += more
		else await this.flush()
	}

	/** Starts to store the collected rows, and waits while too many batches are in flight. */
	async flush(): Promise<void> {
		if (this.builder.length === 0) return
		const batch = this.builder.finish()
		const { indexes, counted } = this
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

	/** Stores the rest, and resolves when all rows are durable. */
	async finish(): Promise<void> {
		await this.flush()
		await this.settled()
		if (this.failure) throw this.failure
	}

	/** Resolves when no batch is in flight. */
	async settled(): Promise<void> {
		await Promise.all(this.inFlight)
	}

	private async store(batch: RowBatch, indexes: number[]): Promise<void> {
		// Appending hands the buffers over to another thread; ids and texts are copied.
		const { ids, strings } = batch
		const environments = batch.environments.slice()
		const { statuses, pending } = await this.append(batch)
		this.hasStored = true
		this.pending += pending
		statuses.forEach((status, r) => {
			if (status === rowStatus.accepted) this.accepted++
			else if (status === rowStatus.duplicate) this.duplicates++
			else {
				const predictionId = sentId(this.kind, ids[r] as string)
				const rejected = { index: indexes[r] as number, predictionId, path: 'predictionId' }
				const why =
					status === rowStatus.erased
						? ({ code: 'erased', message: erasedMessage } as const)
						: ({ code: 'conflict', message: conflictMessage } as const)
				this.rejections.add({ ...rejected, ...why }, strings[environments[r] as number])
			}
		})
	}

	/** A request that has stored rows waits while the log is overloaded; one that has not is rejected at once. */
	private append(batch: RowBatch): Promise<AppendStatus> {
		return retry(
			() => this.context.log.append(this.model, this.kind, batch),
			(attempt) => {
				if (attempt.ok || !this.hasStored || attempt.number > maxRetries) return undefined
				const { error } = attempt
				return error instanceof AppError && error.code === 'overloaded' ? retryMs : undefined
			},
		)
	}
}
