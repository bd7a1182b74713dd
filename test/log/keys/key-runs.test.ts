import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrate, openSql } from '../../../src/db/open-node.ts'
import type { Sql } from '../../../src/db/sql.ts'
import { hashKeys } from '../../../src/log/keys/key-index.ts'
import { KeyRuns } from '../../../src/log/keys/key-runs.ts'

const tableKeys = 1024
const idsOf = (chunk: number) => Array.from({ length: 100 }, (_, r) => `id-${chunk}-${r}`)
const hash = (ids: string[]) => hashKeys(7, 1, 'm', ids)

let folder: string
let sql: Sql
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'plumbline-'))
	sql = await openSql(`file:${join(folder, 'keys.db')}`)
	await migrate(sql, new URL('../../../migrations', import.meta.url).pathname)
})
afterEach(async () => {
	await sql.close()
	await rm(folder, { recursive: true, force: true })
})

async function store(keys: KeyRuns, chunk: number): Promise<void> {
	const ids = idsOf(chunk)
	const slice = await keys.maintain(ids.length, chunk - 1)
	await sql.batch([...slice.statements, { sql: 'SELECT 1' }])
	slice.applied()
	keys.added([{ hashes: hash(ids), rows: Int32Array.from(ids, (_, i) => i), chunk }])
}

const locate = async (keys: KeyRuns, chunk: number) => {
	const found = await keys.find(hash(idsOf(chunk)))
	return Array.from({ length: 100 }, (_, r) => found.get(r))
}

describe('the key index', () => {
	it('finds every key, in memory, in runs and in merged runs, and few absent ones', async () => {
		const keys = new KeyRuns(sql, tableKeys)
		for (let chunk = 1; chunk <= 200; chunk++) await store(keys, chunk)
		expect(keys.stats().runs).toBeLessThan(12)
		for (const chunk of [1, 7, 77, 150, 199, 200])
			expect(await locate(keys, chunk)).toEqual(Array.from({ length: 100 }, (_, row) => [{ chunk, row }]))
		expect((await keys.find(hash(Array.from({ length: 5000 }, (_, i) => `absent-${i}`)))).size).toBeLessThan(
			2,
		)
		expect(keys.stats().keys).toBe(20_000)
	})

	it('finds the keys of stored runs after a restart, and knows which chunks to index again', async () => {
		const first = new KeyRuns(sql, tableKeys)
		for (let chunk = 1; chunk <= 120; chunk++) await store(first, chunk)
		const again = new KeyRuns(sql, tableKeys)
		await again.load()
		expect(again.lastIndexedChunk).toBeGreaterThan(100)
		for (let chunk = 1; chunk <= again.lastIndexedChunk; chunk++)
			expect((await locate(again, chunk)).filter(Boolean).length).toBe(100)
	})

	it('loses no key when commits fail in the middle of a merge', async () => {
		const keys = new KeyRuns(sql, tableKeys)
		for (let chunk = 1; chunk <= 150; chunk++) {
			if (chunk % 3 === 0) {
				const slice = await keys.maintain(100, chunk - 1)
				slice.failed() // nothing of the slice was stored
			}
			await store(keys, chunk)
		}
		for (let chunk = 1; chunk <= 150; chunk++)
			expect((await locate(keys, chunk)).filter(Boolean).length).toBe(100)
	})

	it('of a guest grows in memory and writes nothing: another process stores the runs', async () => {
		const keeper = new KeyRuns(sql, tableKeys)
		for (let chunk = 1; chunk <= 40; chunk++) await store(keeper, chunk)
		const stored = () => sql.values({ sql: 'SELECT id, ready FROM log_key_run' })
		const before = await stored()
		const guest = new KeyRuns(sql, tableKeys)
		guest.guest = true
		await guest.load()
		for (let chunk = guest.lastIndexedChunk + 1; chunk <= 90; chunk++) await store(guest, chunk)
		expect(await stored()).toEqual(before)
		for (const chunk of [1, 40, 90])
			expect(await locate(guest, chunk)).toEqual(Array.from({ length: 100 }, (_, row) => [{ chunk, row }]))
	})
})
