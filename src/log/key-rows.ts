import type { Sql } from '../db/sql.ts'
import type { KeyIndex, NewKeys } from './append.ts'
import type { Location } from './key-table.ts'

const hashOf = (high: number, low: number): number => high * 2 ** 16 + low

/** The key index as rows of a table: slower than runs in memory, but any number of stateless writers may share it. */
export function keyRows(sql: Sql): KeyIndex {
	return {
		async find({ high, low }) {
			const hits = new Map<number, Location[]>()
			if (high.length === 0) return hits
			const byHash = new Map<number, number[]>()
			for (let i = 0; i < high.length; i++) {
				const hash = hashOf(high[i] as number, low[i] as number)
				byHash.set(hash, [...(byHash.get(hash) ?? []), i])
			}
			const rows = (await sql.values({
				sql: 'SELECT hash, chunk, row FROM log_key WHERE hash IN (SELECT value FROM json_each(?))',
				params: [JSON.stringify([...byHash.keys()])],
			})) as unknown as [number, number, number][]
			for (const [hash, chunk, row] of rows) {
				for (const i of byHash.get(hash) ?? []) hits.set(i, [...(hits.get(i) ?? []), { chunk, row }])
			}
			return hits
		},
		async maintain(_rows, _lastChunk, keys) {
			const list = entries(keys)
			const statements = list.length === 0 ? [] : [insertKeys(list)]
			return { statements, applied: () => {}, failed: () => {} }
		},
		added() {},
	}
}

const entries = (keys: readonly NewKeys[]): [number, number, number][] =>
	keys.flatMap(({ hashes, rows, chunk }) =>
		Array.from(rows, (r, i): [number, number, number] => [
			hashOf(hashes.high[r] as number, hashes.low[r] as number),
			chunk,
			i,
		]),
	)

const insertKeys = (list: [number, number, number][]) => ({
	sql: `INSERT INTO log_key (hash, chunk, row)
		SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`,
	params: [JSON.stringify(list)],
})
