import { getOrInsert } from '../core/maps.ts'
import type { RowKind } from '../log/row-kinds.ts'

type Requests = { operation: string; status: number; requests: number; seconds: number }
type Durations = { operation: string; status: string; counts: number[]; sum: number }
type Rows = { model: string; kind: RowKind; rows: number }

/** Upper bounds of request durations in seconds, from a small read to a large body. */
export const durationBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Requests by operation and status, and rows by model, since the process started: Prometheus handles restarts. */
export class Traffic {
	private readonly requests = new Map<string, Requests>()
	private readonly durations = new Map<string, Durations>()
	private readonly rows = new Map<string, Rows>()

	add(operation: string, status: number, ms: number): void {
		const seconds = Math.max(0, ms) / 1000
		const counted = getOrInsert(this.requests, `${operation} ${status}`, () => ({
			...{ operation, status },
			requests: 0,
			seconds: 0,
		}))
		counted.requests++
		counted.seconds += seconds
		const group = `${Math.floor(status / 100)}xx`
		const timed = getOrInsert(this.durations, `${operation} ${group}`, () => ({
			...{ operation, status: group },
			counts: new Array(durationBounds.length + 1).fill(0),
			sum: 0,
		}))
		const at = durationBounds.findIndex((bound) => seconds <= bound)
		const bucket = at < 0 ? durationBounds.length : at
		timed.counts[bucket] = (timed.counts[bucket] as number) + 1
		timed.sum += seconds
	}

	/** Counts stored rows of a registered model. */
	addRows(model: string, kind: RowKind, rows: number): void {
		getOrInsert(this.rows, `${kind} ${model}`, () => ({ model, kind, rows: 0 })).rows += rows
	}

	list() {
		return {
			requests: [...this.requests.values()],
			durations: [...this.durations.values()],
			rows: [...this.rows.values()],
		}
	}
}
