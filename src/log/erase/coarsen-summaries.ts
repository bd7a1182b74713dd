import { groupBy } from '../../core/maps.ts'
import { hourMs } from '../../core/time.ts'
import type { Sql, Statement } from '../../db/sql.ts'
import { coarsenInputs, coarsenOutcomes } from '../../summaries/coarse.ts'
import type { Bins, FeatureSpec } from '../../summaries/inputs/bins.ts'
import { categoryOf, type RowBatch, textHash } from '../../summaries/inputs/columns.ts'
import { addEncoded, encodeInputSummary } from '../../summaries/inputs/encoding.ts'
import { emptyInputSummary } from '../../summaries/inputs/input-summary.ts'
import { decodeBins, schemaBins } from '../../summaries/inputs/make-bins.ts'
import type { Outcome } from '../../summaries/outcomes/contribute.ts'
import { addEncodedOutcomes, encodeOutcomeSummary } from '../../summaries/outcomes/encoding.ts'
import { predictedAt } from '../../summaries/outcomes/join-index.ts'
import { emptyOutcomeSummary } from '../../summaries/outcomes/outcome-summary.ts'
import type { Writer } from '../append/commit-batch.ts'
import { storedOutcome } from '../join/current-outcome.ts'
import { joinedFeatures } from '../join/join-features.ts'
import type { Series } from '../prediction-log.ts'
import type { StoredChunk } from '../read/chunk-store.ts'
import { kindNumber } from '../row-kinds.ts'

type Features = ReadonlyMap<number, { batch: RowBatch; row: number }>
type SeriesRow = Pick<Series, 'id' | 'segment' | 'value'>

/**
 * Predictions of a chunk still count in the summaries of their hours when they are erased, but with rounded values. It must be
 * committed with the erasure: a second time it would take away values that are not there.
 */
export async function coarsenSummaries(
	writer: Writer,
	chunk: StoredChunk,
	rows: readonly number[],
): Promise<Statement[]> {
	const own = writer.series.get(chunk.series)
	if (chunk.kind !== kindNumber.prediction || !own) return []
	const series = await writer.sql.all<SeriesRow>({
		sql: 'SELECT id, segment, value FROM log_series WHERE model = ? AND version = ? AND environment = ?',
		params: [own.model, own.version, own.environment],
	})
	const hours = groupBy(rows, (row) => Math.floor((chunk.batch.timestamps[row] as number) / hourMs) * hourMs)
	const statements: Statement[] = []
	for (const [hour, ofHour] of hours) {
		statements.push(...(await inputsOfHour(writer, own, chunk, series, hour, ofHour)))
		statements.push(...(await outcomesOfHour(writer, own, chunk, series, hour, ofHour)))
	}
	return statements
}

/** Whether a row counts in a series: in that of all rows, and in those of its segments' values. */
function counts({ batch }: StoredChunk, row: number, { segment, value }: SeriesRow): boolean {
	if (segment === '') return true
	const column = batch.segments.get(segment)
	if (!column) return false
	const own = categoryOf(column.kinds[row] as number, column.nums[row] as number, batch.strings)
	return own === value
}

async function inputsOfHour(
	writer: Writer,
	own: Series,
	chunk: StoredChunk,
	series: readonly SeriesRow[],
	hour: number,
	rows: readonly number[],
): Promise<Statement[]> {
	const { sql } = writer
	const deltas = await sql.all<{
		series: number
		bins: number
		digest: string
		chunk: number
		bytes: Uint8Array
	}>({
		sql: `SELECT p.series AS series, p.grid AS bins, g.digest AS digest, p.chunk AS chunk, p.bytes AS bytes
			FROM log_profile p JOIN log_grid g ON g.id = p.grid
			WHERE p.series IN (SELECT value FROM json_each(?1)) AND p.hour = ?2
			AND (p.grid = ?3 OR EXISTS (SELECT 1 FROM log_covered v WHERE v.chunk = ?4 AND v.grid = p.grid))`,
		params: [JSON.stringify(series.map(({ id }) => id)), hour, chunk.bins, chunk.id],
	})
	const features = await featuresOf(writer, chunk)
	const statements: Statement[] = []
	for (const list of groupBy(deltas, (delta) => `${delta.series} ${delta.bins}`).values()) {
		const [head] = list as [(typeof deltas)[number]]
		const target = series.find(({ id }) => id === head.series) as SeriesRow
		const bins = await binsOf(sql, own, head.digest)
		if (!bins) continue
		const summary = emptyInputSummary(bins)
		for (const { bytes } of list) addEncoded(summary, bytes)
		for (const row of rows)
			if (counts(chunk, row, target))
				coarsenInputs(summary, bins, { batch: chunk.batch, row }, features.get(row))
		statements.push(
			{
				sql: 'DELETE FROM log_profile WHERE series = ? AND hour = ? AND grid = ?',
				params: [head.series, hour, head.bins],
			},
			{
				sql: 'INSERT INTO log_profile (series, hour, grid, chunk, bytes) VALUES (?, ?, ?, ?, ?)',
				params: [
					...[head.series, hour, head.bins, Math.max(...list.map((delta) => delta.chunk))],
					encodeInputSummary(summary, { withDigest: false }),
				],
			},
			markDirty('log_dirty', head.series, hour),
		)
	}
	return statements
}

const markDirty = (table: 'log_dirty' | 'log_tally_dirty', series: number, hour: number): Statement => ({
	sql: `INSERT INTO ${table} (series, hour, mark) VALUES (?, ?, 1)
		ON CONFLICT (series, hour) DO UPDATE SET mark = mark + 1`,
	params: [series, hour],
})

async function featuresOf({ sql, store }: Writer, { id, batch }: StoredChunk): Promise<Features> {
	const features = new Map((await joinedFeatures(sql, store, id)).map((one) => [one.row, one.features]))
	batch.hasFeatures.forEach((has, row) => {
		if (has === 1) features.set(row, { batch, row })
	})
	return features
}

async function binsOf(sql: Sql, { model, version }: Series, digest: string): Promise<Bins | undefined> {
	const [baseline] = await sql.all<{ bins: Uint8Array }>({
		sql: 'SELECT grid AS bins FROM baseline WHERE model = ? AND version = ? AND digest = ?',
		params: [model, version, digest],
	})
	if (baseline) return decodeBins(baseline.bins)
	const [declared] = await sql.all<{ features: string }>({
		sql: 'SELECT features FROM model_version WHERE model = ? AND version = ?',
		params: [model, version],
	})
	const bins = declared && schemaBins(JSON.parse(declared.features) as FeatureSpec[])
	return bins?.digest === digest ? bins : undefined
}

async function outcomesOfHour(
	writer: Writer,
	own: Series,
	chunk: StoredChunk,
	series: readonly SeriesRow[],
	hour: number,
	rows: readonly number[],
): Promise<Statement[]> {
	const { sql, lookup } = writer
	const index = await writer.joinIndexes.chunk(chunk.id)
	const spec = await writer.specs.specFor(own.model, own.version)
	if (!index || !spec) return []
	const { task } = spec.outcomes
	const outcomes = new Map<number, Outcome | undefined>()
	for (const row of rows) {
		const id = chunk.batch.ids[row] as string
		outcomes.set(row, await storedOutcome(lookup, own.model, id, spec.outcomes, index.joinIndex))
	}
	const deltas = await sql.all<{ series: number; chunk: number; bytes: Uint8Array }>({
		sql: `SELECT series, chunk, bytes FROM log_tally WHERE series IN (SELECT value FROM json_each(?)) AND hour = ?`,
		params: [JSON.stringify(series.map(({ id }) => id)), hour],
	})
	const statements = await errorDeletes(sql, series, chunk, index.dayStart, rows)
	for (const [id, list] of groupBy(deltas, (delta) => delta.series)) {
		const target = series.find((one) => one.id === id) as SeriesRow
		const summary = emptyOutcomeSummary()
		for (const { bytes } of list) addEncodedOutcomes(summary, bytes)
		for (const row of rows)
			if (counts(chunk, row, target))
				coarsenOutcomes(
					summary,
					task,
					predictedAt(index.joinIndex, row, index.later.get(row)),
					outcomes.get(row),
				)
		statements.push(
			{ sql: 'DELETE FROM log_tally WHERE series = ? AND hour = ?', params: [id, hour] },
			{
				sql: 'INSERT INTO log_tally (series, hour, chunk, bytes) VALUES (?, ?, ?, ?)',
				params: [id, hour, Math.max(...list.map((delta) => delta.chunk)), encodeOutcomeSummary(summary)],
			},
			markDirty('log_tally_dirty', id, hour),
		)
	}
	return statements
}

/** The errors of predictions that the detectors have not read yet, without those of these rows. */
async function errorDeletes(
	sql: Sql,
	series: readonly SeriesRow[],
	{ batch }: StoredChunk,
	day: number,
	rows: readonly number[],
): Promise<Statement[]> {
	const hashes = new Set(rows.map((row) => textHash(batch.ids[row] as string)))
	const parts = await sql.all<{ series: number; chunk: number; bytes: Uint8Array }>({
		sql: `SELECT series, chunk, bytes FROM log_error WHERE series IN (SELECT value FROM json_each(?)) AND day_ms = ?`,
		params: [JSON.stringify(series.map(({ id }) => id)), day],
	})
	return parts.flatMap(({ series: id, chunk, bytes }) => {
		const pairs = new Float64Array(bytes.slice().buffer)
		const left = pairs.filter((_, i) => !hashes.has(pairs[i - (i % 2)] as number))
		if (left.length === pairs.length) return []
		return [
			{
				sql: 'UPDATE log_error SET bytes = ? WHERE series = ? AND day_ms = ? AND chunk = ?',
				params: [new Uint8Array(left.buffer), id, day, chunk],
			},
		]
	})
}
