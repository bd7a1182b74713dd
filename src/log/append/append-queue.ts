import { AppError } from '../../core/errors.ts'
import { getOrInsert } from '../../core/maps.ts'
import { concatBatches, joinable } from '../../summaries/inputs/select-rows.ts'
import type { AppendStatus } from '../prediction-log.ts'
import type { RowKind } from '../row-kinds.ts'
import type { AppendItem } from './deduplicate.ts'

const maxQueuedRows = 40_000
/** Late outcomes touch hundreds of hours, whatever their number: many in one commit cost little more than a few. */
const maxCommitRows: Record<RowKind, number> = {
	prediction: 2_000,
	feature: 2_000,
	outcome: 16_000,
	group: 2_000,
}
const smallBatch = 256

type Queued = {
	item: AppendItem
	resolve: (status: AppendStatus) => void
	reject: (error: unknown) => void
}

/** The queue is bounded for its memory, and an outcome takes a quarter of a prediction. */
const weightOf = ({ kind, batch }: AppendItem): number => (kind === 'outcome' ? batch.rows / 4 : batch.rows)

/**
 * Collects the items that arrive while a commit runs, so that many small posts share the next one (group commit). Rejects
 * with `overloaded` when more than `maxQueuedRows` would be queued.
 */
export class AppendQueue {
	private readonly queue: Queued[] = []
	private queuedRows = 0
	private busy: Promise<void> | undefined
	private readonly write: (items: readonly AppendItem[]) => Promise<AppendStatus[]>

	constructor(write: (items: readonly AppendItem[]) => Promise<AppendStatus[]>) {
		this.write = write
	}

	append(item: AppendItem): Promise<AppendStatus> {
		if (item.batch.rows === 0) return Promise.resolve({ statuses: new Uint8Array(), pending: 0 })
		if (this.queuedRows > 0 && this.queuedRows + weightOf(item) > maxQueuedRows)
			return Promise.reject(
				new AppError(
					'overloaded',
					`More than ${maxQueuedRows} rows are waiting to be stored. Send this request again later.`,
					{ retryAfterMs: 1000 },
				),
			)
		this.queuedRows += weightOf(item)
		return new Promise((resolve, reject) => {
			const queued = { item, resolve, reject }
			// A client waits for a small post, and a large one is part of a stream: small ones go first, in their order.
			const at =
				item.batch.rows < smallBatch ? this.queue.findIndex((q) => q.item.batch.rows >= smallBatch) : -1
			if (at === -1) this.queue.push(queued)
			else this.queue.splice(at, 0, queued)
			this.busy ??= this.run()
		})
	}

	private async run(): Promise<void> {
		// Items that arrive in the same turn of the event loop join the commit.
		await Promise.resolve()
		while (this.queue.length > 0) await this.writeItems(this.takeItems())
		this.busy = undefined
	}

	/** Items of one kind from the front, as many as one commit stores without a long pause. */
	private takeItems(): Queued[] {
		const kind = (this.queue[0] as Queued).item.kind
		let rows = 0
		let count = 0
		for (const { item } of this.queue) {
			if (item.kind !== kind || (count > 0 && rows + item.batch.rows > maxCommitRows[kind])) break
			rows += item.batch.rows
			count++
		}
		return this.queue.splice(0, count)
	}

	private async writeItems(taken: Queued[]): Promise<void> {
		const weight = taken.reduce((sum, q) => sum + weightOf(q.item), 0)
		const merged = mergeSmall(taken)
		try {
			const statuses = await this.write(merged.map((m) => m.item))
			merged.forEach((m, i) => {
				splitStatus(m.members, statuses[i] as AppendStatus)
			})
		} catch (error) {
			for (const q of taken) q.reject(error)
		}
		this.queuedRows -= weight
	}

	async drain(): Promise<void> {
		while (this.busy) await this.busy
	}

	stats(): Record<string, number> {
		return { queueRows: this.queuedRows, queueLimitRows: maxQueuedRows }
	}
}

/** Joins small batches of a model into one item, which makes one chunk instead of many. */
function mergeSmall(queued: readonly Queued[]): { item: AppendItem; members: Queued[] }[] {
	const merged: { item: AppendItem; members: Queued[] }[] = []
	const small = new Map<string, Queued[]>()
	for (const q of queued) {
		const { model, batch } = q.item
		if (batch.rows < smallBatch) getOrInsert(small, model, () => []).push(q)
		else merged.push({ item: q.item, members: [q] })
	}
	for (const [model, list] of small)
		for (const run of joinable(list, (q) => q.item.batch)) {
			const { kind } = (run[0] as Queued).item
			merged.push({
				item: { model, kind, batch: concatBatches(run.map((q) => q.item.batch)) },
				members: run,
			})
		}
	return merged
}

/** Gives each member the statuses of its own rows. */
function splitStatus(members: readonly Queued[], status: AppendStatus): void {
	let at = 0
	for (const member of members) {
		const end = at + member.item.batch.rows
		const statuses = status.statuses.slice(at, end)
		const pendingRows = status.pendingRows?.slice(at, end)
		at = end
		member.resolve({
			statuses,
			...(pendingRows ? { pendingRows } : {}),
			pending: pendingRows ? pendingRows.reduce((a, b) => a + b, 0) : status.pending,
		})
	}
}
