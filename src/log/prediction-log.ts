import type { Statement } from '../db/sql.ts'
import type { Bins } from '../summaries/inputs/bins.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import type { InputSummary } from '../summaries/inputs/input-summary.ts'
import type { OutcomeSummary } from '../summaries/outcomes/outcome-summary.ts'
import type { SealReads } from './read/sealed-rows.ts'
import type { RowKind } from './row-kinds.ts'

/** The prediction log: stores rows, reads them back, and sums them by hour. Stored in a libSQL file by default. */
export type PredictionLog = SealReads & {
	// --- rows ---
	/** Resolves when the rows are durable. Rejects with `overloaded` when too many rows are queued. */
	append(model: string, kind: RowKind, batch: RowBatch): Promise<AppendStatus>
	read(model: string, predictionId: string): Promise<StoredPrediction | undefined>
	/** Whether the prediction was erased: its id is refused from then on. */
	isErased(model: string, predictionId: string): Promise<boolean>
	/** Where the rows of an id are, oldest first, in chunks as ingest stored them. */
	placesOf(model: string, kind: RowKind, id: string): Promise<{ chunk: number; row: number }[]>
	/** Sensitive attributes that were sent for a prediction or for its subject, oldest first. */
	groups(model: string, predictionId: string): Promise<SentGroups[]>
	/** The current actual of each prediction, in the order of the ids; undefined where none is known. */
	actuals(model: string, predictionIds: readonly string[]): Promise<unknown[]>
	/** All rows of a subject, and those that name `predictionIds`, whatever their time. Reads the texts of every chunk of predictions: a second for some million rows. */
	rowsOfSubject(model: string, subject: string, predictionIds?: readonly string[]): Promise<SubjectRows>
	/**
	 * Predictions of a model with event time in [from, to), by day, a chunk at a time. `lateGroups` reads the values of
	 * sensitive attributes that were sent separately, by row.
	 */
	scan(
		query: { model: string; version?: string; environment?: string; from: number; to: number },
		onRows: (
			rows: RowBatch,
			series: { version: string; environment: string },
			lateGroups: () => Promise<(row: number) => Readonly<Record<string, string>> | undefined>,
		) => void | Promise<void>,
	): Promise<void>

	// --- erasure ---
	/** What refuses these predictions from then on, for the commit that decides to erase them. */
	refusing(model: string, predictionIds: readonly string[]): Promise<Statement[]>
	/** Destroys the values of rows of a subject, for good. The rows keep their positions. Can be called again after a crash. */
	eraseRows(
		erasure: { model: string; subject: string; entry: number },
		rows: readonly ({ chunk: number } & DigestedRow)[],
	): Promise<void>
	/** Chunks whose rows are all older than a time, at most about `max`, and what belongs to them alone. */
	dueChunks(query: {
		model: string
		kind: number
		before: number
		kept: ReadonlySet<number>
		max: number
	}): Promise<DueChunks>
	/** Deletes archive files that no chunk is in, and what is in memory of deleted chunks. */
	forgetDeleted(files: readonly string[]): Promise<void>
	/** Overwrites what deleted values have left in the free pages and the write-ahead log of a database file. */
	scrub(): Promise<void>

	/** Why rows of encrypted models can be neither stored nor read now; undefined if they can. */
	encryptionFault(): Promise<string | undefined>

	// --- series ---
	series(model?: string): Promise<Series[]>
	/** The number of predictions of these versions by environment. Reads no rows. */
	counts(versions: readonly { model: string; version: string }[]): Promise<PredictionCount[]>
	/** The number of predictions of each of these series by UTC day (days since 1970), up to `until`. Reads no rows. */
	rowsByDay(series: readonly number[], until: number): Promise<DayCount[]>

	// --- input summaries of hours in [from, to) ---
	/** The sum of the deltas of one series with these bins. Undefined when there are none. */
	inputs(seriesId: number, bins: Bins, from: number, to: number): Promise<InputSummary | undefined>
	/** The encoded deltas of some series with these bins, from which many windows can be summed. */
	inputDeltas(series: readonly number[], bins: Bins, from: number, to: number): Promise<HourDelta[]>
	/** Hours whose inputs have changed since their mark was cleared, by series and hour. */
	dirtyInputs(limit: number, after?: Pick<DirtyHour, 'seriesId' | 'hour'>): Promise<DirtyHour[]>
	/** Clears marks, except those that were set again after they were read. */
	clearDirtyInputs(hours: readonly DirtyHour[]): Promise<void>

	// --- outcome summaries of hours in [from, to): predictions, and what became known of them later ---
	outcomes(seriesId: number, from: number, to: number): Promise<OutcomeSummary | undefined>
	outcomeDeltas(series: readonly number[], from: number, to: number): Promise<HourDelta[]>
	dirtyOutcomes(limit: number, after?: Pick<DirtyHour, 'seriesId' | 'hour'>): Promise<DirtyHour[]>
	clearDirtyOutcomes(hours: readonly DirtyHour[]): Promise<void>
	/** The number of predictions of a model that have outcomes but have not arrived. */
	pendingOutcomes(model: string): Promise<number>

	// --- maintenance ---
	/** Summarises the rows that were stored before these bins were current. */
	rebuild(model: string, version: string, bins: Bins): Promise<void>
	/** Folds deltas and small chunks. Returns the number of records that were folded away. */
	compact(): Promise<number>
	/** Moves rows older than `before` into Parquet files, from which they can still be read. Returns their number. */
	archive(model: string, before: number): Promise<number>
	/** Gauges for /metrics: keys in memory, bytes, queue. */
	stats(): Record<string, number>
	close(): Promise<void>
}

export type AppendStatus = {
	/** A `rowStatus` for each row. */
	statuses: Uint8Array
	/** The number of outcomes whose prediction has not arrived. */
	pending: number
	/** 1 for each of these rows. */
	pendingRows?: Uint8Array
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
	/** The current outcome: the latest by its own timestamp. */
	outcome?: StoredOutcome
	/** All outcomes, in the order of their arrival. */
	outcomeHistory?: StoredOutcome[]
}

type StoredOutcome = { actual: unknown; timestamp: number; observed: boolean }

/** Values of sensitive attributes, as they were sent. */
export type SentGroups = {
	by: 'predictionId' | 'subject'
	timestamp: number
	groups: Record<string, unknown>
}

/** A stored row, and where it is. `id` is that of the prediction, or empty in rows that name the subject itself. */
export type SubjectRow = {
	chunk: number
	row: number
	id: string
	timestamp: number
	/** As it was sent: `features`, `score`, … of a prediction; `features`, `groups`, or `actual` and `observed`. */
	content: Record<string, unknown>
}

/** The predictions of a subject, and the rows that name these predictions or the subject itself. */
export type SubjectRows = Record<'predictions' | 'features' | 'outcomes' | 'groups', SubjectRow[]>

/** A row to erase. `idDigest`: by which its proof is found when its id is gone. */
export type DigestedRow = { row: number; idDigest: Uint8Array }

/** Chunks that can be deleted as a whole, with the seals of all their rows and the archive files that hold only them. */
export type DueChunks = { chunks: number[]; rows: number; seals: number[]; files: string[]; erasures: number }

/** The rows of a version in an environment: all of them, or those with one value of a declared segment. */
export type Series = {
	id: number
	model: string
	version: string
	environment: string
	/** Empty for all rows. */
	segment: string
	value: string
}

/** The number of predictions of a version in an environment, and the earliest and latest event time. */
export type PredictionCount = {
	model: string
	version: string
	environment: string
	rows: number
	from: number
	to: number
}

export type DayCount = { seriesId: number; day: number; rows: number }

/** An encoded part of the summary of one hour of a series; the sum of all parts is the summary. */
export type HourDelta = { series: number; hour: number; bytes: Uint8Array }

/** An hour of a series whose summary has changed. `mark` tells one change from the next. */
export type DirtyHour = { seriesId: number; hour: number; mark: number }
