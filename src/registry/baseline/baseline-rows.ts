import type { Context } from '../../context.ts'
import type { Statement } from '../../db/sql.ts'
import { cellValue, type RowBatch } from '../../summaries/inputs/columns.ts'

/** How many rows of a baseline are stored as sent, and how many values in all. */
const maxKept = 1000
const maxValues = 100_000

/**
 * Stores an even sample of a baseline's rows, for explanations: a summary cannot be explained. `rows` counts all rows. The
 * samples of replaced baselines are deleted: they are personal data that nothing reads any more.
 */
export function keepBaselineRows(
	{ model, version, digest }: { model: string; version: string; digest: string },
	batches: readonly RowBatch[],
): Statement[] {
	const rows = batches.reduce((sum, batch) => sum + batch.rows, 0)
	const features = [...new Set(batches.flatMap((batch) => [...batch.features.keys()]))]
	const maxRows = Math.min(maxKept, Math.max(100, Math.floor(maxValues / Math.max(1, features.length))))
	const kept: unknown[][] = []
	let [next, first] = [0, 0]
	const step = Math.max(1, rows / maxRows)
	for (const batch of batches) {
		for (; next < first + batch.rows && kept.length < maxRows; next = Math.floor(kept.length * step)) {
			const row = next - first
			kept.push(
				features.map((name) => {
					const column = batch.features.get(name)
					return (column && cellValue(column, row, batch.strings)) ?? null
				}),
			)
		}
		first += batch.rows
	}
	return [
		{
			sql: 'DELETE FROM baseline_sample WHERE model = ? AND version = ? AND digest <> ?',
			params: [model, version, digest],
		},
		{
			sql: 'INSERT OR REPLACE INTO baseline_sample (model, version, digest, rows, content) VALUES (?, ?, ?, ?, ?)',
			params: [model, version, digest, rows, JSON.stringify({ features, rows: kept })],
		},
	]
}

/** The stored rows of the baseline in force, and how many they represent. Undefined without a baseline. */
export async function baselineRows(
	context: Context,
	model: string,
	version: string,
): Promise<{ digest: string; rows: number; kept: Record<string, unknown>[] } | undefined> {
	const [row] = await context.sql.all<{ digest: string; rows: number; content: string }>({
		sql: `SELECT s.digest AS digest, s.rows AS rows, s.content AS content FROM baseline b JOIN baseline_sample s
			ON s.model = b.model AND s.version = b.version AND s.digest = b.digest
			WHERE b.model = ? AND b.version = ? AND b.replaced_at IS NULL`,
		params: [model, version],
	})
	if (!row) return undefined
	const { features, rows } = JSON.parse(row.content) as { features: string[]; rows: unknown[][] }
	const kept = rows.map((values) => Object.fromEntries(features.map((name, i) => [name, values[i]])))
	return { digest: row.digest, rows: row.rows, kept }
}
