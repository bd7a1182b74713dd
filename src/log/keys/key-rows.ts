import { getOrInsert } from '../../core/maps.ts'
import type { Sql } from '../../db/sql.ts'
import type { KeyIndex, NewKeys } from './key-index.ts'
import type { Location } from './key-table.ts'

const hashOf = (high: number, low: number): number => high * 2 ** 16 + low

/** The key index as rows of a table: slower than runs in memory, but any number of stateless writers can share it. */
export function keyRows(sql: Sql): KeyIndex {
	return {
		async find({ high, low }) {
			const hits = new Map<number, Location[]>()
			if (high.length === 0) return hits
			const byHash = new Map<number, number[]>()
			for (let i = 0; i < high.length; i++)
				getOrInsert(byHash, hashOf(high[i] as number, low[i] as number), () => []).push(i)
			const rows = await sql.all<Location & { hash: number }>({
				sql: 'SELECT hash, chunk, row FROM log_key WHERE hash IN (SELECT value FROM json_each(?))',
				params: [JSON.stringify([...byHash.keys()])],
			})
			for (const { hash, chunk, row } of rows)
				for (const i of byHash.get(hash) ?? []) getOrInsert(hits, i, () => []).push({ chunk, row })
			return hits
		},
		async maintain(_rows, _lastChunk, keys) {
			const entries = entriesOf(keys)
			const statements = entries.length === 0 ? [] : [insertKeys(entries)]
			return { statements, applied: () => {}, failed: () => {} }
		},
		added() {},
	}
}

type Entry = [hash: number, chunk: number, row: number]

const entriesOf = (keys: readonly NewKeys[]): Entry[] =>
	keys.flatMap(({ hashes, rows, chunk }) =>
		Array.from(rows, (r, i): Entry => [hashOf(hashes.high[r] as number, hashes.low[r] as number), chunk, i]),
	)

const insertKeys = (entries: Entry[]) => ({
	sql: `INSERT INTO log_key (hash, chunk, row)
		SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`,
	params: [JSON.stringify(entries)],
})
