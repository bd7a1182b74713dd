import { AppError } from '../core/errors.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import { concatBatches, joinable } from '../summaries/inputs/select-rows.ts'
import type { Item } from './deduplicate.ts'
import type { AppendStatus, RowKind } from './prediction-log.ts'

const maxPendingRows = 40_000
/** Late outcomes touch hundreds of windows, whatever their number: many at once cost little more than a few. */
const maxGroupRows: Record<RowKind, number> = {
	prediction: 2_000,
	feature: 2_000,
	outcome: 16_000,
	group: 2_000,
}
const smallBatch = 256

type Pending = { item: Item; resolve: (answer: AppendStatus) => void; reject: (error: unknown) => void }

/** What waits is bounded for its memory, and an outcome is a quarter of a prediction. */
const weightOf = ({ kind, batch }: Item): number => (kind === 'outcome' ? batch.rows / 4 : batch.rows)

/**
 * Gathers what arrives while the writer is busy into one group, so that many small posts share a commit (group
 * commit). At most `maxPendingRows` wait: beyond, the caller is told to come back.
 */
export class AppendQueue {
	private readonly waiting: Pending[] = []
	private pendingRows = 0
	private busy: Promise<void> | undefined
	private readonly write: (items: readonly Item[]) => Promise<AppendStatus[]>

	constructor(write: (items: readonly Item[]) => Promise<AppendStatus[]>) {
		this.write = write
	}

	append(item: Item): Promise<AppendStatus> {
		if (item.batch.rows === 0) return Promise.resolve({ statuses: new Uint8Array(), waiting: 0 })
		if (this.pendingRows > 0 && this.pendingRows + weightOf(item) > maxPendingRows)
			return Promise.reject(
				new AppError(
					'overloaded',
					`More than ${maxPendingRows} rows are waiting to be stored. Send this request again later.`,
					{ retryAfterMs: 1000 },
				),
			)
		this.pendingRows += weightOf(item)
		return new Promise((resolve, reject) => {
			const pending = { item, resolve, reject }
			// Somebody waits for a small post; a large one is part of a stream. Small ones go first, in their order.
			const at =
				item.batch.rows < smallBatch ? this.waiting.findIndex((p) => p.item.batch.rows >= smallBatch) : -1
			if (at === -1) this.waiting.push(pending)
			else this.waiting.splice(at, 0, pending)
			this.busy ??= this.run()
		})
	}

	private async run(): Promise<void> {
		// Whatever else has arrived in this turn of the event loop joins the group.
		await Promise.resolve()
		while (this.waiting.length > 0) await this.writeGroup(this.takeGroup())
		this.busy = undefined
	}

	/** Items of one kind, from the front, up to a size that one commit stores without a pause. */
	private takeGroup(): Pending[] {
		const kind = (this.waiting[0] as Pending).item.kind
		let rows = 0
		let count = 0
		while (count < this.waiting.length) {
			const { item } = this.waiting[count] as Pending
			if (item.kind !== kind || (count > 0 && rows + item.batch.rows > maxGroupRows[kind])) break
			rows += item.batch.rows
			count++
		}
		return this.waiting.splice(0, count)
	}

	private async writeGroup(group: Pending[]): Promise<void> {
		const weight = group.reduce((sum, p) => sum + weightOf(p.item), 0)
		const merged = mergeSmall(group)
		try {
			const answers = await this.write(merged.map((m) => m.item))
			merged.forEach((m, i) => {
				handOut(m.members, answers[i] as AppendStatus)
			})
		} catch (error) {
			for (const p of group) p.reject(error)
		}
		this.pendingRows -= weight
	}

	async drain(): Promise<void> {
		while (this.busy) await this.busy
	}

	stats(): Record<string, number> {
		return { queueRows: this.pendingRows, queueLimitRows: maxPendingRows }
	}
}

type Member = Pending & { rows: number }

/** Joins small batches of a model into one item: one chunk instead of many. */
function mergeSmall(group: readonly Pending[]): { item: Item; members: Member[] }[] {
	const merged: { item: Item; members: Member[] }[] = []
	const small = new Map<string, Pending[]>()
	for (const p of group) {
		const member = { ...p, rows: p.item.batch.rows }
		if (member.rows >= smallBatch) merged.push({ item: p.item, members: [member] })
		else small.set(p.item.model, [...(small.get(p.item.model) ?? []), p])
	}
	for (const [model, list] of small)
		for (const run of joinable(list, (p) => p.item.batch)) {
			const { kind } = (run[0] as Pending).item
			const batch: RowBatch = concatBatches(run.map((p) => p.item.batch))
			merged.push({
				item: { model, kind, batch },
				members: run.map((p) => ({ ...p, rows: p.item.batch.rows })),
			})
		}
	return merged
}

/** Gives each member its part of the verdicts; a count of waiting rows is shared out to the members in order. */
function handOut(members: readonly Member[], answer: AppendStatus): void {
	let at = 0
	for (const member of members) {
		const statuses = answer.statuses.slice(at, at + member.rows)
		const waiting = answer.waitingRows?.slice(at, at + member.rows)
		at += member.rows
		member.resolve({
			statuses,
			...(waiting ? { waitingRows: waiting } : {}),
			waiting: waiting ? waiting.reduce((a, b) => a + b, 0) : answer.waiting,
		})
	}
}
