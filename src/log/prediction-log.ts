import type { Bins } from '../summaries/inputs/bins.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import type { InputSummary } from '../summaries/inputs/input-summary.ts'
import type { OutcomeSummary } from '../summaries/outcomes/outcome-summary.ts'

/** `group`: values of sensitive attributes that are no features. */
export type RowKind = 'prediction' | 'feature' | 'outcome' | 'group'

export type RejectCode =
	| 'malformed'
	| 'invalid'
	| 'too-large'
	| 'conflict'
	| 'unknown-version'
	| 'too-old'
	| 'in-future'
	| 'erased'

/** 0 accepted, 1 duplicate (same id, same content), 2 conflict (same id, other content). */
export type AppendStatus = {
	statuses: Uint8Array
	/** Outcomes: how many name a prediction that has not come yet, and which. */
	waiting: number
	waitingRows?: Uint8Array
}

/** A prediction as it was sent, with what was joined to it later. */
export type StoredPrediction = {
	predictionId: string
	model: string
	version: string
	environment: string
	timestamp: number
	features: Record<string, unknown> | null
	score?: number
	label?: unknown
	probabilities?: unknown
	attributions?: unknown
	segment?: Record<string, unknown>
	subject?: string
	latencyMs?: number
	outcome?: { actual: unknown; timestamp: number; observed: boolean }
	outcomeHistory?: { actual: unknown; timestamp: number; observed: boolean }[]
}

/** Values of sensitive attributes, as they were sent. */
export type SentGroups = {
	by: 'predictionId' | 'subject'
	timestamp: number
	groups: Record<string, unknown>
}

/** Whose rows: a version in an environment, in all or in one value of a declared segment. */
export type Series = {
	id: number
	model: string
	version: string
	environment: string
	/** Empty for all rows. */
	segment: string
	value: string
}

/** How many predictions of a version an environment has, and the earliest and latest of their own times. */
export type PredictionCount = {
	model: string
	version: string
	environment: string
	rows: number
	from: number
	to: number
}

/** A part of what is known of one hour of a series; the parts add. */
export type HourDelta = { series: number; hour: number; bytes: Uint8Array }

/** The prediction log: rows in, verdicts out; windows of them summarised. libSQL by default. */
export type PredictionLog = {
	/** Durable when it resolves. Rejects with `overloaded` when the writer is too far behind. */
	append(model: string, kind: RowKind, batch: RowBatch): Promise<AppendStatus>
	read(model: string, predictionId: string): Promise<StoredPrediction | undefined>
	/** Sensitive attributes that were sent for a prediction, or for its subject, oldest first. */
	groups(model: string, predictionId: string): Promise<SentGroups[]>
	/** The actual in force of each prediction, in the order of the ids; undefined while it is not known. */
	actuals(model: string, predictionIds: readonly string[]): Promise<unknown[]>
	/**
	 * Rows of one version with event time in [from, to), oldest chunk first, a chunk at a time. `lateGroups` reads the values
	 * of sensitive attributes that came apart from these rows, by row.
	 */
	scan(
		query: { model: string; version?: string; environment?: string; from: number; to: number },
		onRows: (
			rows: RowBatch,
			series: { version: string; environment: string },
			lateGroups: () => Promise<(row: number) => Readonly<Record<string, string>> | undefined>,
		) => void | Promise<void>,
	): Promise<void>
	series(model?: string): Promise<Series[]>
	/** How many predictions these versions made, by environment. Reads no rows. */
	counts(versions: readonly { model: string; version: string }[]): Promise<PredictionCount[]>
	/** The exact sum of the deltas of [from, to) on this grid. Undefined when there are none. */
	inputSummary(seriesId: number, bins: Bins, from: number, to: number): Promise<InputSummary | undefined>
	/** The encoded deltas of some series on this grid in [from, to): many windows are summed from one reading. */
	inputDeltas(series: readonly number[], bins: Bins, from: number, to: number): Promise<HourDelta[]>
	/** Hours whose profile changed since they were last cleared, by series and hour, with the mark to clear them by. */
	dirtyHours(
		limit: number,
		after?: { seriesId: number; hour: number },
	): Promise<{ seriesId: number; hour: number; mark: number }[]>
	clearDirty(hours: readonly { seriesId: number; hour: number; mark: number }[]): Promise<void>
	/** The exact sum of the tallies of predictions and their outcomes in [from, to). Undefined when there are none. */
	outcomeSummary(seriesId: number, from: number, to: number): Promise<OutcomeSummary | undefined>
	/** The encoded tallies of some series in [from, to). */
	outcomeDeltas(series: readonly number[], from: number, to: number): Promise<HourDelta[]>
	/** The same marks for tallies: set when a prediction comes, and when anything is learned of it later. */
	dirtyOutcomes(
		limit: number,
		after?: { seriesId: number; hour: number },
	): Promise<{ seriesId: number; hour: number; mark: number }[]>
	clearDirtyOutcomes(hours: readonly { seriesId: number; hour: number; mark: number }[]): Promise<void>
	/** Outcomes of a model that name predictions which have not come: how many predictions. */
	waitingOutcomes(model: string): Promise<number>
	/** Makes the profiles of a grid for windows that were written before it was in force. */
	rebuild(model: string, version: string, bins: Bins): Promise<void>
	/** Folds deltas and small chunks. Returns how many records went. */
	compact(): Promise<number>
	/** Moves rows older than `before` into Parquet files, a model and day each; still readable. */
	archive(model: string, before: number): Promise<number>
	/** Gauges for /metrics: keys in memory, bytes, queue. */
	stats(): Record<string, number>
	close(): Promise<void>
}
