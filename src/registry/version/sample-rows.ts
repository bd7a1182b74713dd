import type { Context } from '../../context.ts'
import { seeded } from '../../core/random.ts'
import { type RowBatch, textHash } from '../../summaries/inputs/columns.ts'
import { concatBatches, selectRows } from '../../summaries/inputs/select-rows.ts'
import { findVersion } from './find-version.ts'

type Part = { batch: RowBatch; draws: Float64Array }

/** A number in [0, 1) that a row always has: by its id, so that neither order nor chunks decide who is in a sample. */
const drawOf = (id: string): number => seeded(textHash(id))()

/** Ends a scan that has seen as many rows as it may. */
class EnoughRows extends Error {}

/** A scan that ends at the first chunk after `mostScanned` rows. */
export async function scanFirst(
	context: Context,
	query: Parameters<Context['log']['scan']>[0],
	maxScanned: number,
	onRows: Parameters<Context['log']['scan']>[1],
): Promise<void> {
	let rows = 0
	try {
		await context.log.scan(query, (batch, ...rest) => {
			if (rows >= maxScanned) throw new EnoughRows()
			rows += batch.rows
			return onRows(batch, ...rest)
		})
	} catch (error) {
		if (!(error instanceof EnoughRows)) throw error
	}
}

/**
 * At most `most` predictions of a version in [from, to), those with the lowest draws, in bounded memory; `rows` counts all.
 * Features that came apart from their prediction are not in its row. With `mostScanned` it is a sample of about the first
 * so many rows. Of features that the
 * version does not declare it has the first thousand names.
 */
export async function sampleRows(
	context: Context,
	query: { model: string; version: string; environment: string; from: number; to: number },
	most: number,
	maxScanned = Number.POSITIVE_INFINITY,
): Promise<{ batch: RowBatch | undefined; rows: number }> {
	let parts: Part[] = []
	let [rows, kept, limit] = [0, 0, 1]
	const { features } = await findVersion(context, query.model, query.version)
	const known = new Set(features.map(({ name }) => name))
	const maxNames = known.size + maxUndeclared
	const cut = () => {
		const draws = Float64Array.from(parts.flatMap((part) => [...part.draws])).sort()
		if (draws.length > most) limit = draws[most] as number
		parts = parts.map((part) => below(part, limit))
		kept = parts.reduce((sum, { batch }) => sum + batch.rows, 0)
	}
	const take = (batch: RowBatch) => {
		rows += batch.rows
		for (const name of batch.features.keys()) if (known.size < maxNames) known.add(name)
		const narrow = { ...batch, features: new Map([...batch.features].filter(([name]) => known.has(name))) }
		const part = below({ batch: narrow, draws: Float64Array.from(batch.ids, drawOf) }, limit)
		if (part.batch.rows === 0) return
		parts.push(part)
		kept += part.batch.rows
		if (kept > 2 * most) cut()
	}
	await scanFirst(context, query, maxScanned, take)
	cut()
	const batches = parts.map(({ batch }) => batch).filter((batch) => batch.rows > 0)
	return { batch: batches.length > 0 ? concatBatches(batches) : undefined, rows }
}

/** Each row may have other names, without end. */
const maxUndeclared = 1000

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

/** A few rows would keep all texts of their chunk in memory: joining them to none leaves them those that they use. */
const ownTexts = (batch: RowBatch): RowBatch => concatBatches([batch, selectRows(batch, new Int32Array())])
