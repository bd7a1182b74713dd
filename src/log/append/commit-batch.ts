import type { Sql, Statement } from '../../db/sql.ts'
import type { Codec } from '../codec/codec.ts'
import type { ErasedIds } from '../erase/erased-ids.ts'
import { noErasureSince } from '../erase/erased-ids.ts'
import type { JoinIndexStore } from '../join/join-index-store.ts'
import type { KeyIndex, KeyLookup, NewKeys } from '../keys/key-index.ts'
import type { ChunkStore } from '../read/chunk-store.ts'
import type { GroupValues } from './group-values.ts'
import { InputDeltas } from './input-deltas.ts'
import { OutcomeDeltas } from './outcome-deltas.ts'
import type { SeriesTable } from './series-table.ts'
import type { SummarySpecs } from './summary-specs.ts'

/** What the stages of a commit read, and the number of the next chunk. */
export type Writer = {
	sql: Sql
	codec: Codec
	keys: KeyIndex
	lookup: KeyLookup
	store: ChunkStore
	specs: SummarySpecs
	joinIndexes: JoinIndexStore
	groupValues: GroupValues
	erasedIds: ErasedIds
	series: SeriesTable
	nextChunk: number
}

/** What one commit will store. The stages add to it; `storeBatch` writes it. */
export type CommitBatch = {
	statements: Statement[]
	inputDeltas: InputDeltas
	outcomeDeltas: OutcomeDeltas
	newKeys: NewKeys[]
	firstChunk: number
	/** `firstChunk - 1` while there is none. */
	lastChunk: number
	/** Stored predictions that this commit joins to their features. */
	joined: Set<string>
	/** Predictions whose groups this commit sets by prediction id. */
	named: Set<string>
	/** Negative labels that are first seen in this commit, by model. */
	negativeLabels: Map<string, string>
}

export const newCommitBatch = (writer: Writer, firstChunk = writer.nextChunk): CommitBatch => ({
	statements: [],
	inputDeltas: new InputDeltas(writer.series),
	outcomeDeltas: new OutcomeDeltas(writer.series),
	newKeys: [],
	firstChunk,
	lastChunk: firstChunk - 1,
	joined: new Set(),
	named: new Set(),
	negativeLabels: new Map(),
})

/**
 * Fails the commit when another writer has stored a chunk that these rows were not checked against, also when that chunk was
 * folded into another one meanwhile and its number is free again.
 */
export const noChunkSince = (chunk: number): Statement => ({
	sql: `INSERT INTO guard (ok) SELECT NOT EXISTS (SELECT 1 FROM log_chunk WHERE id >= ?1)
		AND NOT EXISTS (SELECT 1 FROM log_alias WHERE id >= ?1)`,
	params: [chunk],
})

/** Writes the batch and a slice of the key index's maintenance in one transaction. `rows`: all rows, also duplicates. */
export async function storeBatch(writer: Writer, commit: CommitBatch, rows: number): Promise<void> {
	const slice = await writer.keys.maintain(rows, writer.nextChunk - 1, commit.newKeys)
	const inputs = commit.inputDeltas.statements(commit.firstChunk, commit.lastChunk >= commit.firstChunk)
	const outcomes = commit.outcomeDeltas.statements(commit.firstChunk)
	const statements = [
		...writer.series.pending(),
		...writer.groupValues.pending(),
		...commit.statements,
		...inputs,
		...outcomes,
		...slice.statements,
	]
	if (statements.length === 0) return
	statements.unshift(noChunkSince(commit.firstChunk), noErasureSince(writer.erasedIds.erasures))
	try {
		await writer.sql.batch(statements)
	} catch (error) {
		slice.failed()
		throw error
	}
	slice.applied()
	writer.series.stored()
	writer.groupValues.stored()
	writer.keys.added(commit.newKeys)
	writer.nextChunk = commit.lastChunk + 1
}
