import { seeded } from '../../core/random.ts'
import type { Sql } from '../../db/sql.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { textHash } from '../../summaries/inputs/columns.ts'
import { concatBatches, selectRows } from '../../summaries/inputs/select-rows.ts'
import type { PredictionLog } from '../prediction-log.ts'

type Part = { batch: RowBatch; draws: Float64Array }

/** A number in [0, 1) that depends on the id alone: neither order nor chunks decide which rows are in a sample. */
const drawOf = (id: string): number => seeded(textHash(id))()

/** Ends a scan that has read its maximum of rows. */
class EnoughRows extends Error {}

/** Scans rows, and ends at the first chunk after `maxScanned` of them. */
export async function scanFirst(
	{ log }: { log: PredictionLog },
	query: Parameters<PredictionLog['scan']>[0],
	maxScanned: number,
	onRows: Parameters<PredictionLog['scan']>[1],
): Promise<void> {
	let rows = 0
	try {
		await log.scan(query, (batch, ...rest) => {
			if (rows >= maxScanned) throw new EnoughRows()
			rows += batch.rows
			return onRows(batch, ...rest)
		})
	} catch (error) {
		if (!(error instanceof EnoughRows)) throw error
	}
}

/** A row may have any feature names: so many are kept beside the declared ones. */
const maxUndeclared = 1000

/**
 * At most `max` predictions of a version in [from, to), those with the lowest draws, in bounded memory; `rows` is the number
 * scanned, at most about `maxScanned`. Features that were sent separately are not in the rows. The sample has the features
 * that the version declares and the first thousand other names.
 */
export async function sampleRows(
	source: { log: PredictionLog; sql: Sql },
	query: { model: string; version: string; environment: string; from: number; to: number },
	max: number,
	maxScanned = Number.POSITIVE_INFINITY,
): Promise<{ batch: RowBatch | undefined; rows: number }> {
	let parts: Part[] = []
	let [rows, kept, limit] = [0, 0, 1]
	const names = await declaredFeatures(source.sql, query)
	const maxNames = names.size + maxUndeclared
	const cut = () => {
		const draws = Float64Array.from(parts.flatMap((part) => [...part.draws])).sort()
		if (draws.length > max) limit = draws[max] as number
		parts = parts.map((part) => below(part, limit))
		kept = parts.reduce((sum, { batch }) => sum + batch.rows, 0)
	}
	const take = (batch: RowBatch) => {
		rows += batch.rows
		for (const name of batch.features.keys()) if (names.size < maxNames) names.add(name)
		const narrow = { ...batch, features: new Map([...batch.features].filter(([name]) => names.has(name))) }
		const part = below({ batch: narrow, draws: Float64Array.from(batch.ids, drawOf) }, limit)
		if (part.batch.rows === 0) return
		parts.push(part)
		kept += part.batch.rows
		if (kept > 2 * max) cut()
	}
	await scanFirst(source, query, maxScanned, take)
	cut()
	const batches = parts.map(({ batch }) => batch).filter((batch) => batch.rows > 0)
	return { batch: batches.length > 0 ? concatBatches(batches) : undefined, rows }
}

async function declaredFeatures(
	sql: Sql,
	{ model, version }: { model: string; version: string },
): Promise<Set<string>> {
	const rows = await sql.all<{ name: string }>({
		sql: `SELECT f.value ->> 'name' AS name FROM model_version v, json_each(v.features) f
			WHERE v.model = ? AND v.version = ?`,
		params: [model, version],
	})
	return new Set(rows.map(({ name }) => name))
}

function below({ batch, draws }: Part, limit: number): Part {
	const chosen: number[] = []
	draws.forEach((draw, r) => {
		if (draw < limit) chosen.push(r)
	})
	if (chosen.length === batch.rows) return { batch, draws }
	const rows = Int32Array.from(chosen)
	return {
		batch: ownTexts(selectRows(batch, rows)),
		draws: Float64Array.from(rows, (r) => draws[r] as number),
	}
}

/** Keeps only the texts that the rows use: a few rows would otherwise hold all texts of their chunk in memory. */
const ownTexts = (batch: RowBatch): RowBatch => concatBatches([batch, selectRows(batch, new Int32Array())])
