import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { joinFeatureLogs, joinPredictions } from '../join/join-features.ts'
import { joinGroups, joinKnownGroups } from '../join/join-groups.ts'
import { indexPredictions, joinOutcomes, joinPendingOutcomes } from '../join/join-outcomes.ts'
import { learnFromDecisions, withLearnt } from '../join/negative-label.ts'
import type { AppendStatus } from '../prediction-log.ts'
import { type RowKind, rowStatus } from '../row-kinds.ts'
import { type CommitBatch, newCommitBatch, storeBatch, type Writer } from './commit-batch.ts'
import { type AppendItem, deduplicate } from './deduplicate.ts'
import { type NewChunk, seriesRefOf, splitIntoChunks, storeChunk } from './new-chunk.ts'
import type { SummarySpec } from './summary-specs.ts'

/**
 * Stores items of one kind in one commit; resolves when they are durable. The stages in order: each adds to the commit batch,
 * and the last one writes it, all or nothing.
 */
export async function appendRows(writer: Writer, items: readonly AppendItem[]): Promise<AppendStatus[]> {
	const commit = newCommitBatch(writer)
	const accepted = new Map<string, Map<string, { batch: RowBatch; row: number }[]>>()
	const results: AppendStatus[] = []
	let rows = 0
	for (const item of items) {
		// Refuse rows whose prediction was erased. Compare ids with those that are stored, and with those accepted earlier in this commit.
		const hashes = writer.lookup.hash(item.model, item.kind, item.batch.ids)
		const erased = await writer.erasedIds.among(item.model, item.kind, item.batch.ids)
		const deduplicated = await deduplicate(item, hashes, writer.lookup, accepted, erased)
		const { statuses } = deduplicated
		// Count duplicates. Otherwise they and conflicts change nothing.
		await countDuplicates(writer, commit, item, statuses)
		// Split the accepted rows into chunks, one for each series and day.
		for (const chunk of splitIntoChunks(commit, item, hashes, statuses)) {
			// Summarise the rows, and join them to what is stored: see the stages of each kind below.
			const spec = await stagesOf[item.kind](writer, commit, chunk)
			// Encode and compress the chunk, and add its keys to the index.
			await storeChunk(writer, commit, chunk, spec?.binsId)
		}
		// Add outcomes to the summaries of their predictions' hours.
		if (item.kind === 'outcome') results.push(await joinOutcomes(writer, commit, item, deduplicated))
		else results.push({ statuses, pending: 0 })
		rows += item.batch.rows
	}
	// Write everything in one transaction.
	await storeBatch(writer, commit, rows)
	return results
}

type Stages = (writer: Writer, commit: CommitBatch, chunk: NewChunk) => Promise<SummarySpec | undefined>

const stagesOf: Record<RowKind, Stages> = {
	async prediction(writer, commit, chunk) {
		const { item, seriesRef, rows } = chunk
		// Find how rows of this version are summarised. Rows of a version that is not registered are only stored.
		const registered = await writer.specs.specFor(item.model, seriesRef.version)
		if (!registered) return undefined
		// Learn the negative label of a binary model from the decisions, where none is declared.
		learnFromDecisions(commit, item.model, registered.outcomes, item.batch, rows)
		const spec = { ...registered, outcomes: withLearnt(registered.outcomes, commit, item.model) }
		// Count the rows in the input summaries of their hours.
		commit.inputDeltas.addRows(seriesRef, spec, item.batch, rows)
		// Count them in the outcome summaries, and keep what their outcomes will be compared with.
		const index = indexPredictions(writer, commit, chunk, spec)
		// Join outcomes that were sent before these predictions.
		await joinPendingOutcomes(writer, commit, chunk, index)
		// Join features that were sent separately; predictions without any are noted as pending.
		await joinPredictions(writer, commit, chunk, spec, index)
		// Join sensitive attributes that were sent before these predictions.
		await joinKnownGroups(writer, commit, chunk, spec, index)
		return spec
	},
	async feature(writer, commit, chunk) {
		// Join the features to predictions that are pending.
		await joinFeatureLogs(writer, commit, chunk)
		return undefined
	},
	async group(writer, commit, chunk) {
		// Join the sensitive attributes to the predictions that they name, or to those of the subject.
		await joinGroups(writer, commit, chunk)
		return undefined
	},
	// Outcomes are joined an item at a time, after its chunks.
	outcome: async () => undefined,
}

async function countDuplicates(
	writer: Writer,
	commit: CommitBatch,
	item: AppendItem,
	statuses: Uint8Array,
): Promise<void> {
	if (item.kind !== 'prediction') return
	const specs = new Map<string, SummarySpec | undefined>()
	for (let r = 0; r < statuses.length; r++) {
		if (statuses[r] !== rowStatus.duplicate) continue
		const seriesRef = seriesRefOf(item.model, item.batch, r)
		if (!specs.has(seriesRef.version))
			specs.set(seriesRef.version, await writer.specs.specFor(item.model, seriesRef.version))
		const spec = specs.get(seriesRef.version)
		if (spec) commit.inputDeltas.addDuplicate(seriesRef, spec, item.batch, r)
	}
}
