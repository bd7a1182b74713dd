import type { Context } from '../../context.ts'
import type { Statement } from '../../db/sql.ts'
import { cellValue, type RowBatch } from '../../summaries/inputs/columns.ts'

/** Rows of a baseline that are kept as they were given, and their values. */
const maxKept = 1000
const maxValues = 100_000

/**
 * Keeps some rows of a baseline, evenly over all of them: the profile that is kept of the others cannot be explained.
 * `rows` is how many there are. Those of the baselines before are forgotten: they are of people, and nothing reads them.
 */
export function keepBaselineRows(
	{ model, version, digest }: { model: string; version: string; digest: string },
	batches: readonly RowBatch[],
): Statement[] {
	const rows = batches.reduce((sum, batch) => sum + batch.rows, 0)
	const features = [...new Set(batches.flatMap((batch) => [...batch.features.keys()]))]
	const most = Math.min(maxKept, Math.max(100, Math.floor(maxValues / Math.max(1, features.length))))
	const kept: unknown[][] = []
	let [next, first] = [0, 0]
	const step = Math.max(1, rows / most)
	for (const batch of batches) {
		for (; next < first + batch.rows && kept.length < most; next = Math.floor(kept.length * step)) {
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

/** The kept rows of the baseline in force, and how many they stand for. Undefined when there is none. */
export async function baselineRows(
	context: Context,
	model: string,
	version: string,
): Promise<{ digest: string; rows: number; kept: Record<string, unknown>[] } | undefined> {
	const [found] = (await context.sql.values({
		sql: `SELECT s.digest, s.rows, s.content FROM baseline b JOIN baseline_sample s
			ON s.model = b.model AND s.version = b.version AND s.digest = b.digest
			WHERE b.model = ? AND b.version = ? AND b.replaced_at IS NULL`,
		params: [model, version],
	})) as unknown as [string, number, string][]
	if (!found) return undefined
	const { features, rows } = JSON.parse(found[2]) as { features: string[]; rows: unknown[][] }
	const kept = rows.map((values) => Object.fromEntries(features.map((name, i) => [name, values[i]])))
	return { digest: found[0], rows: found[1], kept }
}
