import { dayMs } from '../core/time.ts'
import { encodeJoinIndex } from '../summaries/outcomes/join-index.ts'
import { makeJoinIndex } from '../summaries/outcomes/make-join-index.ts'
import { type Group, nothingBehind, type Writer } from './append.ts'
import { kindNumber } from './chunk-store.ts'
import { Deltas } from './deltas.ts'
import { regroupByFeatures } from './join-groups.ts'
import { newJoinIndexChunk } from './join-index-store.ts'
import { countWaiting, outcomeAt } from './join-outcomes.ts'
import { latestOutcome } from './latest-outcome.ts'
import { OutcomeDeltas } from './outcome-deltas.ts'
import type { SummarySpec } from './summary-specs.ts'

const doneKey = 'tally_from'

/**
 * Tallies predictions that were stored before outcomes were tallied, with the outcomes that are known by now: one chunk a
 * commit, at most `most` of them. Answers how many; 0 once there are none.
 */
export async function backfillSummaries(writer: Writer, most: number): Promise<number> {
	const { sql } = writer
	const [state] = await sql.values({
		sql: 'SELECT value FROM log_state WHERE key = ? AND CAST(value AS INTEGER) > 1',
		params: [doneKey],
	})
	if (!state) return 0
	const chunks = (await sql.values({
		sql: `SELECT c.id, c.series, c.day FROM log_chunk c WHERE c.kind = ?
			AND NOT EXISTS (SELECT 1 FROM log_brief b WHERE b.chunk = c.id) ORDER BY c.id LIMIT ?`,
		params: [kindNumber.prediction, most],
	})) as unknown as [number, number, number][]
	if (chunks.length === 0)
		await sql.batch([{ sql: "UPDATE log_state SET value = '1' WHERE key = ?", params: [doneKey] }])
	const from = Number((state as unknown as [string])[0])
	let done = 0
	for (const [id, series, day] of chunks) if (await backfillChunk(writer, { id, series, day, from })) done++
	return done
}

/** False when nothing is known of its version any more. */
async function backfillChunk(
	writer: Writer,
	{ id, series, day, from }: { id: number; series: number; day: number; from: number },
): Promise<boolean> {
	const place = writer.series.get(series)
	const stored = await writer.lookup.chunk(id)
	const plan = place && (await writer.plans.specFor(place.model, place.version))
	if (!place || !stored || !plan) return false
	const { model, version, environment } = place
	const { batch } = stored
	const rows = Int32Array.from({ length: batch.rows }, (_, r) => r)
	const groupOf = (attribute: string, value: string) => writer.groups.groupOf(model, attribute, value)
	const joinIndex = makeJoinIndex(
		batch,
		rows,
		plan.outcomeSummary,
		writer.joinIndexes.checks(model, batch.ids),
		groupOf,
	)
	const chunk = newJoinIndexChunk(id, joinIndex, { model, version, environment }, day * dayMs)
	const group: Group = {
		statements: [
			{ sql: 'INSERT INTO log_brief (chunk, bytes) VALUES (?, ?)', params: [id, encodeJoinIndex(joinIndex)] },
		],
		deltas: new Deltas(writer.series),
		outcomeSummaries: new OutcomeDeltas(writer.series),
		newKeys: [],
		chunk: id,
		lastChunk: id,
		joined: new Set(),
		named: new Set(),
		seen: new Map(),
	}
	let waiting = 0
	for (const row of rows) group.outcomeSummaries.addPrediction(plan.outcomeSummary.task, { chunk, row })
	for (const [row, found] of await writer.lookup.find(model, 'outcome', batch.ids)) {
		const latest = latestOutcome(found.map((o) => ({ batch: o.chunk.batch, row: o.row })))
		if (latest)
			group.outcomeSummaries.addOutcome(
				plan.outcomeSummary.task,
				{ chunk, row },
				outcomeAt(latest, plan.outcomeSummary, joinIndex),
				1,
			)
		// Only those that came since were counted as waiting.
		if (found.every((o) => o.chunk.id >= from)) waiting++
	}
	if (waiting > 0) group.statements.push(countWaiting(model, -waiting))
	await joinStoredFeatures(writer, group, plan, chunk, batch.ids)
	await writer.sql.batch([
		nothingBehind(writer.nextChunk),
		...writer.series.pending(),
		...writer.groups.pending(),
		...group.statements,
		...group.outcomeSummaries.statements(id),
	])
	writer.series.stored()
	writer.groups.stored()
	return true
}

async function joinStoredFeatures(
	writer: Writer,
	group: Group,
	plan: SummarySpec,
	chunk: ReturnType<typeof newJoinIndexChunk>,
	ids: readonly string[],
): Promise<void> {
	const joins = (await writer.sql.values({
		sql: 'SELECT row, feature_chunk, feature_row FROM log_join WHERE chunk = ?',
		params: [chunk.id],
	})) as unknown as [number, number, number][]
	for (const [row, featureChunk, featureRow] of joins) {
		const found = await writer.lookup.resolve({ chunk: featureChunk, row: featureRow })
		if (!found) continue
		const features = { batch: found.chunk.batch, row: found.row }
		await regroupByFeatures(writer, group, plan, { chunk, row }, features, ids[row] as string)
	}
}
