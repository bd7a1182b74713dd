import type { SeriesRef } from '../core/series.ts'
import { dayMs } from '../core/time.ts'
import type { Sql, Statement } from '../db/sql.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import { selectRows } from '../summaries/inputs/select-rows.ts'
import { encodeJoinIndex } from '../summaries/outcomes/join-index.ts'
import { makeJoinIndex } from '../summaries/outcomes/make-join-index.ts'
import { encodeBody, encodeIds } from './chunk.ts'
import { kindNumber } from './chunk-store.ts'
import type { Codec } from './codec.ts'
import {
	type Deduplicated,
	deduplicate,
	type Hashes,
	type Item,
	type KeyLookup,
	rowStatus,
} from './deduplicate.ts'
import { Deltas } from './deltas.ts'
import type { GroupValues } from './group-values.ts'
import { joinFeatureLogs, joinPredictions } from './join.ts'
import { joinGroups, joinKnownGroups } from './join-groups.ts'
import { type JoinIndexChunk, type JoinIndexStore, newJoinIndexChunk } from './join-index-store.ts'
import { joinOutcomes, joinWaitingOutcomes } from './join-outcomes.ts'
import type { KeyRuns, Slice } from './key-runs.ts'
import { seeDecisions, withSeen } from './negative-label.ts'
import { OutcomeDeltas } from './outcome-deltas.ts'
import type { AppendStatus } from './prediction-log.ts'
import type { SeriesTable } from './series-table.ts'
import type { SummarySpec, SummarySpecs } from './summary-specs.ts'

export type NewKeys = { hashes: Hashes; rows: Int32Array; chunk: number }

/** The key index as the writer uses it. */
export type KeyIndex = {
	find: KeyRuns['find']
	/** What the commit of `keys` has to carry; `rows` says how much upkeep is fair. */
	maintain(rows: number, lastChunk: number, keys: readonly NewKeys[]): Promise<Slice>
	/** Called when the commit of these keys has succeeded. */
	added(keys: readonly NewKeys[]): void
}

export type Writer = {
	sql: Sql
	codec: Codec
	keys: KeyIndex
	lookup: KeyLookup
	plans: SummarySpecs
	joinIndexes: JoinIndexStore
	groups: GroupValues
	series: SeriesTable
	/** The number that the next chunk gets. */
	nextChunk: number
}

/** A chunk to be: rows of one series and one UTC day. */
export type Bucket = { seriesRef: SeriesRef; day: number; item: number; rows: Int32Array }

export type Group = {
	statements: Statement[]
	deltas: Deltas
	outcomeSummaries: OutcomeDeltas
	/** Keys to add once the commit has succeeded. */
	newKeys: NewKeys[]
	chunk: number
	lastChunk: number
	/** Waiting predictions that this group has joined. */
	joined: Set<string>
	/** Predictions whose groups this group has set by their own id. */
	named: Set<string>
	/** Negative labels that this group is the first to say, by model. */
	seen: Map<string, string>
}

/**
 * Stores a group of items of one kind in one commit: chunks, profile deltas, dirty marks and a slice of index work.
 * Resolves when they are durable. A row that is a duplicate or a conflict changes nothing but a counter.
 */
export async function appendGroup(writer: Writer, items: readonly Item[]): Promise<AppendStatus[]> {
	const group: Group = {
		statements: [],
		deltas: new Deltas(writer.series),
		outcomeSummaries: new OutcomeDeltas(writer.series),
		newKeys: [],
		chunk: writer.nextChunk,
		lastChunk: writer.nextChunk - 1,
		joined: new Set(),
		named: new Set(),
		seen: new Map(),
	}
	const seen = new Map<string, Map<string, { batch: RowBatch; row: number }[]>>()
	const answers: AppendStatus[] = []
	let rows = 0
	for (const [index, item] of items.entries()) {
		const hashes = writer.lookup.hash(item.model, item.kind, item.batch.ids)
		const mine = seen.get(item.model) ?? new Map()
		seen.set(item.model, mine)
		const deduplicated = await deduplicate(item, hashes, writer.lookup, mine)
		const { statuses } = deduplicated
		await addDuplicates(writer, group, item, statuses)
		for (const bucket of buckets(item, index, statuses)) await addBucket(writer, group, item, hashes, bucket)
		answers.push(await answerOf(writer, group, item, deduplicated))
		rows += item.batch.rows
	}
	await commitGroup(writer, group, rows)
	return answers
}

async function answerOf(
	writer: Writer,
	group: Group,
	item: Item,
	deduplicated: Deduplicated,
): Promise<AppendStatus> {
	const { statuses } = deduplicated
	if (item.kind !== 'outcome') return { statuses, waiting: 0 }
	const waitingRows = await joinOutcomes(writer, group, item, deduplicated)
	return { statuses, waitingRows, waiting: waitingRows.reduce((a, b) => a + b, 0) }
}

/**
 * Fails, and with it the commit, when another writer has stored something that these rows were not judged against: also
 * when its chunk was folded into another one meanwhile, so that our number is free again.
 */
export const nothingBehind = (chunk: number): Statement => ({
	sql: `INSERT INTO guard (ok) SELECT NOT EXISTS (SELECT 1 FROM log_chunk WHERE id >= ?1)
		AND NOT EXISTS (SELECT 1 FROM log_alias WHERE id >= ?1)`,
	params: [chunk],
})

async function commitGroup(writer: Writer, group: Group, rows: number): Promise<void> {
	const slice = await writer.keys.maintain(rows, writer.nextChunk - 1, group.newKeys)
	const deltas = group.deltas.statements(group.chunk, group.lastChunk >= group.chunk)
	const outcomeSummaries = group.outcomeSummaries.statements(group.chunk)
	const statements = [
		...writer.series.pending(),
		...writer.groups.pending(),
		...group.statements,
		...deltas,
		...outcomeSummaries,
		...slice.statements,
	]
	if (statements.length === 0) return
	statements.unshift(nothingBehind(group.chunk))
	try {
		await writer.sql.batch(statements)
	} catch (error) {
		slice.failed()
		throw error
	}
	slice.applied()
	writer.series.stored()
	writer.groups.stored()
	writer.keys.added(group.newKeys)
	writer.nextChunk = group.lastChunk + 1
}

const textAt = (batch: RowBatch, index: number) => (index === -1 ? '' : (batch.strings[index] as string))

export const seriesOf = (model: string, batch: RowBatch, row: number): SeriesRef => ({
	model,
	version: textAt(batch, batch.versions[row] as number),
	environment: textAt(batch, batch.environments[row] as number),
})

/** Splits the accepted rows by version, environment and UTC day, in order of first appearance. */
function buckets(item: Item, index: number, statuses: Uint8Array): Bucket[] {
	const { batch } = item
	const byKey = new Map<string, { seriesRef: SeriesRef; day: number; rows: number[] }>()
	let lastKey = ''
	let last: { rows: number[] } | undefined
	for (let r = 0; r < batch.rows; r++) {
		if (statuses[r] !== rowStatus.accepted) continue
		const day = Math.floor((batch.timestamps[r] as number) / dayMs)
		const key = `${batch.versions[r]} ${batch.environments[r]} ${day}`
		if (key !== lastKey || !last) {
			let entry = byKey.get(key)
			if (!entry) {
				entry = { seriesRef: seriesOf(item.model, batch, r), day, rows: [] }
				byKey.set(key, entry)
			}
			last = entry
			lastKey = key
		}
		last.rows.push(r)
	}
	return [...byKey.values()].map(({ seriesRef, day, rows }) => ({
		seriesRef,
		day,
		item: index,
		rows: Int32Array.from(rows),
	}))
}

async function addBucket(
	writer: Writer,
	group: Group,
	item: Item,
	hashes: Hashes,
	bucket: Bucket,
): Promise<void> {
	const chunk = ++group.lastChunk
	const isPrediction = item.kind === 'prediction'
	const stored = isPrediction ? await writer.plans.specFor(item.model, bucket.seriesRef.version) : undefined
	if (stored) seeDecisions(group, item.model, stored.outcomeSummary, item.batch, bucket.rows)
	const plan = stored && { ...stored, outcomeSummary: withSeen(stored.outcomeSummary, group, item.model) }
	if (plan) {
		group.deltas.addRows(bucket.seriesRef, plan, item.batch, bucket.rows)
		const joinIndex = summariseOutcomes(writer, group, item, bucket, plan, chunk)
		await joinWaitingOutcomes(writer, group, item, bucket.rows, joinIndex)
		await joinPredictions(writer, group, item, bucket, plan, chunk, joinIndex)
		await joinKnownGroups(writer, group, item, bucket.rows, plan, joinIndex)
	}
	if (item.kind === 'feature') await joinFeatureLogs(writer, group, item, bucket, chunk)
	if (item.kind === 'group') await joinGroups(writer, group, item, bucket.rows)
	const series = writer.series.idOf({ ...bucket.seriesRef, segment: '', value: '' })
	group.statements.push(
		await chunkStatement(
			writer.codec,
			chunk,
			{ kind: kindNumber[item.kind], series, day: bucket.day, binsId: plan?.binsId ?? null },
			item.batch,
			bucket.rows,
		),
	)
	group.newKeys.push({ hashes, rows: bucket.rows, chunk })
}

/** Counts predictions in the tallies of their windows, and keeps what their outcomes will need. */
function summariseOutcomes(
	writer: Writer,
	group: Group,
	item: Item,
	{ seriesRef, day, rows }: Bucket,
	plan: SummarySpec,
	chunk: number,
): JoinIndexChunk {
	const ids = Array.from(rows, (r) => item.batch.ids[r] as string)
	const groupOf = (attribute: string, value: string) => writer.groups.groupOf(item.model, attribute, value)
	const joinIndex = makeJoinIndex(
		item.batch,
		rows,
		plan.outcomeSummary,
		writer.joinIndexes.checks(item.model, ids),
		groupOf,
	)
	const known = newJoinIndexChunk(chunk, joinIndex, seriesRef, day * dayMs)
	for (let row = 0; row < rows.length; row++)
		group.outcomeSummaries.addPrediction(plan.outcomeSummary.task, { chunk: known, row })
	group.statements.push({
		sql: 'INSERT INTO log_brief (chunk, bytes) VALUES (?, ?)',
		params: [chunk, encodeJoinIndex(joinIndex)],
	})
	return known
}

/** The insert of one chunk with the chosen rows. */
export async function chunkStatement(
	codec: Codec,
	id: number,
	head: { kind: number; series: number; day: number; binsId: number | null },
	batch: RowBatch,
	rows: Int32Array,
): Promise<Statement> {
	const part = rows.length === batch.rows ? batch : selectRows(batch, rows)
	let from = Number.POSITIVE_INFINITY
	let to = Number.NEGATIVE_INFINITY
	for (const at of part.timestamps) {
		if (at < from) from = at
		if (at > to) to = at
	}
	const body = await codec.compress(encodeBody(part))
	return {
		sql: `INSERT INTO log_chunk (id, kind, series, day, rows, from_ms, to_ms, grid, ids, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		params: [
			id,
			head.kind,
			head.series,
			head.day,
			part.rows,
			from,
			to,
			head.binsId,
			encodeIds(part.ids),
			body,
		],
	}
}

async function addDuplicates(writer: Writer, group: Group, item: Item, statuses: Uint8Array): Promise<void> {
	if (item.kind !== 'prediction') return
	const plans = new Map<string, SummarySpec | undefined>()
	for (let r = 0; r < statuses.length; r++) {
		if (statuses[r] !== rowStatus.duplicate) continue
		const seriesRef = seriesOf(item.model, item.batch, r)
		if (!plans.has(seriesRef.version))
			plans.set(seriesRef.version, await writer.plans.specFor(item.model, seriesRef.version))
		const plan = plans.get(seriesRef.version)
		if (plan) group.deltas.addDuplicate(seriesRef, plan, item.batch, r)
	}
}
