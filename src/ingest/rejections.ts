import type { Context } from '../context.ts'
import { getOrInsert } from '../core/maps.ts'
import { windowStart } from '../core/time.ts'
import type { RejectedRow } from './rows.schema.ts'
import { defaultEnvironment } from './validate-row.ts'

const maxListed = 10_000

/** The rejected rows of one request. */
export class Rejections {
	readonly listed: RejectedRow[] = []
	/** All of them, also those that are not listed. */
	count = 0
	/** By environment and code. */
	private readonly counts = new Map<string, Map<string, number>>()

	add(row: RejectedRow, environment = defaultEnvironment): void {
		this.count++
		const codes = getOrInsert(this.counts, environment, () => new Map<string, number>())
		codes.set(row.code, (codes.get(row.code) ?? 0) + 1)
		if (this.listed.length < maxListed) this.listed.push(copyOf(row))
	}

	/** Adds the counts to the current hour. `taken`: the rows of the request that were not rejected. */
	async store(context: Context, model: string, taken: number): Promise<void> {
		if (this.count === 0) return
		const now = context.now()
		const list = [...this.counts].flatMap(([environment, codes]) =>
			[...codes].map(([code, rows]): [string, string, number] => [environment, code, rows]),
		)
		// Counted without a code, so that the share of rejected rows is known.
		list.push(['', '', taken])
		await context.sql.batch([
			{
				sql: `INSERT INTO rejected_row (model, hour_ms, environment, code, rows, at)
					SELECT ?1, ?2, value ->> 0, value ->> 1, value ->> 2, ?3 FROM json_each(?4) WHERE true
					ON CONFLICT DO UPDATE SET rows = rows + excluded.rows, at = excluded.at`,
				params: [model, windowStart('1h', now), now, JSON.stringify(list)],
			},
			{
				sql: `INSERT INTO rejected_total (model, code, rows)
					SELECT ?1, value ->> 1, value ->> 2 FROM json_each(?2) WHERE value ->> 1 <> ''
					ON CONFLICT DO UPDATE SET rows = rows + excluded.rows`,
				params: [model, JSON.stringify(list)],
			},
		])
	}
}

/** Part of a text keeps the whole text in memory, which may be megabytes: a copy does not. */
const copied = (text: string): string => JSON.parse(JSON.stringify(text.slice(0, 1024)))
const copyOf = (row: RejectedRow): RejectedRow => ({
	...row,
	path: copied(row.path),
	message: copied(row.message),
	predictionId: row.predictionId && copied(row.predictionId),
})
